# The same program as example-tour.c, .js and .vala.
# SPDX-License-Identifier: LGPL-2.1-or-later

import gi

gi.require_version("Proctor", "1")
from gi.repository import Gio, GLib, Proctor  # noqa: E402


# guide: capture
def capture():
    """Arguments and outputs are bytes. These are Latin-1, and no UTF-8."""
    command = Proctor.Command.new(["printf", "%s", b"caf\xe9"])
    result = command.run_check(None, None)
    print("bytes:", result.get_stdout().get_data().hex(" "))
# guide: end


# guide: lines
def lines():
    command = Proctor.Command.new_shell("for i in 1 2 3; do echo line $i; done")
    command.set_stdout(Proctor.Stdio.PIPE)
    process = command.spawn(None)
    while (line := process.get_stdout().read_line_utf8(None)) is not None:
        print(line, end="")
    process.wait_check(None)
# guide: end


# guide: stdin
def feed():
    command = Proctor.Command.new(["tr", "a-z", "A-Z"])
    command.set_stdin(Proctor.Stdio.PIPE)
    command.set_stdout(Proctor.Stdio.PIPE)
    process = command.spawn(None)
    process.get_stdin().write_all(b"upper case\n", None)
    process.get_stdin().close(None)
    print(process.get_stdout().read_line_utf8(None), end="")
    process.wait_check(None)
# guide: end


# guide: group
def group():
    """Two at a time."""
    commands = [Proctor.Command.new_shell(f"exit {i}") for i in range(4)]
    results = Proctor.gather(commands, 2, None)
    print("codes:", *(result.get_returncode() for result in results))
# guide: end


# guide: stop
def stop():
    """SIGTERM, and if it is still there after five seconds, SIGKILL."""
    process = Proctor.Command.new(["sleep", "1000"]).spawn(None)
    process.stop(5 * GLib.USEC_PER_SEC, None)
    known, returncode = process.get_returncode()
    print("stopped:", returncode if known else "the status is lost")
# guide: end


# guide: errors
def errors():
    try:
        Proctor.Command.new(["no-such-program"]).run(None, None)
    except GLib.Error as error:
        if error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND):
            print("there is no such program")

    try:
        Proctor.Command.new_shell("exit 3").run_check(None, None)
    except GLib.Error as error:
        if error.matches(Proctor.error_quark(), Proctor.Error.EXIT_STATUS):
            print("it has failed")
# guide: end


capture()
lines()
feed()
group()
stop()
errors()
