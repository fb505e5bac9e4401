"""The messages of the sources: test-messages.py XGETTEXT

Every file with a message is in po/POTFILES.in and every file there has one; and what a translator
gets are whole sentences, with one style of quotes.

SPDX-License-Identifier: LGPL-2.1-or-later
"""

import re
import sys

import messages


def main():
    listed = [
        line for line in (messages.ROOT / "po/POTFILES.in").read_text().split("\n")
        if line and not line.startswith("#")
    ]
    template, complaints = messages.extract(sys.argv[1])
    having = set(re.findall(r"(\S+):\d+", "\n".join(re.findall(r"^#: (.*)", template, re.MULTILINE))))

    print("1..7")
    with messages.Case("POTFILES.in names every file with messages") as wrong:
        wrong += [f"{name} is not there" for name in sorted(having.difference(listed))]
    with messages.Case("POTFILES.in names no other file") as wrong:
        wrong += [f"{name} has no messages" for name in listed if name not in having]
    with messages.Case("POTFILES.in is sorted") as wrong:
        wrong += [f"{name} is in a wrong place" for name, right in zip(listed, sorted(set(listed)))
                  if name != right]
    with messages.Case("xgettext understands every message") as wrong:
        wrong += complaints.split("\n")[:-1]
    with messages.Case("no message is cut off by a macro, begins or ends with a space") as wrong:
        wrong += [f"{where}: {text}" for where, text in messages.split(template)
                  if re.search(r"%[-+ #'0-9.]*$", text) or (text != ", " and text != text.strip(" "))]
    with messages.Case("no straight quotes") as wrong:
        wrong += [f"{where}: {text}" for where, text in messages.split(template)
                  if re.search(r"(?<!%)'|\\\"", text)]
    with messages.Case("the library asks its own domain, not that of the program") as wrong:
        for name in messages.sources():
            text = (messages.ROOT / name).read_text()
            if name.startswith("lib/") and re.search(r"\bn?gettext \(|<glib/gi18n\.h>", text):
                wrong.append(name)


main()
