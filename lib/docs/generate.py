#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes the documentation: fills the code of the examples into the guides and has gi-docgen do the rest.

In a guide, a line {{ FILE: PART }} becomes the lines of that file in tests/examples that stand between the comments
"guide: PART" and "guide: end", and {{ FILE: PART | FILE: PART }} two such parts side by side. So what a reader
copies has been compiled and tested.
"""

import argparse
import html
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap

LANGUAGES = {".c": "c", ".py": "python", ".js": "javascript", ".vala": "vala"}
NAMES = {"c": "C", "python": "Python", "javascript": "JavaScript", "vala": "Vala"}
MARK = re.compile(r"^\s*(?:/\*|#|//) guide: ([\w-]+)(?: \*/)?\s*$")
SIDE_BY_SIDE = (
    "<style>.side-by-side { display: flex; flex-wrap: wrap; gap: 0 1em } "
    ".side-by-side > div { flex: 1 1 24em; min-width: 0 } "
    ".side-by-side pre { font-size: 75%; overflow-x: auto }</style>")
INCLUSION = re.compile(r"^\{\{ (.+) \}\}$")


def parts_of(path):
    """The marked parts of an example, by their names."""
    parts = {}
    name = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        mark = MARK.match(line)
        if mark and (mark[1] == "end") == (name is None):
            raise ValueError(f"{path}:{number}: this mark has no other half")
        if mark and mark[1] == "end":
            name = None
        elif mark:
            name = mark[1]
            if name in parts:
                raise ValueError(f"{path}:{number}: a second part '{name}'")
            parts[name] = []
        elif name is not None:
            parts[name].append(line)
    if name is not None:
        raise ValueError(f"{path}: the part '{name}' has no end")
    return {name: textwrap.dedent("\n".join(lines)).strip("\n") for name, lines in parts.items()}


class Guides:
    def __init__(self, examples):
        self.examples = examples
        self.parts = {}

    def block(self, reference):
        """The fenced block for FILE: PART."""
        file_name, _, part = reference.partition(": ")
        path = self.examples / file_name
        if file_name not in self.parts:
            self.parts[file_name] = parts_of(path)
        if part not in self.parts[file_name]:
            raise ValueError(f"{path} has no part '{part}'")
        language = LANGUAGES[path.suffix]
        return language, f"```{language}\n{self.parts[file_name][part]}\n```"

    def expand(self, text, name):
        """A guide with its code."""
        lines = []
        for number, line in enumerate(text.splitlines(), 1):
            inclusion = INCLUSION.match(line)
            if re.match(r"^```(c|python|javascript|vala)\b", line):
                raise ValueError(f"{name}:{number}: code comes from an example, so that it is compiled")
            if not inclusion:
                lines.append(line)
                continue
            blocks = [self.block(reference) for reference in inclusion[1].split(" | ")]
            if len(blocks) == 1:
                lines.append(blocks[0][1])
                continue
            if SIDE_BY_SIDE not in lines:
                lines += [SIDE_BY_SIDE, ""]
            lines.append('<div class="side-by-side">')
            for language, block in blocks:
                label = f"<strong>{NAMES[language]}</strong>" if len({language for language, _ in blocks}) > 1 else ""
                lines += [f"<div>{label}", "", block, "", "</div>"]
            lines += ["</div>", ""]
        return "\n".join(lines) + "\n"


def finish_index(page):
    """The first page: nothing is said of a website that there is not, and the guides are called so."""
    page = re.sub(r'\s*<tr><td><em>\w+</em></td><td><a href=""[^>]*></a></td></tr>', "", page)
    return page.replace("Additional documentation", "Guides")


def add_guides(page, titles):
    """At the side of every page, so that each guide is one click away."""
    links = "".join(f'<a href="{name}.html">{html.escape(title)}</a>' for name, title in titles.items())
    section = f'<div class="section"><h5>Guides</h5><div class="links">{links}</div></div>'
    return page.replace('<div class="section generator">', f'{section}<div class="section generator">', 1)


def main():
    parser = argparse.ArgumentParser()
    for option in ("gi-docgen", "config", "gir", "output"):
        parser.add_argument("--" + option, required=True)
    for option in ("guides", "examples"):
        parser.add_argument("--" + option, required=True, type=pathlib.Path)
    arguments = parser.parse_args()

    # Anew: what is left of the last time would hide a dead link, and its date would be an old one.
    output = pathlib.Path(arguments.output)
    shutil.rmtree(output, ignore_errors=True)
    guides = Guides(arguments.examples)
    titles = {}
    with tempfile.TemporaryDirectory() as content:
        # In the order that the configuration gives them.
        for name in re.findall(r'^ +"(.+)\.md",$', pathlib.Path(arguments.config).read_text(encoding="utf-8"), re.MULTILINE):
            path = arguments.guides / f"{name}.md"
            source = path.read_text(encoding="utf-8")
            titles[name] = source.splitlines()[0].removeprefix("Title: ")
            (pathlib.Path(content) / path.name).write_text(guides.expand(source, path), encoding="utf-8")
        command = [arguments.gi_docgen, "generate", "--quiet", "--fatal-warnings", "--no-namespace-dir",
                   "--config", arguments.config, "--content-dir", content, "--content-dir", str(arguments.guides),
                   "--output-dir", str(output), arguments.gir]
        if subprocess.run(command, check=False).returncode != 0:
            # A half would pass for the whole in the next build.
            shutil.rmtree(output, ignore_errors=True)
            return 1
    for path in output.glob("*.html"):
        page = path.read_text(encoding="utf-8")
        if path.name == "index.html":
            page = finish_index(page)
        path.write_text(add_guides(page, titles), encoding="utf-8")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (ValueError, OSError) as error:
        sys.exit(f"generate.py: {error}")
