"""What packages the project elsewhere, beside what the project says of itself:
test-packaging.py BUILD VERSION [FLATPAK_BUILDER]

SPDX-License-Identifier: LGPL-2.1-or-later
"""

import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ROOT / "tools/monitor/data"
# Each is provided by the package after it, which tools/setup installs.
PROVIDED = {"debhelper-compat": "debhelper", "dh-sequence-gir": "gobject-introspection"}


def check_option(option, known):
    """What is wrong with -Dname=value, or None."""
    match = re.fullmatch(r"-D(\w+)=(.*)", option)
    choices = match and known.get(match.group(1))
    if choices is None:
        return f"{option} is no option of the build"
    return None if match.group(2) in choices else f"{option} has a value that is none"


def build_options(build):
    """The values that each option may have; a subproject's have its name before theirs."""
    options = json.loads((build / "meson-info/intro-buildoptions.json").read_text())
    return {option["name"].split(":")[-1]: option.get("choices") or ["true", "false"] for option in options}


def debian_version(version):
    first = (ROOT / "debian/changelog").read_text().split("\n")[0]
    return [] if f"({version})" in first else [f"{first} is not {version}"]


def debian_build_dependencies():
    """tools/setup installs what debian/control wants."""
    control = (ROOT / "debian/control").read_text()
    wanted = re.search(r"^Build-Depends:((?:.|\n )*)", control, re.MULTILINE).group(1)
    names = [re.split(r"[ (<\[]", name.strip())[0] for name in wanted.split(",")]
    setup = (ROOT / "tools/setup").read_text().split()
    return [f"tools/setup does not install {name}" for name in names
            if PROVIDED.get(name, name) not in setup]


def debian_files():
    """Each package says what is in it, and no file speaks of a package that is none."""
    control = (ROOT / "debian/control").read_text()
    packages = set(re.findall(r"^Package: (\S+)", control, re.MULTILINE))
    having = {path.stem for path in (ROOT / "debian").glob("*.install")}
    return [f"{name} is only in one of debian/control and debian/*.install" for name in packages ^ having]


def debian_options(known):
    rules = (ROOT / "debian/rules").read_text()
    options = re.findall(r"-D\w+=\w+", rules)
    return [wrong for wrong in (check_option(option, known) for option in options) if wrong]


def flatpak_manifest(known):
    wrong = [] if list(DATA.glob("*.json")) else ["there is none"]
    for path in DATA.glob("*.json"):
        manifest = json.loads(path.read_text())
        if manifest["app-id"] != path.stem:
            wrong.append(f"{path.name} is for {manifest['app-id']}")
        for name in (path.with_suffix(suffix) for suffix in (".desktop.in", ".metainfo.xml.in", ".svg")):
            if not name.exists():
                wrong.append(f"{name.name} is not there")
            elif name.suffixes[-2:] == [".desktop", ".in"] and not re.search(
                    rf"^Exec={manifest['command']}\b", name.read_text(), re.MULTILINE):
                wrong.append(f"{manifest['command']} is not what {name.name} starts")
        for module in manifest["modules"]:
            wrong += filter(None, (check_option(option, known) for option in module["config-opts"]))
            wrong += [f"there is no {source['path']}" for source in module["sources"]
                      if (DATA / source["path"]).resolve() != ROOT]
    return wrong


def flatpak_syntax(builder):
    wrong = []
    for path in DATA.glob("*.json"):
        done = subprocess.run([builder, "--show-manifest", path], capture_output=True, text=True, timeout=60)
        if done.returncode != 0 or "warning" in done.stderr.lower():
            wrong += done.stderr.split("\n")
    return wrong


def main():
    build, version, *builder = sys.argv[1:]
    known = build_options(pathlib.Path(build))
    cases = [
        ("debian/changelog has the version", debian_version(version)),
        ("tools/setup has what debian/control wants", debian_build_dependencies()),
        ("each Debian package has a list of files", debian_files()),
        ("debian/rules knows the options", debian_options(known)),
        ("the manifest for Flatpak fits the monitor", flatpak_manifest(known)),
    ]
    if builder:
        cases.append(("flatpak-builder reads the manifest", flatpak_syntax(builder[0])))

    print(f"1..{len(cases)}")
    for number, (name, wrong) in enumerate(cases, 1):
        print(f"{'not ' if wrong else ''}ok {number} {name}")
        for line in wrong:
            print(f"# {line}")


main()
