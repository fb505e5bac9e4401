// The library from JavaScript, through its typelib.
// SPDX-License-Identifier: LGPL-2.1-or-later

imports.gi.versions.Proctor = '1';
const {Gio, GLib, GObject, Proctor} = imports.gi;
const ByteArray = imports.byteArray;

const DEADLINE_SECONDS = 60;

Gio._promisify(Proctor.Command.prototype, 'run_async', 'run_finish');
Gio._promisify(Proctor.Command.prototype, 'spawn_async', 'spawn_finish');
Gio._promisify(Proctor.Process.prototype, 'wait_async', 'wait_finish');
Gio._promisify(Proctor.StreamReader.prototype, 'read_line_utf8_async', 'read_line_utf8_finish');

function equal(actual, expected) {
    if (actual !== expected)
        throw new Error(`${actual} is not ${expected}`);
}

// A child watcher of one's own, on GLib's child watches.
const OwnWatcher = GObject.registerClass(
class OwnWatcher extends Proctor.ChildWatcher {
    vfunc_watch(token, pid) {
        this.watched = (this.watched ?? 0) + 1;
        GLib.child_watch_add(GLib.PRIORITY_DEFAULT, pid, (_pid, status) => this.report(token, status));
        return true;
    }
});

const tests = {
    async run() {
        const command = Proctor.Command.new_shell('echo hello; exit 3');
        const result = await command.run_async(null, null);
        equal(result.get_returncode(), 3);
        equal(result.dup_stdout_utf8(), 'hello\n');
    },

    async input() {
        const input = new GLib.Bytes(Uint8Array.of(0, 255, 10));
        const result = await Proctor.Command.new(['cat']).run_async(input, null);
        equal(ByteArray.fromGBytes(result.get_stdout()).join(), '0,255,10');
    },

    async lines() {
        const command = Proctor.Command.new_shell('echo one; echo two');
        command.set_stdout(Proctor.Stdio.PIPE);
        const process = await command.spawn_async(null);
        const reader = process.get_stdout();
        equal(await reader.read_line_utf8_async(null), 'one\n');
        equal(await reader.read_line_utf8_async(null), 'two\n');
        const [returncode] = await process.wait_async(null);
        equal(returncode, 0);
    },

    async error() {
        try {
            await Proctor.Command.new(['proctor-no-such-program']).run_async(null, null);
        } catch (error) {
            equal(error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_FOUND), true);
            return;
        }
        throw new Error('no error');
    },

    async ownWatcher() {
        const watcher = new OwnWatcher();
        watcher.attach(GLib.MainContext.default());
        Proctor.set_child_watcher(watcher);
        try {
            const result = await Proctor.Command.new_shell('exit 7').run_async(null, null);
            equal(result.get_returncode(), 7);
            equal(watcher.watched, 1);
        } finally {
            Proctor.set_child_watcher(null);
        }
    },
};

async function runAll() {
    let failed = 0;
    let number = 0;

    print(`1..${Object.keys(tests).length}`);
    for (const [name, test] of Object.entries(tests)) {
        number++;
        try {
            await test();
            print(`ok ${number} ${name}`);
        } catch (error) {
            failed++;
            print(`not ok ${number} ${name}`);
            print(`# ${error}`);
        }
    }
    return failed;
}

const loop = new GLib.MainLoop(null, false);
let status = 1;

GLib.timeout_add_seconds(GLib.PRIORITY_DEFAULT, DEADLINE_SECONDS, () => {
    print('Bail out! the deadline has passed');
    loop.quit();
    return GLib.SOURCE_REMOVE;
});
runAll().then(failed => {
    status = failed > 0 ? 1 : 0;
}).finally(() => loop.quit());
loop.run();
imports.system.exit(status);
