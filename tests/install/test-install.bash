#!/usr/bin/env bash
# Installs into a folder of its own and uses what is there: test-install.bash BUILD PREFIX VERSION WITH_GIR WITH_TOOL MESON
# SPDX-License-Identifier: LGPL-2.1-or-later
set -u

build=$1 prefix=$2 version=$3 with_gir=$4 with_tool=$5
shift 5
meson=("$@")
sources=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

top=$(mktemp -d)
trap 'rm -rf "$top"' EXIT
root=$top/root$prefix
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

skip()
{
    number=$((number + 1))
    echo "ok $number $1 # SKIP $2"
}

# One file, somewhere below the prefix, is called so.
installed()
{
    [ -n "$(find "$root" -path "*/$1" -print -quit)" ]
}

# DESTDIR moves the files but not the prefix that the .pc file names: that is moved here, as a
# user's own prefix would be. All else has to follow from it.
move_prefix()
{
    local pc
    pc=$(find "$root" -name proctor-1.pc -print -quit)
    [ -n "$pc" ] && grep -qx "prefix=$prefix" "$pc" && sed -i "s|^prefix=.*|prefix=$root|" "$pc" &&
        ! grep -v '^prefix=' "$pc" | grep -q "=$prefix"
}

build_and_run()
{
    local compiler=$1 language=$2 standard=$3 flags output
    export PKG_CONFIG_PATH LD_LIBRARY_PATH
    PKG_CONFIG_PATH=$(dirname "$(find "$root" -name proctor-1.pc -print -quit)")
    LD_LIBRARY_PATH=$(dirname "$(find "$root" -name libproctor-1.so -print -quit)")
    flags=$(pkg-config --cflags --libs proctor-1) || return 1
    # shellcheck disable=SC2086 # the flags are words
    "$compiler" -x "$language" -std="$standard" -Wall -Wextra -Werror -pedantic \
        "$sources/program.c" -x none $flags -o "$top/program-$language" || return 1
    output=$("$top/program-$language") || return 1
    echo "$output"
    [ "$output" = "$version installed" ]
}

tool_runs()
{
    local tool
    tool=$(find "$root" -path '*/bin/proctor' -print -quit)
    LD_LIBRARY_PATH=$(dirname "$(find "$root" -name libproctor-1.so -print -quit)") \
        "$tool" run echo x | grep -qx x
}

# bash itself reads it; the functions of bash-completion are not needed for that.
completion_loads()
{
    bash -n "$(find "$root" -path '*/completions/proctor' -print -quit)"
}

check install "${meson[@]}" install -C "$build" --no-rebuild --quiet --destdir "$top/root"
check pkg-config move_prefix
check version sh -c "PKG_CONFIG_PATH=$(dirname "$(find "$root" -name proctor-1.pc -print -quit)") \
    pkg-config --exact-version=$version proctor-1"
for header in proctor proctor-macros proctor-enum-types proctor-command proctor-process; do
    check "header $header.h" installed "include/proctor-1/proctor/$header.h"
done
check "C" build_and_run "${CC:-gcc}" c c11
if command -v "${CXX:-g++}" >/dev/null; then
    check "C++" build_and_run "${CXX:-g++}" c++ c++11
else
    skip "C++" "there is no C++ compiler"
fi
if [ "$with_gir" = true ]; then
    check gir installed 'gir-1.0/Proctor-1.gir'
    check typelib installed 'girepository-1.0/Proctor-1.typelib'
fi
if [ "$with_tool" = true ]; then
    check tool tool_runs
    check "man page" installed 'man/man1/proctor.1'
    check completion completion_loads
fi
echo "1..$number"
