#!/usr/bin/python3
# The library from Python, through its typelib.
# SPDX-License-Identifier: LGPL-2.1-or-later

import signal
import sys
import unittest

import gi

gi.require_version("Proctor", "1")
from gi.repository import Gio, GLib, Proctor  # noqa: E402

DEADLINE_SECONDS = 60


def run_loop(start):
    """Calls start (done) and iterates the main loop until it has called done (value); gives the value."""
    loop = GLib.MainLoop()
    answers = []

    def done(value):
        answers.append(value)
        loop.quit()

    timeout = GLib.timeout_add_seconds(DEADLINE_SECONDS, loop.quit)
    start(done)
    loop.run()
    if not answers:
        raise TimeoutError("nothing has come back")
    GLib.source_remove(timeout)
    return answers[0]


class Run(unittest.TestCase):
    def test_asynchronous(self):
        command = Proctor.Command.new_shell("echo hello; echo oops >&2; exit 3")
        result = run_loop(lambda done: command.run_async(
            None, None, lambda source, answer: done(source.run_finish(answer))))
        self.assertEqual(result.get_returncode(), 3)
        self.assertEqual(result.dup_stdout_utf8(), "hello\n")
        self.assertEqual(result.get_stderr().get_data(), b"oops\n")
        self.assertFalse(result.is_timed_out())

    def test_blocking(self):
        command = Proctor.Command.new(["cat"])
        result = command.run(GLib.Bytes.new(b"\x00\xff text"), None)
        self.assertEqual(result.get_returncode(), 0)
        self.assertEqual(result.get_stdout().get_data(), b"\x00\xff text")
        self.assertTrue(result.check())

    def test_arguments_are_bytes(self):
        command = Proctor.Command.new(["printf", "%s", b"\xfe\xff"])
        self.assertEqual(command.run(None, None).get_stdout().get_data(), b"\xfe\xff")

    def test_environment_and_folder(self):
        command = Proctor.Command.new_shell('pwd; echo "$A"')
        command.set_cwd("/")
        command.setenv("A", "b c")
        self.assertEqual(command.run(None, None).dup_stdout_utf8(), "/\nb c\n")

    def test_gather(self):
        commands = [Proctor.Command.new_shell(f"echo {n}; exit {n}") for n in range(4)]
        results = Proctor.gather(commands, 2, None)
        self.assertEqual([result.get_returncode() for result in results], [0, 1, 2, 3])


class Process(unittest.TestCase):
    def test_spawn_and_communicate(self):
        command = Proctor.Command.new(["sort"])
        command.set_stdin(Proctor.Stdio.PIPE)
        command.set_stdout(Proctor.Stdio.PIPE)
        process = run_loop(lambda done: command.spawn_async(
            None, lambda source, answer: done(source.spawn_finish(answer))))
        self.assertGreater(process.get_pid(), 0)
        result = run_loop(lambda done: process.communicate_async(
            GLib.Bytes.new(b"b\na\n"), None,
            lambda source, answer: done(source.communicate_finish(answer))))
        self.assertEqual(result.get_stdout().get_data(), b"a\nb\n")
        self.assertEqual(process.get_state(), Proctor.ProcessState.EXITED)
        self.assertEqual(process.get_returncode(), (True, 0))

    def test_signals(self):
        process = Proctor.Command.new(["sleep", "1000"]).spawn(None)
        self.assertFalse(process.get_returncode()[0])
        process.terminate()
        self.assertEqual(process.wait(None), (True, -signal.SIGTERM))
        with self.assertRaises(GLib.Error) as caught:
            process.send_signal(signal.SIGTERM)
        self.assertTrue(caught.exception.matches(Proctor.error_quark(), Proctor.Error.PROCESS_LOOKUP))


def spawn_piped(argv):
    command = Proctor.Command.new(argv)
    command.set_stdin(Proctor.Stdio.PIPE)
    command.set_stdout(Proctor.Stdio.PIPE)
    return command.spawn(None)


class Streams(unittest.TestCase):
    def test_iterate_lines(self):
        process = spawn_piped(["sh", "-c", "printf 'one\\ntwo\\n\\377\\nlast'"])
        lines = []

        def read(done):
            def arrived(reader, answer):
                line = reader.read_line_finish(answer).get_data()
                if not line:
                    done(lines)
                    return
                lines.append(line)
                reader.read_line_async(None, arrived)

            process.get_stdout().read_line_async(None, arrived)

        self.assertEqual(run_loop(read), [b"one\n", b"two\n", b"\xff\n", b"last"])
        self.assertTrue(process.get_stdout().at_eof())
        self.assertEqual(process.wait(None), (True, 0))

    def test_iterate_many_lines_of_text(self):
        process = spawn_piped(["seq", "-f", "%.0fä", "20000"])
        lines = []

        def read(done):
            def arrived(reader, answer):
                more = reader.read_lines_utf8_finish(answer)
                if not more:
                    done(lines)
                    return
                lines.extend(more)
                reader.read_lines_utf8_async(None, arrived)

            process.get_stdout().read_lines_utf8_async(None, arrived)

        self.assertEqual(run_loop(read), [f"{n}ä\n" for n in range(1, 20001)])

    def test_write(self):
        process = spawn_piped(["cat"])
        writer = process.get_stdin()
        writer.queue(b"\x00\xff ")
        writer.queue_bytes(GLib.Bytes.new(b"two "))
        writer.queue_all([GLib.Bytes.new(b"three "), GLib.Bytes.new(b"four ")])
        self.assertTrue(run_loop(lambda done: writer.drain_async(
            None, lambda source, answer: done(source.drain_finish(answer)))))
        self.assertEqual(tuple(writer.get_write_buffer_limits()), (16384, 65536))
        self.assertTrue(writer.can_write_eof())
        self.assertFalse(writer.get_closing())
        writer.write_eof()
        self.assertTrue(writer.get_closing())
        self.assertEqual(process.get_stdout().read_to_end(None).get_data(), b"\x00\xff two three four ")

    def test_reads(self):
        process = spawn_piped(["cat"])
        process.get_stdin().queue("a--bc\nü\nrest".encode())
        process.get_stdin().write_eof()
        reader = process.get_stdout()
        self.assertEqual(reader.read_until(b"--", None).get_data(), b"a--")
        self.assertEqual(reader.read_exactly(1, None).get_data(), b"b")
        self.assertEqual(reader.read_line(None).get_data(), b"c\n")
        self.assertEqual(reader.read_line_utf8(None), "ü\n")
        self.assertEqual(reader.read_bytes(2, None).get_data(), b"re")
        with self.assertRaises(GLib.Error) as caught:
            reader.read_exactly(3, None)
        self.assertTrue(caught.exception.matches(Proctor.error_quark(), Proctor.Error.INCOMPLETE_READ))
        self.assertEqual(reader.get_buffered(), 2)
        self.assertEqual(reader.read_to_end(None).get_data(), b"st")
        self.assertIsNone(reader.read_line_utf8(None))
        self.assertEqual(reader.read_lines_utf8(None), [])


class Errors(unittest.TestCase):
    def assert_error(self, error, domain, code):
        self.assertTrue(error.matches(domain, code), f"{error.domain} {error.code}: {error}")

    def test_no_such_program(self):
        with self.assertRaises(GLib.Error) as caught:
            Proctor.Command.new(["proctor-no-such-program"]).run(None, None)
        self.assert_error(caught.exception, Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND)
        self.assertIn("proctor-no-such-program", caught.exception.message)

    def test_exit_status(self):
        with self.assertRaises(GLib.Error) as caught:
            Proctor.Command.new(["false"]).run_check(None, None)
        self.assert_error(caught.exception, Proctor.error_quark(), Proctor.Error.EXIT_STATUS)

    def test_invalid_command(self):
        with self.assertRaises(GLib.Error) as caught:
            Proctor.Command.new([]).run(None, None)
        self.assert_error(caught.exception, Proctor.error_quark(), Proctor.Error.INVALID_COMMAND)

    def test_asynchronous_error(self):
        def finish(source, answer, done):
            try:
                done(source.run_finish(answer))
            except GLib.Error as error:
                done(error)

        command = Proctor.Command.new(["/"])
        error = run_loop(lambda done: command.run_async(
            None, None, lambda source, answer: finish(source, answer, done)))
        self.assertIsInstance(error, GLib.Error)
        self.assertEqual(error.domain, GLib.quark_to_string(Gio.io_error_quark()))


class Tap(unittest.TextTestResult):
    """Tells of each test as TAP does."""

    number = 0

    def tell(self, test, good, text=""):
        Tap.number += 1
        print("ok" if good else "not ok", Tap.number, test.id().partition(".")[2])
        for line in text.splitlines():
            print("#", line)

    def addSuccess(self, test):
        super().addSuccess(test)
        self.tell(test, True)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.tell(test, False, self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self.tell(test, False, self.errors[-1][1])


if __name__ == "__main__":
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
    outcome = unittest.TextTestRunner(resultclass=Tap, stream=sys.stderr).run(suite)
    print(f"1..{Tap.number}")
    sys.exit(not outcome.wasSuccessful())
