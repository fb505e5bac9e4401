"""The messages of the sources, as a translator gets them; and TAP.

SPDX-License-Identifier: LGPL-2.1-or-later
"""

import pathlib
import re
import subprocess

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


def split(template):
    """Where each one is first, and what it says, with C's escapes."""
    for entry in template.split("\n\n")[1:]:
        where = re.search(r"^#: (\S+)", entry, re.MULTILINE).group(1)
        for text in re.findall(r'^msgid(?:_plural)? ((?:".*"\n?)+)', entry, re.MULTILINE):
            yield where, unquote(text)
