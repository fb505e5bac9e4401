"""The messages of the sources, as a translator gets them; and TAP.

SPDX-License-Identifier: LGPL-2.1-or-later
"""

import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("include", "lib", "tools")
KEYWORDS = ("_", "N_", "C_:1c,2", "NC_:1c,2", "g_dngettext:2,3", "g_dpgettext2:2c,3")
SUFFIXES = (".c", ".h", ".ui", ".desktop.in", ".metainfo.xml.in")

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


def sources():
    return sorted(
        str(path.relative_to(ROOT))
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*")
        if path.name.endswith(SUFFIXES)
    )


def extract(xgettext):
    """The template of all sources, and what xgettext says of them."""
    done = subprocess.run(
        [xgettext, "--from-code=UTF-8", "--no-wrap", "--output=-", "--files-from=-"]
        + [f"--keyword={keyword}" for keyword in KEYWORDS],
        cwd=ROOT, input="\n".join(sources()), capture_output=True, text=True, check=True,
    )
    return done.stdout, done.stderr


def unquote(lines):
    return "".join(re.findall(r'"(.*)"$', lines, re.MULTILINE))


def split(template):
    """Where each one is first, and what it says, with C's escapes."""
    for entry in template.split("\n\n")[1:]:
        where = re.search(r"^#: (\S+)", entry, re.MULTILINE).group(1)
        for text in re.findall(r'^msgid(?:_plural)? ((?:".*"\n?)+)', entry, re.MULTILINE):
            yield where, unquote(text)
