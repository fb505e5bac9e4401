# What example-from-asyncio.c does, with asyncio: both print the same, but for the order of two that
# run at once.
#
# SPDX-License-Identifier: LGPL-2.1-or-later

import asyncio
from asyncio.subprocess import PIPE


# guide: run
async def run(script):
    process = await asyncio.create_subprocess_shell(
        script, stdout=PIPE, stderr=PIPE)

    stdout, stderr = await process.communicate()

    print(f"[{script!r} exited with {process.returncode}]")
    if stdout:
        print(f"[stdout]\n{stdout.decode()}", end="")
    if stderr:
        print(f"[stderr]\n{stderr.decode()}", end="")
# guide: end


# guide: gather
async def both():
    await asyncio.gather(
        run("echo first"),
        run("echo second"))
# guide: end


# guide: lines
async def lines():
    process = await asyncio.create_subprocess_exec(
        "seq", "3", stdout=PIPE)

    async for line in process.stdout:
        print("line", line.decode(), end="")
    await process.wait()
# guide: end


# guide: feed
async def feed():
    process = await asyncio.create_subprocess_exec(
        "tr", "a-z", "A-Z", stdin=PIPE, stdout=PIPE)

    for word in (b"up\n", b"and up\n"):
        process.stdin.write(word)
        await process.stdin.drain()
    process.stdin.close()
    await process.stdin.wait_closed()

    print((await process.stdout.read()).decode(), end="")
    await process.wait()
# guide: end


# guide: timeout
async def timeout():
    process = await asyncio.create_subprocess_exec("sleep", "60")
    try:
        await asyncio.wait_for(process.wait(), 1)
    except asyncio.TimeoutError:
        process.terminate()
        await process.wait()
        print("it took too long:", process.returncode)
# guide: end


# guide: stop
async def stop():
    process = await asyncio.create_subprocess_exec("sleep", "60")

    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), 5)
    except asyncio.TimeoutError:
        process.kill()
        await process.wait()
    print("stopped:", process.returncode)
# guide: end


# guide: missing
async def missing():
    try:
        await asyncio.create_subprocess_exec("no-such-program")
    except FileNotFoundError:
        print("there is no such program")
# guide: end


# guide: main
async def main():
    await run("echo out; echo err >&2; exit 3")
    await both()
    await lines()
    await feed()
    await timeout()
    await stop()
    await missing()

asyncio.run(main())
# guide: end
