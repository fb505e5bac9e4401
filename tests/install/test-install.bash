#!/usr/bin/env bash
# Installs into a folder of its own and uses what is there: test-install.bash BUILD PREFIX VERSION WITH_GIR WITH_TOOL WITH_DOCS WITH_NLS WITH_VALA MESON
# SPDX-License-Identifier: LGPL-2.1-or-later
set -u

build=$1 prefix=$2 version=$3 with_gir=$4 with_tool=$5 with_docs=$6 with_nls=$7 with_vala=$8
shift 8
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

# use_typelib FOLDER: the library from Python, with the typelib there.
use_typelib()
{
    local output
    output=$(GI_TYPELIB_PATH=$1 \
        LD_LIBRARY_PATH=$(dirname "$(find "$root" -name libproctor-1.so -print -quit)") \
        "$python" "$sources/program.py") || return 1
    echo "$output"
    [ "$output" = "$version installed" ]
}

use_installed_typelib()
{
    use_typelib "$(dirname "$(find "$root" -name Proctor-1.typelib -print -quit)")"
}

# As a distribution's tools do with the GIR of a library that another one builds on.
compile_gir()
{
    g-ir-compiler "$(find "$root" -name Proctor-1.gir -print -quit)" \
        --output="$top/Proctor-1.typelib" && use_typelib "$top"
}

# What valac makes of the binding that is installed.
vala_runs()
{
    local flags output
    export PKG_CONFIG_PATH LD_LIBRARY_PATH
    PKG_CONFIG_PATH=$(dirname "$(find "$root" -name proctor-1.pc -print -quit)")
    LD_LIBRARY_PATH=$(dirname "$(find "$root" -name libproctor-1.so -print -quit)")
    # Without --pkg gio-2.0: that is said by the file with the dependencies.
    valac --vapidir "$(dirname "$(find "$root" -name proctor-1.vapi -print -quit)")" --pkg proctor-1 \
        --ccode --directory "$top" "$sources/program.vala" || return 1
    flags=$(pkg-config --cflags --libs proctor-1) || return 1
    # shellcheck disable=SC2086 # the flags are words
    "${CC:-gcc}" -w "$top/program.c" $flags -o "$top/program-vala" || return 1
    output=$("$top/program-vala") || return 1
    echo "$output"
    [ "$output" = "$version installed" ]
}

run_tool()
{
    LD_LIBRARY_PATH=$(dirname "$(find "$root" -name libproctor-1.so -print -quit)") \
        "$(find "$root" -path '*/bin/proctor' -print -quit)" "$@"
}

tool_runs()
{
    run_tool run echo x | grep -qx x
}

# man_page_is_clean NAME TEXT: it is set without a warning, and is about that.
man_page_is_clean()
{
    local complaints
    complaints=$(man --warnings -l "$(find "$root" -name "$1.1" -print -quit)" 2>&1 >"$top/page")
    echo "$complaints"
    [ -z "$complaints" ] && grep -q "$2" "$top/page"
}

# check_man_page TEST NAME TEXT: it is there, and man can show it.
check_man_page()
{
    check "$1" installed "man/man1/$2.1"
    if man --version 2>/dev/null | grep -q '^man [0-9]'; then
        check "man shows $1" man_page_is_clean "$2" "$3"
    else
        skip "man shows $1" "there is no man-db"
    fi
}

# bash itself reads it; the functions of bash-completion are not needed for that.
completion_loads()
{
    # shellcheck disable=SC2016
    bash --noprofile --norc -c '. "$1" && complete -p proctor' - \
        "$(find "$root" -path '*/completions/proctor' -print -quit)" |
        grep -qx 'complete -F _proctor proctor'
}

# complete_words WORD…: what bash-completion, which finds the file by itself, offers for the last one.
complete_words()
{
    # shellcheck disable=SC2016
    XDG_DATA_DIRS=$root/share bash --noprofile --norc -c '
        . "$0"
        compopt() { :; }
        _completion_loader "$1"
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_TYPE=9 COMP_KEY=9
        COMP_POINT=${#COMP_LINE}
        _proctor
        echo "${COMPREPLY[*]}"' "$bash_completion" "$@"
}

completion_completes()
{
    mkdir "$top/a-folder"
    [ "$(complete_words proctor r)" = run ] &&
        [ "$(complete_words proctor doctor --j)" = --json ] &&
        [ "$(complete_words proctor tree --j)" = --json ] &&
        [ "$(complete_words proctor run --ti)" = --timeout= ] &&
        [ "$(complete_words proctor run --jobs 2 --sh)" = --shell ] &&
        [ "$(complete_words proctor run --cwd "$top/a-f")" = "$top/a-folder" ]
}

# Whatever the tool can be told is in its man page and is completed.
options_are_known()
{
    local option completed page missing=0
    completed=$(complete_words proctor run --)
    page=$(sed 's/\\-/-/g' "$(find "$root" -name proctor.1 -print -quit)")
    for option in $(run_tool run --help | grep -o -- '^  .*--[a-z]*' | grep -o -- '--[a-z]*$'); do
        grep -qwe "$option" <<<"$completed" || { echo "$option is not completed"; missing=1; }
        grep -qwe "$option" <<<"$page" || { echo "$option is not in the man page"; missing=1; }
    done
    return $missing
}

# Without a display.
monitor_runs()
{
    LD_LIBRARY_PATH=$(dirname "$(find "$root" -name libproctor-1.so -print -quit)") \
        "$(find "$root" -path '*/bin/proctor-monitor' -print -quit)" --version |
        grep -qx "proctor-monitor $version"
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
    for python in /usr/bin/python3 python3 ''; do
        "$python" -c 'import gi' 2>/dev/null && break
    done
    if [ -n "$python" ]; then
        check "the typelib from Python" use_installed_typelib
        check "the GIR compiled" compile_gir
    else
        skip "the typelib from Python" "there is no Python with PyGObject"
        skip "the GIR compiled" "there is no Python with PyGObject"
    fi
fi
if [ "$with_vala" = true ]; then
    check "binding for Vala" installed 'vala/vapi/proctor-1.vapi'
    check "its dependencies" installed 'vala/vapi/proctor-1.deps'
    if command -v valac >/dev/null; then
        check "Vala" vala_runs
    else
        skip "Vala" "there is no valac"
    fi
fi
if [ "$with_nls" = true ]; then
    check translations installed 'locale/pt_BR/LC_MESSAGES/proctor.mo'
fi
if [ "$with_docs" = true ]; then
    check documentation installed 'share/doc/proctor-1/index.html'
    check guides installed 'share/doc/proctor-1/first-steps.html'
    check "index for Devhelp" installed 'share/doc/proctor-1/proctor-1.devhelp2'
fi
if [ "$with_tool" = true ]; then
    check tool tool_runs
    check_man_page "the man page" proctor 'proctor run'
    check completion completion_loads
    bash_completion=/usr/share/bash-completion/bash_completion
    if [ -r "$bash_completion" ]; then
        check "completion completes" completion_completes
        check "options are known" options_are_known
    else
        skip "completion completes" "there is no bash-completion"
        skip "options are known" "there is no bash-completion"
    fi
fi
if [ -e "$build/tools/monitor/proctor-monitor" ]; then
    check "monitor" monitor_runs
    check_man_page "the monitor's man page" proctor-monitor 'proctor-monitor'
    check "monitor's menu entry" installed 'share/applications/io.github.proctor.Monitor.desktop'
    check "monitor's description" installed 'share/metainfo/io.github.proctor.Monitor.metainfo.xml'
    check "monitor's icon" installed 'share/icons/hicolor/scalable/apps/io.github.proctor.Monitor.svg'
fi
echo "1..$number"
