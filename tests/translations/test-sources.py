"""The messages of the sources: test-sources.py XGETTEXT

Every file with a message is in po/POTFILES.in and every file there has one; and what a translator
gets are whole sentences, with one style of quotes.

SPDX-License-Identifier: LGPL-2.1-or-later
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("include", "lib", "tools")
KEYWORDS = ("_", "N_", "C_:1c,2", "NC_:1c,2", "g_dngettext:2,3", "g_dpgettext2:2c,3")
# Found by their names: what xgettext takes from them depends on which rules are installed.
OTHER_SUFFIXES = (".desktop.in", ".metainfo.xml.in", ".ui")

class Case:
    """One test: what is added to it is wrong."""

    number = 0

    def __init__(self, name):
        self.name = name
        self.wrong = []

    def __enter__(self):
        return self.wrong

    def __exit__(self, *exception):
        if exception[0] is None:
            Case.number += 1
            print(f"{'not ' if self.wrong else ''}ok {Case.number} {self.name}")
            for line in self.wrong:
                print(f"# {line}")


def sources(*suffixes):
    return sorted(
        str(path.relative_to(ROOT))
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*")
        if path.name.endswith(suffixes)
    )


def extract(xgettext, files):
    """The template, and what xgettext says of the files."""
    done = subprocess.run(
        [xgettext, "--from-code=UTF-8", "--language=C", "--no-wrap", "--output=-", "--files-from=-"]
        + [f"--keyword={keyword}" for keyword in KEYWORDS],
        cwd=ROOT, input="\n".join(files), capture_output=True, text=True, check=True,
    )
    return done.stdout, done.stderr


def unquote(lines):
    return "".join(re.findall(r'"(.*)"$', lines, re.MULTILINE))


def messages(template):
    """Where each one is first, and what it says, with C's escapes."""
    for entry in template.split("\n\n")[1:]:
        where = re.search(r"^#: (\S+)", entry, re.MULTILINE).group(1)
        for text in re.findall(r'^msgid(?:_plural)? ((?:".*"\n?)+)', entry, re.MULTILINE):
            yield where, unquote(text)


def main():
    listed = [
        line for line in (ROOT / "po/POTFILES.in").read_text().split("\n")
        if line and not line.startswith("#")
    ]
    template, complaints = extract(sys.argv[1], sources(".c", ".h"))
    having = set(re.findall(r"(\S+):\d+", "\n".join(re.findall(r"^#: (.*)", template, re.MULTILINE))))
    having.update(sources(*OTHER_SUFFIXES))

    print("1..7")
    with Case("POTFILES.in names every file with messages") as wrong:
        wrong += [f"{name} is not there" for name in sorted(having.difference(listed))]
    with Case("POTFILES.in names no other file") as wrong:
        wrong += [f"{name} has no messages" for name in listed if name not in having]
    with Case("POTFILES.in is sorted") as wrong:
        wrong += [f"{name} is in a wrong place" for name, right in zip(listed, sorted(set(listed)))
                  if name != right]
    with Case("xgettext understands every message") as wrong:
        wrong += complaints.split("\n")[:-1]
    with Case("no message is cut off by a macro, begins or ends with a space") as wrong:
        wrong += [f"{where}: {text}" for where, text in messages(template)
                  if text.endswith("%") or (text != ", " and text != text.strip(" "))]
    with Case("no straight quotes") as wrong:
        wrong += [f"{where}: {text}" for where, text in messages(template) if re.search(r"'|\\\"", text)]
    with Case("the library asks its own domain, not that of the program") as wrong:
        for name in sources(".c", ".h"):
            text = (ROOT / name).read_text()
            if name.startswith("lib/") and re.search(r"\bn?gettext \(|<glib/gi18n\.h>", text):
                wrong.append(name)
    return 0


sys.exit(main())
