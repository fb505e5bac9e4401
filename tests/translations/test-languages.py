"""The languages: test-languages.py BUILD MSGFMT MSGCMP XGETTEXT PROGRAM [TOOL]

Every catalogue is whole and right, and a program that is linked with the library as well as the
tool speak each language; English where no language is set, and in the C locale.

SPDX-License-Identifier: LGPL-2.1-or-later
"""

import gettext
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import messages

NO_COMMAND = "there is no command to run"
NO_PROGRAM = "Could not execute “%s”"
LARGE_PIPE = ("A pipe cannot hold %lu byte", "A pipe cannot hold %lu bytes")
COMMANDS = ("%u command", "%u commands")
LOCALE_VARIABLES = re.compile("LANG|LANGUAGE|LC_.*")


def environment(**variables):
    """Ours without a locale but that of the variables."""
    clean = {name: value for name, value in os.environ.items() if not LOCALE_VARIABLES.fullmatch(name)}
    return clean | variables


def run(*argv, **variables):
    return subprocess.run(argv, env=environment(**variables), capture_output=True, timeout=60)


class Language:
    """What is expected in a language; English for None."""

    def __init__(self, build, name):
        path = build / "po" / str(name) / "LC_MESSAGES/proctor.mo"
        self.catalogue = (gettext.NullTranslations() if name is None
                          else gettext.GNUTranslations(path.open("rb")))

    def one(self, message):
        return self.catalogue.gettext(message)

    def many(self, forms, number):
        return self.catalogue.ngettext(*forms, number).replace("%lu", "%d") % number


def check_library(program, language, wrong, **variables):
    done = run(program, **variables)
    lines = done.stdout.decode().split("\n")
    if done.returncode != 0 or len(lines) != 3:
        wrong.append(f"the program ends with {done.returncode}: {done.stderr.decode()}")
        return
    if not lines[0].startswith(language.one(NO_PROGRAM) % "/no/such/program"):
        wrong.append(f"no program: {lines[0]}")
    if lines[1] != language.many(LARGE_PIPE, 2 ** 32 - 1):
        wrong.append(f"a pipe that is too large: {lines[1]}")


def check_tool(tool, language, wrong, **variables):
    said = run(tool, "run", **variables).stderr.decode(errors="backslashreplace")
    if said.split("\n")[0] != f"proctor: {language.one(NO_COMMAND)}":
        wrong.append(f"no command: {said}")
    for count in (2, 5):
        said = run(tool, "run", "--shell", *["true"] * count, **variables).stderr.decode()
        if not said.startswith(language.many(COMMANDS, count)):
            wrong.append(f"{count} commands: {said}")


def main():
    build, msgfmt, msgcmp, xgettext, program, *tool = sys.argv[1:]
    build = pathlib.Path(build)
    folder = messages.ROOT / "po"
    names = [line for line in (folder / "LINGUAS").read_text().split("\n")
             if line and not line.startswith("#")]
    catalogues = sorted(path.stem for path in folder.glob("*.po"))

    print(f"1..{1 + 3 * len(names) + 4}")
    with messages.Case("LINGUAS names every catalogue") as wrong:
        if names != catalogues:
            wrong.append(f"{names} is not {catalogues}")

    with tempfile.NamedTemporaryFile("w", suffix=".pot") as template:
        template.write(messages.extract(xgettext)[0])
        template.flush()
        for name in names:
            path = folder / f"{name}.po"
            with messages.Case(f"{name}: nothing is fuzzy, untranslated or badly formed") as wrong:
                done = run(msgfmt, "--check", "--statistics", "--output-file=/dev/null", path,
                           LC_ALL="C.UTF-8")
                said = done.stderr.decode()
                if done.returncode != 0 or not re.fullmatch(r"\d+ translated messages\.\n", said):
                    wrong += said.split("\n")
            with messages.Case(f"{name}: has every message of the sources") as wrong:
                done = run(msgcmp, path, template.name, LC_ALL="C.UTF-8")
                if done.returncode != 0:
                    wrong += done.stderr.decode().split("\n")
                    wrong.append("meson compile -C build proctor-update-po brings new messages here")

    for name in names:
        language = Language(build, name)
        with messages.Case(f"{name} is spoken") as wrong:
            if language.one(NO_COMMAND) == NO_COMMAND:
                wrong.append("the catalogue is English")
            check_library(program, language, wrong, LC_ALL="C.UTF-8", LANGUAGE=name)
            for path in tool:
                check_tool(path, language, wrong, LC_ALL="C.UTF-8", LANGUAGE=name)

    english = Language(build, None)
    for what, variables in (
        ("no locale", {}),
        ("the C locale", {"LC_ALL": "C", "LANGUAGE": "de"}),
        ("a locale without a language", {"LC_ALL": "C.UTF-8"}),
        ("a language that is not there", {"LC_ALL": "C.UTF-8", "LANGUAGE": "tlh"}),
    ):
        with messages.Case(f"English with {what}") as wrong:
            # The library's messages are UTF-8 in any locale; what prints them may do as it likes.
            if variables.get("LC_ALL") == "C.UTF-8":
                check_library(program, english, wrong, **variables)
            for path in tool:
                check_tool(path, english, wrong, **variables)


main()
