# Counts the test cases in meson's reports: count-tests.py [--broken=WHAT]… REPORT:STATUS…
# REPORT is a report's path without its ending, STATUS the exit code of the `meson test` that wrote it.
# Shows the end of what each failed program has printed. The last line is "N passed, N failed, N skipped".
# SPDX-License-Identifier: LGPL-2.1-or-later

import json
import sys
import xml.etree.ElementTree as ElementTree

GOOD_RESULTS = ("OK", "EXPECTEDFAIL", "SKIP")

# As many lines of what a failed program has printed, on each of its outputs, say what went wrong.
SHOWN_LINES = 30


def case_result(case):
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    return "skipped" if case.find("skipped") is not None else "passed"


def read_cases(report):
    """The results of the cases of each test program; a program without cases of its own is one."""
    cases = {}
    for suite in ElementTree.parse(report + ".junit.xml").getroot().iter("testsuite"):
        for case in suite.iter("testcase"):
            cases.setdefault(suite.get("name"), []).append((case.get("name"), case_result(case)))
    return cases


def read_tests(report):
    with open(report + ".json", encoding="utf-8", errors="replace") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def print_end(report, test):
    print(f"\n{report}: {test['name']}: {test['result']}, {test['returncode']}")
    for output in ("stdout", "stderr"):
        for line in test.get(output, "").splitlines()[-SHOWN_LINES:]:
            print("   ", line)


def count_report(report, status, counts, failures):
    before = counts["failed"]
    suites = read_cases(report)
    for name, cases in suites.items():
        for case, result in cases:
            counts[result] += 1
            if result == "failed":
                failures.append(f"{report}: {name}: {case}")
    # A program that crashes or runs out of time has not told so in a case.
    for test in read_tests(report):
        name = test["name"]
        told = any(result == "failed" for suite, cases in suites.items() for case, result in cases
                   if case == name or suite.partition(".")[2] == name)
        if test["result"] in GOOD_RESULTS:
            continue
        print_end(report, test)
        if not told:
            counts["failed"] += 1
            failures.append(f"{report}: {name}: {test['result']}")
    if status != 0 and counts["failed"] == before:
        counts["failed"] += 1
        failures.append(f"{report}: meson test ended with {status}")


def main(arguments):
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    failures = []
    for argument in arguments:
        if argument.startswith("--broken="):
            counts["failed"] += 1
            failures.append(argument.removeprefix("--broken="))
            continue
        report, _, status = argument.rpartition(":")
        try:
            count_report(report, int(status), counts, failures)
        except (OSError, ValueError, ElementTree.ParseError) as error:
            counts["failed"] += 1
            failures.append(f"{report}: {error}")
    for failure in failures:
        print("failed:", failure)
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    return 1 if counts["failed"] > 0 or counts["passed"] == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
