"""What the library promises to programs that are compiled already:
test-abi.py [--update] LIST LIBRARY NM [GIR]

The list has each exported symbol, and, where there is a GIR, its types, the values of the enumerations
and the fields of the structures. --update writes it anew.

SPDX-License-Identifier: LGPL-2.1-or-later
"""

import argparse
import pathlib
import re
import subprocess
import xml.etree.ElementTree as ElementTree

CORE = "{http://www.gtk.org/introspection/core/1.0}"
C = "{http://www.gtk.org/introspection/c/1.0}"

HEADING = """\
# What a program that was compiled with this library relies on.
# After the first release a line is added, never changed or taken away, but with a new soname.
"""


def exported(nm, library):
    """The names of the symbols; an undefined or local one is none."""
    done = subprocess.run([nm, "--dynamic", "--defined-only", "--format=posix", library],
                          capture_output=True, text=True, check=True)
    return sorted(line.split()[0] for line in done.stdout.splitlines())


def type_of(node):
    """The type in C of a parameter, a field or a result."""
    callback = node.find(f"{CORE}callback")
    if callback is not None:
        return signature(callback, "*")
    if node.find(f"{CORE}varargs") is not None:
        return "..."
    array = node.find(f"{CORE}array")
    if array is not None and array.get("fixed-size"):
        return f"{type_of(array)}[{array.get('fixed-size')}]"
    kind = array if array is not None else node.find(f"{CORE}type")
    if kind is None:
        return "?"
    # What a language sees of it may change as it likes.
    return (kind.get(f"{C}type") or kind.get("name")).replace("struct ", "")


def signature(node, name):
    parameters = node.find(f"{CORE}parameters")
    types = [type_of(parameter) for parameter in (parameters if parameters is not None else ())]
    if node.get("throws") == "1":
        types.append("GError**")
    return f"{type_of(node.find(f'{CORE}return-value'))} {name} ({', '.join(types) or 'void'})"


def described(gir):
    """Symbols with their signatures, and a line for all else that has a place in memory."""
    signatures = {}
    lines = []
    namespace = ElementTree.parse(gir).getroot().find(f"{CORE}namespace")
    for node in namespace.iter():
        name = node.get(f"{C}identifier")
        if name and node.tag in (CORE + "function", CORE + "method", CORE + "constructor"):
            signatures[name] = signature(node, name)
        elif name and node.tag == CORE + "member":
            lines.append(f"{name} = {node.get('value')}")
        elif node.tag in (CORE + "record", CORE + "class", CORE + "interface"):
            owner = node.get(f"{C}type")
            for number, field in enumerate(node.findall(f"{CORE}field")):
                lines.append(f"{owner} {number} {field.get('name')}: {type_of(field)}")
    return signatures, lines


def symbol_of(line):
    """The exported symbol that a line is about, or None."""
    match = re.fullmatch(r"(?:.* )?\**(\w+)(?: \(.*\))?", line) if " = " not in line and ": " not in line else None
    return match and match.group(1)


def update(path, symbols, gir):
    signatures, lines = described(gir)
    here = [signatures.get(symbol, symbol) for symbol in symbols]
    path.write_text(HEADING + "\n".join(["", *here, "", *lines]) + "\n")


def compare(number, what, listed, here):
    """One test: no line too few, none too many."""
    wrong = [f"it has no more: {line}" for line in listed if line not in here]
    wrong += [f"it is not in the list: {line}" for line in here if line not in listed]
    print(f"{'not ' if wrong else ''}ok {number} {what}")
    for line in wrong:
        print(f"# {line}")
    if wrong:
        print("# If that is meant: meson compile -C build abi-update, and look at the change of the list.")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--update", action="store_true")
    parser.add_argument("list", type=pathlib.Path)
    parser.add_argument("library")
    parser.add_argument("nm")
    parser.add_argument("gir", nargs="?")
    options = parser.parse_args()

    symbols = exported(options.nm, options.library)
    if options.update:
        update(options.list, symbols, options.gir)
        return

    listed = [line for line in options.list.read_text().splitlines() if line and line[0] != "#"]
    print("1..2")
    compare(1, "exported symbols", [name for name in map(symbol_of, listed) if name], symbols)
    if options.gir is None:
        print("ok 2 types, values and fields # SKIP there is no GIR")
        return
    signatures, lines = described(options.gir)
    compare(2, "types, values and fields", listed,
            [signatures.get(symbol, symbol) for symbol in symbols] + lines)


main()
