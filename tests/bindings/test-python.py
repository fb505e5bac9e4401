#!/usr/bin/python3
# The library from Python, through its typelib.
# SPDX-License-Identifier: LGPL-2.1-or-later

import json
import os
import resource
import signal
import sys
import tempfile
import unittest

import gi

gi.require_version("Proctor", "1")
from gi.repository import Gio, GLib, GObject, Proctor  # noqa: E402

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


class Ending(unittest.TestCase):
    def test_stop_plan(self):
        plan = Proctor.StopPlan.new()
        plan.add_step(signal.SIGINT, 60 * GLib.USEC_PER_SEC)
        self.assertEqual(plan.get_n_steps(), 1)
        self.assertEqual(plan.get_step(0), (True, signal.SIGINT, 60 * GLib.USEC_PER_SEC))
        self.assertFalse(plan.get_step(1)[0])
        process = Proctor.Command.new(["sleep", "100"]).spawn(None)
        self.assertTrue(process.stop_with_plan(plan, None))
        self.assertEqual(process.get_returncode(), (True, -signal.SIGINT))

        command = Proctor.Command.new(["sleep", "100"])
        command.set_stop_plan(plan)
        # Who has not come to its program soon after the time is over is killed: tried with more time until it has.
        for timeout in 100000, 1000000, 20000000:
            result = command.run_with_timeout(None, timeout, None)
            self.assertTrue(result.is_timed_out())
            if result.get_returncode() != -signal.SIGKILL:
                break
        self.assertEqual(result.get_returncode(), -signal.SIGINT)

    def test_stop_asynchronously(self):
        process = Proctor.Command.new(["sleep", "100"]).spawn(None)
        plan = Proctor.StopPlan.new()
        self.assertTrue(run_loop(lambda done: process.stop_with_plan_async(
            plan, None, lambda source, answer: done(source.stop_with_plan_finish(answer)))))
        self.assertEqual(process.get_returncode(), (True, -signal.SIGKILL))

    def test_tree(self):
        command = Proctor.Command.new_shell("sleep 100 & echo $!; wait")
        command.set_flags(Proctor.CommandFlags.OWN_TREE)
        command.set_stdout(Proctor.Stdio.PIPE)
        process = command.spawn(None)
        pid = int(process.get_stdout().read_line(None).get_data())
        found = {info.get_pid(): info for info in process.list_descendants()}
        self.assertEqual(found[pid].get_parent_pid(), process.get_pid())
        self.assertIn(found[pid].get_name(), ("sleep", "sh"))
        self.assertTrue(process.stop(-1, None))
        self.assertEqual(process.list_descendants(), [])
        self.assertGreater(process.get_wall_time(), 0)

    def test_suspend(self):
        process = Proctor.Command.new(["sleep", "100"]).spawn(None)
        self.assertTrue(process.suspend())
        self.assertEqual(process.get_state(), Proctor.ProcessState.SUSPENDED)
        self.assertTrue(process.resume())
        self.assertTrue(process.stop(0, None))

    def test_output_limit(self):
        command = Proctor.Command.new_shell("echo abcdef; echo error >&2; exit 3")
        command.set_output_limit(3, Proctor.OutputPolicy.KEEP_TAIL)
        result = command.run(None, None)
        self.assertTrue(result.is_truncated())
        self.assertTrue(result.props.truncated)
        self.assertEqual(result.get_stdout().get_data(), b"ef\n")
        self.assertEqual((result.get_stdout_cut(), result.get_stderr_cut()), (4, 3))
        with self.assertRaises(GLib.Error) as caught:
            result.check()
        self.assertIn("exited with 3:\nor", caught.exception.message)
        command.set_output_limit(3, Proctor.OutputPolicy.FAIL)
        with self.assertRaises(GLib.Error) as caught:
            command.run(None, None).check()
        self.assertTrue(caught.exception.matches(Proctor.Error.quark(), Proctor.Error.OUTPUT_LIMIT)
                        if hasattr(Proctor.Error, "quark") else True)

    def test_cancel_policy(self):
        command = Proctor.Command.new(["sleep", "100"])
        command.set_cancel_policy(Proctor.CancelPolicy.KILL)
        process = command.spawn(None)
        cancellable = Gio.Cancellable()
        cancellable.cancel()
        with self.assertRaises(GLib.Error):
            process.wait(cancellable)
        self.assertEqual(process.wait(None), (True, -signal.SIGKILL))


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


class Attributes(unittest.TestCase):
    def report(self, command):
        result = command.run(None, None)
        self.assertTrue(result.check())
        return json.loads(result.dup_stdout_utf8())

    def setUp(self):
        self.command = Proctor.Command.new([os.environ["PROCTOR_TEST_REPORT"]])

    def test_all(self):
        self.command.set_umask(0o27)
        self.command.set_rlimit(resource.RLIMIT_CORE, 0, 0)
        limits = resource.getrlimit(resource.RLIMIT_STACK)
        if limits[1] == resource.RLIM_INFINITY:
            self.command.set_rlimit(resource.RLIMIT_STACK, 1 << 20, Proctor.RLIMIT_INFINITY)
        self.command.set_nice(19)
        self.command.set_cpu_affinity([min(os.sched_getaffinity(0))])
        self.command.set_io_priority(Proctor.IoClass.BEST_EFFORT, 6)
        self.command.set_oom_score_adj(300)
        self.command.set_parent_death_signal(signal.SIGTERM)
        self.command.ignore_signal(signal.SIGHUP)
        self.command.set_cgroup("/nowhere")
        self.command.set_optional(Proctor.Attributes.CGROUP)
        self.command.set_flags(Proctor.CommandFlags.NO_NEW_PRIVS)

        report = self.report(self.command)
        self.assertEqual(report["umask"], 0o27)
        self.assertEqual(report["rlimit_CORE"], [0, 0])
        if limits[1] == resource.RLIM_INFINITY:
            self.assertEqual(report["rlimit_STACK"], [1 << 20, None])
        self.assertEqual(report["nice"], 19)
        self.assertEqual(report["cpus"], [min(os.sched_getaffinity(0))])
        self.assertEqual(report["io_priority"], [2, 6])
        self.assertEqual(report["oom_score_adj"], "300")
        self.assertEqual(report["parent_death_signal"], signal.SIGTERM)
        self.assertIn(signal.SIGHUP, report["ignored_signals"])
        self.assertEqual(report["no_new_privs"], 1)

        self.command.unset_attributes(Proctor.Attributes.CPU_AFFINITY)
        self.assertEqual(set(self.report(self.command)["cpus"]), os.sched_getaffinity(0))

    @unittest.skipUnless(os.geteuid() == 0, "only root can change its groups")
    def test_groups(self):
        self.command.set_group("12345")
        self.command.set_extra_groups(["7", "9"])
        report = self.report(self.command)
        self.assertEqual(report["gid"], [12345] * 3)
        self.assertEqual(report["groups"], [7, 9])
        self.command.set_extra_groups([])
        self.assertEqual(self.report(self.command)["groups"], [])
        self.command.set_extra_groups(None)
        self.command.set_group(None)
        self.assertEqual(self.report(self.command)["gid"], [os.getegid()] * 3)

    def test_unknown_user(self):
        self.command.set_user("no-such-user")
        with self.assertRaises(GLib.Error) as caught:
            self.command.spawn(None)
        self.assertTrue(caught.exception.matches(
            Proctor.error_quark(), Proctor.Error.INVALID_COMMAND))

    def test_to_string(self):
        self.command = Proctor.Command.new(["echo", "a b", b"\xff"])
        self.command.setenv("TOKEN", "secret")
        self.assertEqual(self.command.to_string(), "TOKEN=… echo 'a b' $'\\377'")


class Files(unittest.TestCase):
    def test_fds(self):
        reading, writing = os.pipe()
        command = Proctor.Command.new_shell("echo to-five >&5")
        command.take_fd(writing, 5)
        process = command.spawn(None)
        command.release_fds()
        with os.fdopen(reading) as pipe:
            self.assertEqual(pipe.read(), "to-five\n")
        self.assertEqual(process.wait(None), (True, 0))
        with self.assertRaises(GLib.Error) as caught:
            command.spawn(None)
        self.assertTrue(caught.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CLOSED))

    def test_file_object(self):
        with tempfile.TemporaryFile() as file:
            command = Proctor.Command.new(["echo", "text"])
            command.set_stdout_fd(file.fileno())
            self.assertTrue(command.run_check(None, None))
            file.seek(0)
            self.assertEqual(file.read(), b"text\n")

    def test_paths_are_bytes(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(os.fsencode(folder), b"\xff out")
            command = Proctor.Command.new(["echo", "text"])
            command.set_stdout_path(path, False)
            command.run(None, None)
            command.set_stdout_path(path, True)
            command.run(None, None)
            with open(path, "rb") as file:
                self.assertEqual(file.read(), b"text\ntext\n")

    def test_terminal(self):
        command = Proctor.Command.new(["stty", "size"])
        command.set_stdin(Proctor.Stdio.PTY)
        command.set_stdout(Proctor.Stdio.PTY)
        command.set_window_size(40, 120)
        self.assertEqual(command.run(None, None).dup_stdout_utf8(), "40 120\r\n")

    def test_streams(self):
        target = Gio.MemoryOutputStream.new_resizable()
        command = Proctor.Command.new(["cat"])
        command.set_stdin_stream(Gio.MemoryInputStream.new_from_bytes(GLib.Bytes.new(b"x" * 200000)))
        command.set_stdout_stream(target)
        result = command.run(None, None)
        self.assertIsNone(result.get_stdout())
        target.close(None)
        self.assertEqual(target.steal_as_bytes().get_size(), 200000)

    def test_pipeline(self):
        pipeline = Proctor.Pipeline.new()
        for script in ["printf 'b\\na\\n'; exit 3", "sort"]:
            pipeline.add(Proctor.Command.new_shell(script))
        result = pipeline.run(None, None)
        self.assertEqual(result.dup_stdout_utf8(), "a\nb\n")
        self.assertEqual(result.get_returncode(), 0)
        self.assertEqual(result.get_stage(0).get_returncode(), 3)
        self.assertTrue(result.check())

        pipeline.set_pipefail(True)
        result = run_loop(lambda done: pipeline.run_async(
            None, None, lambda source, answer: done(source.run_finish(answer))))
        self.assertEqual(result.get_returncode(), 3)
        with self.assertRaises(GLib.Error):
            result.check()


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


class SubprocessLog(GObject.Object, Proctor.BaseProtocol, Proctor.SubprocessProtocol):
    """Writes down what it is told of a process. What an interface builds on has to be named, too."""

    def __init__(self, done):
        super().__init__()
        self.done = done
        self.calls = []
        self.data = {1: b"", 2: b""}

    def do_connection_made(self, transport):
        self.calls.append("made")
        self.transport = transport

    def do_pipe_data_received(self, fd, data):
        self.data[fd] += data.get_data()

    def do_pipe_connection_lost(self, fd, error):
        self.calls.append(("lost", fd, error))

    def do_process_exited(self):
        self.calls.append("exited")

    def do_pause_writing(self):
        self.calls.append("pause")

    def do_resume_writing(self):
        self.calls.append("resume")

    def do_connection_lost(self, error):
        self.calls.append("over")
        self.done(error)


class PipeLog(GObject.Object, Proctor.BaseProtocol, Proctor.PipeProtocol):
    """The same of a pipe."""

    def __init__(self, done):
        super().__init__()
        self.done = done
        self.calls = []
        self.data = b""

    def do_connection_made(self, transport):
        self.calls.append("made")

    def do_data_received(self, data):
        self.data += data.get_data()

    def do_eof_received(self):
        self.calls.append("eof")

    def do_connection_lost(self, error):
        self.calls.append("over")
        self.done(error)


class OnlyTheEnd(GObject.Object, Proctor.BaseProtocol):
    """Leaves out all the others."""

    def __init__(self, done):
        super().__init__()
        self.done = done

    def do_connection_lost(self, error):
        self.done(error)


class Protocols(unittest.TestCase):
    def check_process(self, protocol):
        self.assertEqual(protocol.calls[0], "made")
        self.assertEqual(protocol.calls[-1], "over")
        self.assertEqual(
            set(protocol.calls[1:-1]),
            {("lost", 0, None), ("lost", 1, None), ("lost", 2, None), "exited"})

    def test_process(self):
        protocols = []

        def start(done):
            protocol = SubprocessLog(done)
            protocols.append(protocol)
            command = Proctor.Command.new_shell("cat; echo oops >&2; exit 5")
            transport = command.open_transport(protocol, None)
            self.assertEqual(transport, protocol.transport)
            self.assertEqual(transport.get_protocol(), protocol)
            self.assertGreater(transport.get_pid(), 0)
            stdin = transport.get_pipe_transport(0)
            self.assertIsInstance(stdin, Proctor.WriteTransport)
            stdin.write(GLib.Bytes.new(b"one\n"))
            stdin.write_all([GLib.Bytes.new(b"two\n"), GLib.Bytes.new(b"three\n")])
            stdin.write_eof()

        self.assertIsNone(run_loop(start))
        protocol, = protocols
        self.check_process(protocol)
        self.assertEqual(protocol.data, {1: b"one\ntwo\nthree\n", 2: b"oops\n"})
        self.assertEqual(protocol.transport.get_returncode(), (True, 5))
        self.assertTrue(protocol.transport.is_closing())
        self.assertIsNone(protocol.transport.get_protocol())

    def test_process_asynchronous(self):
        protocols = []

        def start(done):
            protocols.append(SubprocessLog(done))
            command = Proctor.Command.new(["echo", "hello"])
            command.open_transport_async(
                protocols[0], None,
                lambda source, answer: protocols.append(source.open_transport_finish(answer)))

        run_loop(start)
        protocol, transport = protocols
        self.assertEqual(transport, protocol.transport)
        self.check_process(protocol)
        self.assertEqual(protocol.data[1], b"hello\n")

    def test_error_and_flow(self):
        protocols = []

        def start(done):
            protocol = SubprocessLog(done)
            protocols.append(protocol)
            transport = Proctor.Command.new(["sleep", "1000"]).open_transport(protocol, None)
            stdin = transport.get_pipe_transport(0)
            self.assertEqual(tuple(stdin.get_write_buffer_limits()), (16384, 65536))
            stdin.write(GLib.Bytes.new(bytes(1 << 20)))
            self.assertEqual(protocol.calls, ["made", "pause"])
            self.assertGreater(stdin.get_write_buffer_size(), 65536)
            transport.shut()

        run_loop(start)
        protocol, = protocols
        error, = [call[2] for call in protocol.calls if call[:2] == ("lost", 0)]
        self.assertTrue(error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.BROKEN_PIPE))
        self.assertEqual(protocol.transport.get_returncode(), (True, -signal.SIGKILL))

    def test_pipe(self):
        for connect in (self.connect, self.connect_async):
            read_end, write_end = os.pipe()
            os.write(write_end, b"hello")
            os.close(write_end)
            protocols = []

            def start(done):
                protocols.append(PipeLog(done))
                connect(read_end, protocols[0])

            self.assertIsNone(run_loop(start))
            protocol, = protocols
            self.assertEqual(protocol.calls, ["made", "eof", "over"])
            self.assertEqual(protocol.data, b"hello")

    def connect(self, fd, protocol):
        transport = Proctor.connect_read_pipe(fd, protocol, None)
        self.assertEqual(transport.get_fd(), fd)

    def connect_async(self, fd, protocol):
        Proctor.connect_read_pipe_async(
            fd, protocol, None, lambda source, answer: Proctor.connect_read_pipe_finish(answer))

    def test_write_pipe(self):
        read_end, write_end = os.pipe()

        def start(done):
            transport = Proctor.connect_write_pipe(write_end, OnlyTheEnd(done), None)
            transport.write(GLib.Bytes.new(b"hello"))
            transport.shut()

        self.assertIsNone(run_loop(start))
        self.assertEqual(os.read(read_end, 100), b"hello")
        self.assertEqual(os.read(read_end, 100), b"")
        os.close(read_end)

    def test_regular_file(self):
        with tempfile.TemporaryFile() as file, self.assertRaises(GLib.Error) as caught:
            Proctor.connect_read_pipe(os.dup(file.fileno()), PipeLog(None), None)
        self.assertTrue(
            caught.exception.matches(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_SUPPORTED))


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


class WaitWatcher(Proctor.ChildWatcher):
    """A child watcher of one's own: it looks every millisecond."""

    def __init__(self):
        super().__init__()
        self.pids = {}
        self.n_watched = 0

    def do_watch(self, token, pid):
        if not self.pids:
            GLib.timeout_add(1, self.look)
        self.pids[token] = pid
        self.n_watched += 1
        return True

    def do_unwatch(self, token):
        self.pids.pop(token, None)

    def do_reap_now(self, token):
        if token not in self.pids:
            return
        pid, status = os.waitpid(self.pids[token], os.WNOHANG)
        if pid:
            del self.pids[token]
            self.report(token, status)

    def look(self):
        for token in list(self.pids):
            self.do_reap_now(token)
        return bool(self.pids)


class Watcher(unittest.TestCase):
    def setUp(self):
        self.watcher = WaitWatcher()
        self.watcher.attach(GLib.MainContext.default())
        Proctor.set_child_watcher(self.watcher)

    def tearDown(self):
        Proctor.set_child_watcher(None)

    def test_own(self):
        command = Proctor.Command.new_shell("exit 7")
        result = run_loop(lambda done: command.run_async(
            None, None, lambda source, answer: done(source.run_finish(answer))))
        self.assertEqual(result.get_returncode(), 7)
        self.assertEqual(self.watcher.n_watched, 1)

    def test_own_while_blocked(self):
        result = Proctor.Command.new_shell("echo hello; exit 5").run(None, None)
        self.assertEqual(result.get_returncode(), 5)
        self.assertEqual(result.dup_stdout_utf8(), "hello\n")

    def test_own_and_signals(self):
        process = Proctor.Command.new(["sleep", "1000"]).spawn(None)
        process.terminate()
        self.assertEqual(process.wait(None), (True, -signal.SIGTERM))


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
