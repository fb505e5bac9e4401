#!/usr/bin/env python3
"""What one captured run of echo costs each peer, in figures that a busy machine does not change.

usage: bench-counters.py [--runs N] [--peer-dir FOLDER] [PEER[:async]]...

System calls by name (strace), how often a thread waits, allocations, and instructions (callgrind).
Each is the difference between a short stretch of runs and a longer one, so that the start of the
program does not count. A tool that is not there is named and left out.

SPDX-License-Identifier: LGPL-2.1-or-later
"""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

PEERS = ["floor", "proctor", "proctor:async", "gsubprocess:async", "libuv:async", "asyncio:async"]
WARM_UP = 20
LABEL_WIDTH = 20
COLUMN_WIDTH = 12

# After this many seconds a peer hangs.
TIMEOUT = 300

CALL = re.compile(r"(\d+) +(\w+)\(")
RESUMED = re.compile(r"(\d+) +<\.\.\. (\w+) resumed>")
RESULT = re.compile(r" = (\d+)$")


class Peer:
    def __init__(self, folder, name):
        self.name, _, way = name.partition(":")
        self.title = name
        self.is_async = way == "async"
        is_python = self.name == "asyncio"
        self.path = folder / (f"bench-{self.name}" + (".py" if is_python else ""))
        python = [sys.executable] if is_python else []
        self.command = [*python, str(self.path), "spawn", "capture=1"]
        if self.is_async:
            self.command.append("async=1")

    def run(self, count, *before, words=(), **options):
        return subprocess.run([*before, *self.command, f"count={count}", *words], check=True,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=TIMEOUT, **options)


class Trace:
    """The calls in a log of strace -f: the program's own, and its children's up to execve."""

    def __init__(self, text):
        lines = text.split("\n")
        self.own = self.find_threads(lines)
        self.calls = collections.Counter()
        self.calls_in_child = collections.Counter()
        running = set()
        for line in lines:
            match = CALL.match(line)
            if not match:
                continue
            pid, name = match.groups()
            if pid in self.own:
                self.calls[name] += 1
            elif pid not in running:
                self.calls_in_child[name] += 1
            if name == "execve":
                running.add(pid)

    @staticmethod
    def find_threads(lines):
        """The first process, and what it has cloned as a thread."""
        threads = set()
        cloning = {}
        for line in lines:
            call, resumed = CALL.match(line), RESUMED.match(line)
            if not threads and call:
                threads.add(call.group(1))
            if call and call.group(2) in ("clone", "clone3"):
                cloning[call.group(1)] = "CLONE_THREAD" in line
            match = call or resumed
            if match and match.group(2) in ("clone", "clone3") and cloning.get(match.group(1)):
                result = RESULT.search(line)
                if result:
                    threads.add(result.group(1))
        return threads


def trace(peer, count):
    with tempfile.NamedTemporaryFile("r") as log:
        # Its flags are all that matters of a call.
        peer.run(count, "strace", "-f", "-qq", "-s", "0", "-e", "signal=none",
                 "-e", "verbose=clone3", "-o", log.name)
        return Trace(log.read())


def count_calls(peer, runs):
    few, many = trace(peer, WARM_UP), trace(peer, WARM_UP + runs)
    return [{name: (after[name] - before[name]) / runs for name in after}
            for before, after in ((few.calls, many.calls),
                                  (few.calls_in_child, many.calls_in_child))]


def count_instructions(peer, runs):
    def count(n):
        done = peer.run(n, "valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null")
        return int(re.findall(r"Collected : (\d+)", done.stderr)[-1])

    return (count(WARM_UP + runs) - count(WARM_UP)) / runs


def count_others(peer, runs):
    """The peer itself tells these."""
    # What GLib keeps for itself would not be counted.
    environment = {**os.environ, "G_SLICE": "always-malloc"}
    answer = json.loads(peer.run(WARM_UP + runs, words=["allocations=1"], env=environment).stdout)
    if "left_out" in answer:
        raise ValueError(answer["left_out"])
    return answer


def print_row(label, values, form="{:.1f}"):
    cells = ["-" if value is None else form.format(value) for value in values]
    print(f"{label:<{LABEL_WIDTH}}" + "".join(f"{cell:>{COLUMN_WIDTH}}" for cell in cells))


def print_calls(label, counters):
    """The sums, and each name that somebody calls in more than one run of twenty."""
    names = sorted({name for counter in counters for name, n in counter.items() if n > 0.05})
    print_row(label, [sum(counter.values()) for counter in counters])
    for name in names:
        print_row("  " + name, [counter.get(name, 0) for counter in counters])


def print_heading(peers, runs):
    print(f"one captured run of echo (of {runs})")
    names = [peer.name for peer in peers]
    ways = ["async" if peer.is_async else "" for peer in peers]
    for line in (names, ways):
        print(f"{'':<{LABEL_WIDTH}}" + "".join(f"{word:>{COLUMN_WIDTH}}" for word in line))


def choose_peers(names, folder):
    peers = [Peer(folder, name) for name in names]
    for peer in peers:
        if not peer.path.exists():
            print(f"{peer.title} is left out: {peer.path} is not there", file=sys.stderr)
    return [peer for peer in peers if peer.path.exists()]


def works(*trial):
    """A tool may be there and have no permission to trace anything."""
    name = trial[0]
    if not shutil.which(name):
        print(f"{name} is not there: what it counts is left out", file=sys.stderr)
        return False
    tried = subprocess.run(trial, stdin=subprocess.DEVNULL, capture_output=True)
    if tried.returncode != 0:
        print(f"{name} does not work here: what it counts is left out", file=sys.stderr)
    return tried.returncode == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=200, metavar="N", help="default: 200")
    parser.add_argument("--peer-dir", type=pathlib.Path, metavar="FOLDER",
                        default=pathlib.Path(__file__).resolve().parent,
                        help="where the programs of the peers are (default: beside this one)")
    parser.add_argument("peers", nargs="*", metavar="PEER[:async]",
                        help="default: " + " ".join(PEERS))
    options = parser.parse_args()
    peers = choose_peers(options.peers or PEERS, options.peer_dir)

    print_heading(peers, options.runs)
    others = [count_others(peer, options.runs) for peer in peers]
    print_row("wake-ups", [other.get("wakeups") for other in others])
    print_row("allocations", [other.get("allocations") for other in others])
    # These two take their time, and what else happens does not change what they count.
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        if works("valgrind", "--tool=none", "true"):
            counts = pool.map(lambda peer: count_instructions(peer, options.runs), peers)
            print_row("1000 instructions", [count / 1000 for count in counts])
        if works("strace", "-f", "-o", "/dev/null", "true"):
            pairs = list(pool.map(lambda peer: count_calls(peer, options.runs), peers))
            print_calls("system calls", [pair[0] for pair in pairs])
            print_calls("before exec", [pair[1] for pair in pairs])


main()
