#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Looks at the documentation as it was made: test-docs.py DOCS GIR CONFIG GI_DOCGEN"""

import html.parser
import pathlib
import re
import subprocess
import sys
import urllib.parse
import xml.etree.ElementTree as ElementTree

CORE = "{http://www.gtk.org/introspection/core/1.0}"
GLIB = "{http://www.gtk.org/introspection/glib/1.0}"
SYMBOLS = {
    CORE + tag for tag in ("alias", "bitfield", "callback", "class", "constant", "constructor", "enumeration",
                           "function", "function-macro", "interface", "method", "property", "record", "union",
                           "virtual-method")
} | {GLIB + "signal"}

docs, gir, config = (pathlib.Path(argument).resolve() for argument in sys.argv[1:4])
gi_docgen = sys.argv[4]


class Page(html.parser.HTMLParser):
    """The links of a page, the anchors that others may link to, and its text outside of code."""

    def __init__(self, path):
        super().__init__()
        self.links = []
        self.fetched = []
        self.anchors = set()
        self.elsewhere = []
        self.text = []
        self.code = 0
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.anchors |= {attributes[name] for name in ("id", "name") if attributes.get(name)}
        if "data-namespace" in attributes:
            self.elsewhere.append((attributes["data-namespace"], attributes.get("data-link")))
        elif tag in ("a", "area") and "href" in attributes:
            self.links.append(attributes["href"] or "")
        elif tag in ("link", "script", "img"):
            self.fetched += [attributes[name] for name in ("href", "src") if name in attributes]
        if tag in ("code", "pre", "script", "style"):
            self.code += 1

    def handle_endtag(self, tag):
        if tag in ("code", "pre", "script", "style"):
            self.code -= 1

    def handle_data(self, data):
        if self.code == 0:
            self.text.append(data)


def without_documentation():
    """Every symbol has a description and tells since when it is there."""

    def walk(element, path):
        for child in element:
            name = f"{path}.{child.get('name')}"
            if child.tag not in SYMBOLS or child.get("moved-to") or child.get(GLIB + "is-gtype-struct-for"):
                continue
            if child.find(CORE + "doc") is None:
                yield f"{name} has no documentation"
            elif child.get("version") is None:
                yield f"{name} has no 'Since:' on a line of its own"
            yield from walk(child, name)

    return list(walk(ElementTree.parse(gir).getroot().find(CORE + "namespace"), "Proctor"))


def complaints_of_gi_docgen():
    check = subprocess.run([gi_docgen, "check", "--fatal-warnings", "--config", config, gir],
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return check.stdout.splitlines() if check.returncode != 0 else []


def target_of(page, link):
    """The file and the anchor that a link on a page means; None for one that leads out."""
    parts = urllib.parse.urlsplit(link)
    if parts.scheme or parts.netloc:
        return None
    path = page.parent / urllib.parse.unquote(parts.path) if parts.path else page
    return path.resolve(), urllib.parse.unquote(parts.fragment)


def dead_links(pages):
    anchors = {path.resolve(): page.anchors for path, page in pages.items()}
    for path, page in pages.items():
        for link in page.links:
            target = target_of(path, link)
            if target is None:
                if not link.startswith("https://"):
                    yield f"{path.name}: {link}: neither here nor at an address"
            elif link in ("", "#"):
                yield f"{path.name}: a link that leads nowhere"
            elif not target[0].is_file():
                yield f"{path.name}: {link}: there is no such file"
            elif target[1] and target[1] not in anchors.get(target[0], set()):
                yield f"{path.name}: {link}: there is no such place in it"


def unmapped_links(pages):
    known = set(re.findall(r"\[ '(\w+)', 'https://", (docs / "urlmap.js").read_text(encoding="utf-8")))
    for path, page in pages.items():
        for namespace, link in page.elsewhere:
            if namespace not in known or not link:
                yield f"{path.name}: {link} of {namespace}: urlmap.js does not say where that is"


def fetched_from_elsewhere(pages):
    for path, page in pages.items():
        for link in page.fetched:
            target = target_of(path, link)
            if target is None or not target[0].is_file():
                yield f"{path.name}: {link}: a part of the page that is not here"


def left_as_they_were(pages):
    for path, page in pages.items():
        for left in re.findall(r"\[\w+@[\w.:-]+\]|\{\{.*|^Title: .*", "".join(page.text), flags=re.MULTILINE):
            yield f"{path.name}: {left}"


def unreachable_guides(pages):
    guides = re.findall(r'^ +"(.+)\.md",$', config.read_text(encoding="utf-8"), flags=re.MULTILINE)
    if not guides:
        yield "there are no guides"
    linked = set(pages[docs / "index.html"].links)
    for guide in guides:
        if f"{guide}.html" not in linked:
            yield f"{guide}: the first page does not link to it"


def unindexed():
    index = docs / (docs.name + ".devhelp2")
    if not index.is_file():
        yield f"there is no {index.name}"
        return
    links = [element.get("link") for element in ElementTree.parse(index).iter() if element.get("link")]
    if len(links) < 200:
        yield f"{index.name}: only {len(links)} entries"
    for link in links:
        if not (docs / link.partition("#")[0]).is_file():
            yield f"{index.name}: {link}: there is no such file"


def main():
    pages = {path: Page(path) for path in sorted(docs.glob("*.html"))}
    tests = {
        "gi-docgen has nothing to say": complaints_of_gi_docgen,
        "every symbol is documented": without_documentation,
        "no dead link": lambda: dead_links(pages),
        "links to other libraries are known": lambda: unmapped_links(pages),
        "pages need no network": lambda: fetched_from_elsewhere(pages),
        "nothing was left unfilled": lambda: left_as_they_were(pages),
        "the guides are found": lambda: unreachable_guides(pages),
        "the index of devhelp": unindexed,
    }
    print(f"# {len(pages)} pages, {sum(len(page.links) for page in pages.values())} links")
    print(f"1..{len(tests)}")
    for number, (name, test) in enumerate(tests.items(), 1):
        complaints = list(test())
        print(f"{'not ok' if complaints else 'ok'} {number} {name}")
        for complaint in complaints:
            print(f"# {complaint}")


main()
