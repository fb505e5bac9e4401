#!/usr/bin/env bash
# Lets another project bring the library with it as a subproject: test-subproject.bash SOURCES MESON
# SPDX-License-Identifier: LGPL-2.1-or-later
set -u

sources=$1
shift
meson=("$@")
own=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

top=$(mktemp -d)
trap 'rm -rf "$top"' EXIT
build=$top/build
root=$top/root
number=0

# check NAME COMMAND…: one test case.
check()
{
    local name=$1 output
    shift
    number=$((number + 1))
    if output=$("$@" 2>&1); then
        echo "ok $number $name"
    else
        echo "not ok $number $name"
        printf '%s\n' "$*" "$output" | sed 's/^/# /'
    fi
}

# needs PROGRAM: it is linked with the shared library.
needs()
{
    readelf --dynamic "$1" | grep -q 'NEEDED.*libproctor'
}

user_runs()
{
    local output
    output=$("$build/user") || return 1
    echo "$output"
    [[ $output = *installed ]]
}

user_is_static()
{
    user_runs && ! needs "$build/user"
}

# As for a program that is to run where the library is not: with libproctor-1.a, since no other is left, and
# what it needs besides.
links_statically()
{
    local pc flags
    pc=$(find "$root" -name proctor-1.pc -print -quit)
    sed -i "s|^prefix=|prefix=$root|" "$pc"
    find "$root" -name 'libproctor-1.so*' -delete
    flags=$(PKG_CONFIG_PATH=$(dirname "$pc") pkg-config --static --cflags --libs proctor-1) || return 1
    # shellcheck disable=SC2086 # the flags are words
    ${CC:-gcc} "$top/user.c" $flags -o "$top/alone" && ! needs "$top/alone" && "$top/alone" | grep -q installed
}

# A program may have functions of the same names as ours.
hides_our_own()
{
    ! nm --extern-only --defined-only "$(find "$root" -name libproctor-1.a -print -quit)" | grep ' [^ ] ' | grep -v ' proctor_'
}

mkdir "$top/subprojects"
ln -s "$sources" "$top/subprojects/proctor"
cp "$own/meson.build" "$top"
cp "$own/../install/program.c" "$top/user.c"

check "configures" "${meson[@]}" setup "$build" "$top" --wrap-mode=forcefallback -Ddefault_library=both
check "compiles" "${meson[@]}" compile -C "$build"
check "runs" user_runs
check "has the shared library" needs "$build/user"
check "installs" "${meson[@]}" install -C "$build" --quiet --no-rebuild --destdir "$root"
check "pkg-config --static" links_statically
check "hides what is not public" hides_our_own
check "is made static" "${meson[@]}" configure "$build" -Dproctor:default_library=static
check "compiles statically" "${meson[@]}" compile -C "$build"
check "runs without the shared library" user_is_static
check "configures with all parts" "${meson[@]}" setup "$top/build-all" "$top" --wrap-mode=forcefallback \
    -Dproctor:docs=auto -Dproctor:introspection=auto -Dproctor:monitor=auto \
    -Dproctor:tests=true -Dproctor:tools=true
echo "1..$number"
