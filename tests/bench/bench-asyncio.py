#!/usr/bin/env python3
"""Python's asyncio, as its documentation does it.

SPDX-License-Identifier: LGPL-2.1-or-later
"""

import asyncio
import contextlib
import fcntl
import json
import mmap
import os
import resource
import statistics
import sys
import threading
import time

TRUE = ["/bin/true"]
ECHO = ["/bin/echo", "hello"]
CAT = "/bin/cat"
BUFFER_SIZE = 256 * 1024
OWN_FDS = 128
VICTIM_SECONDS = 0.002
LIMIT_SECONDS = 3
CAPTURE_FACTOR = 3
NOBODY = 65534
MAX_FILLERS = 4096

# The kernel's; the module has them where the libc of the build had.
MADV_HUGEPAGE = 14
MADV_NOHUGEPAGE = 15

create = asyncio.create_subprocess_exec
PIPE = asyncio.subprocess.PIPE


def leave_out(reason):
    print(json.dumps({"left_out": reason}))
    sys.exit()


class Request:
    def __init__(self, argv):
        self.mode = argv[1]
        words = dict(word.split("=", 1) for word in argv[2:])
        self.path = words.pop("path", None)
        self.child = words.pop("child", None)
        words.pop("via", None)
        self.has_threads = "threads" in words
        self.is_async = words.get("async") == "1"
        for name in ("capture", "memory", "live", "fds", "size", "small_pipes"):
            setattr(self, name, int(words.get(name, 0)))
        for name in ("count", "in_flight", "threads"):
            setattr(self, name, int(words.get(name, 1)))


def fit(count, fds_each):
    return min(count, (resource.getrlimit(resource.RLIMIT_NOFILE)[0] - OWN_FDS) // fds_each)


def warm_up_memory(size):
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory.madvise(MADV_HUGEPAGE)
    for offset in range(0, size, 4096):
        memory[offset] = 1
    memory.close()


def use_up_pipes(request):
    """As use_up_pipes() of bench-peer.c."""
    if os.geteuid() == 0:
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        except OSError:
            leave_out("root cannot become nobody here")
    if request.mode == "read" and not os.access(request.child, os.X_OK):
        leave_out("nobody cannot start bench-child where it is")
    for _ in range(MAX_FILLERS):
        read_end, _ = os.pipe()
        if fcntl.fcntl(read_end, fcntl.F_GETPIPE_SZ) <= 2 * 4096:
            return
        with contextlib.suppress(PermissionError):
            fcntl.fcntl(read_end, fcntl.F_SETPIPE_SZ, 1 << 20)
    leave_out("pipes are not limited here")


def prepare(request):
    """Gives the parent what is asked for, as bench_prepare() does."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    read_end, write_end = os.pipe()
    os.dup2(read_end, 0)
    os.close(read_end)
    kept = [write_end]
    if request.memory:
        memory = mmap.mmap(-1, request.memory << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        memory.madvise(MADV_NOHUGEPAGE)
        for offset in range(0, request.memory << 20, 4096):
            memory[offset] = 1
        kept.append(memory)
    if request.mode == "capture":
        warm_up_memory(request.size * CAPTURE_FACTOR)
    if fit(request.fds, 1) < request.fds or fit(request.live, 1) < request.live:
        leave_out("the limit of open files is too low")
    kept.extend(os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC) for _ in range(request.fds))
    if request.small_pipes:
        use_up_pipes(request)
    return kept


async def run_one(request):
    if request.capture:
        process = await create(*ECHO, stdout=PIPE)
        await process.communicate()
    else:
        process = await create(*TRUE)
        await process.wait()


async def run_many(request, count):
    """Returns how many there have been: what is not started in time is not done."""
    left = iter(range(count))
    limit = time.monotonic() + LIMIT_SECONDS
    done = 0

    async def runner():
        nonlocal done
        for _ in left:
            if time.monotonic() > limit:
                break
            await run_one(request)
            done += 1

    await asyncio.gather(*(runner() for _ in range(request.in_flight)))
    return done


class Ticker:
    """A timer of 1 ms, and the longest gap between two of its ticks."""

    def __init__(self):
        self.loop = asyncio.get_running_loop()
        self.last = time.monotonic()
        self.longest = 0
        self.tick()

    def tick(self):
        self.note()
        self.handle = self.loop.call_later(0.001, self.tick)

    def note(self):
        now = time.monotonic()
        self.longest = max(self.longest, now - self.last)
        self.last = now

    def stop(self):
        self.note()
        self.handle.cancel()


def run_in_threads(request):
    done = []

    def caller():
        done.append(asyncio.run(run_many(request, request.count // request.threads)))

    threads = [threading.Thread(target=caller) for _ in range(request.threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done)


async def start_live(count):
    return [await create(CAT) for _ in range(count)]


def get_wakeups():
    return resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw


async def measure_spawn(request):
    live = await start_live(request.live)
    await run_many(request, request.in_flight)
    ticker = Ticker() if request.in_flight > 1 else None
    wakeups = get_wakeups()
    wall, cpu, main_cpu = time.monotonic(), time.process_time(), time.thread_time()
    if request.has_threads:
        count = await asyncio.to_thread(run_in_threads, request)
    else:
        count = await run_many(request, request.count)
    wall = time.monotonic() - wall
    cpu = time.process_time() - cpu
    main_cpu = time.thread_time() - main_cpu
    answer = {
        "rate": count / wall,
        "cpu": cpu / count * 1e6,
        "main_cpu": main_cpu / count * 1e6,
        "wakeups": (get_wakeups() - wakeups) / count,
    }
    if ticker:
        ticker.stop()
        answer["gap"] = ticker.longest * 1e3
    return answer, live


async def measure_latency(request):
    live = await start_live(request.live - 1)
    times = []
    for _ in range(request.count):
        process = await create(CAT)
        waiting = asyncio.create_task(process.wait())
        await asyncio.sleep(VICTIM_SECONDS)
        start = time.monotonic()
        process.kill()
        await waiting
        times.append(time.monotonic() - start)
    return {"latency": statistics.median(times) * 1e6}, live


def get_memory():
    with open("/proc/self/statm") as file:
        _, resident, shared = file.read().split()[:3]
    return (int(resident) - int(shared)) * resource.getpagesize()


async def measure_held(request):
    # A thread and a pidfd or so each: asyncio's own fds, and three pipes.
    count = fit(request.count, 4)
    held = [await create(CAT, stdin=PIPE, stdout=PIPE, stderr=PIPE)]
    before = get_memory()
    for _ in range(count):
        held.append(await create(CAT, stdin=PIPE, stdout=PIPE, stderr=PIPE))
    answer = {"memory": (get_memory() - before) / count}
    if count < request.count:
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        answer["note"] = (f"{count} processes, of {request.count}; "
                          f"the limit of open files is {limit}")
    return answer, held


async def read_away(stream):
    while await stream.read(BUFFER_SIZE):
        pass


async def measure_read(request):
    start = time.monotonic()
    process = await create(request.child, str(request.size), stdout=PIPE)
    await read_away(process.stdout)
    await process.wait()
    return {"throughput": request.size / (time.monotonic() - start)}, None


async def measure_capture(request):
    start = time.monotonic()
    process = await create(request.child, str(request.size), stdout=PIPE)
    await process.communicate()
    return {"throughput": request.size / (time.monotonic() - start)}, None


async def measure_cat(request):
    start = time.monotonic()
    process = await create(CAT, stdin=PIPE, stdout=PIPE)
    piece = bytes(BUFFER_SIZE)

    async def write():
        for left in range(request.size, 0, -BUFFER_SIZE):
            process.stdin.write(piece if left >= BUFFER_SIZE else piece[:left])
            await process.stdin.drain()
        process.stdin.close()

    await asyncio.gather(write(), read_away(process.stdout))
    await process.wait()
    return {"throughput": request.size / (time.monotonic() - start)}, None


async def measure_lines(request):
    start = time.monotonic()
    process = await create(CAT, request.path, stdout=PIPE)
    n_lines = 0
    async for _ in process.stdout:
        n_lines += 1
    await process.wait()
    return {"lines": n_lines / (time.monotonic() - start)}, None


async def measure_post(request):
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    # A rate: fewer will do.
    per_thread = max(1, request.count // request.threads // 10)
    left = per_thread * request.threads

    def handle():
        nonlocal left
        left -= 1
        if left == 0:
            done.set()

    def producer():
        for _ in range(per_thread):
            loop.call_soon_threadsafe(handle)

    count = left
    start = time.monotonic()
    threads = [threading.Thread(target=producer) for _ in range(request.threads)]
    for thread in threads:
        thread.start()
    await done.wait()
    rate = count / (time.monotonic() - start)
    for thread in threads:
        thread.join()
    return {"rate": rate}, None


MODES = {
    "spawn": measure_spawn,
    "latency": measure_latency,
    "held": measure_held,
    "read": measure_read,
    "capture": measure_capture,
    "cat": measure_cat,
    "lines": measure_lines,
    "post": measure_post,
}


async def measure(request):
    answer, _alive = await MODES[request.mode](request)
    print(json.dumps(answer), flush=True)
    # What is still alive ends with its stdin.
    os._exit(0)


def main():
    request = Request(sys.argv)
    if request.mode not in MODES:
        leave_out("this is not done")
    if not request.is_async and not request.has_threads:
        leave_out("there are no blocking calls")
    _kept = prepare(request)
    asyncio.run(measure(request))


main()
