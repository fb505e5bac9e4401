// The same program as example-tour.c, .py and .vala.
// SPDX-License-Identifier: LGPL-2.1-or-later

imports.gi.versions.Proctor = '1';
const {Gio, GLib, Proctor} = imports.gi;

// guide: promises
Gio._promisify(Proctor, 'gather_async', 'gather_finish');
Gio._promisify(Proctor.Command.prototype, 'run_async', 'run_finish');
Gio._promisify(Proctor.Command.prototype, 'run_check_async', 'run_check_finish');
Gio._promisify(Proctor.Command.prototype, 'spawn_async', 'spawn_finish');
Gio._promisify(Proctor.Process.prototype, 'stop_async', 'stop_finish');
Gio._promisify(Proctor.Process.prototype, 'wait_check_async', 'wait_check_finish');
Gio._promisify(Proctor.StreamReader.prototype, 'read_line_utf8_async', 'read_line_utf8_finish');
Gio._promisify(Proctor.StreamWriter.prototype, 'drain_async', 'drain_finish');
// guide: end

// guide: capture
// Outputs are bytes. Arguments are, too, but a string of JavaScript becomes UTF-8: what is none,
// as this Latin-1, has to come from the shell.
async function capture() {
    const command = Proctor.Command.new_shell('printf %s "$(printf "caf\\351")"');
    const result = await command.run_check_async(null, null);
    const bytes = result.get_stdout().toArray();
    print('bytes:', Array.from(bytes, byte => byte.toString(16)).join(' '));
}
// guide: end

// guide: lines
async function lines() {
    const command = Proctor.Command.new_shell('for i in 1 2 3; do echo line $i; done');
    command.set_stdout(Proctor.Stdio.PIPE);
    const process = await command.spawn_async(null);
    let line;
    while ((line = await process.get_stdout().read_line_utf8_async(null)) !== null)
        print(line.trimEnd());
    await process.wait_check_async(null);
}
// guide: end

// guide: stdin
async function feed() {
    const command = Proctor.Command.new(['tr', 'a-z', 'A-Z']);
    command.set_stdin(Proctor.Stdio.PIPE);
    command.set_stdout(Proctor.Stdio.PIPE);
    const process = await command.spawn_async(null);
    process.get_stdin().queue(new TextEncoder().encode('upper case\n'));
    process.get_stdin().write_eof();
    await process.get_stdin().drain_async(null);
    const line = await process.get_stdout().read_line_utf8_async(null);
    print(line.trimEnd());
    await process.wait_check_async(null);
}
// guide: end

// guide: group
// Two at a time.
async function group() {
    const commands = [0, 1, 2, 3].map(i => Proctor.Command.new_shell(`exit ${i}`));
    const results = await Proctor.gather_async(commands, 2, null);
    print('codes:', results.map(result => result.get_returncode()).join(' '));
}
// guide: end

// guide: stop
// SIGTERM, and if it is still there after five seconds, SIGKILL.
async function stop() {
    const process = await Proctor.Command.new(['sleep', '1000']).spawn_async(null);
    await process.stop_async(5 * GLib.USEC_PER_SEC, null);
    const [known, returncode] = process.get_returncode();
    print('stopped:', known ? returncode : 'the status is lost');
}
// guide: end

// guide: errors
async function errors() {
    try {
        await Proctor.Command.new(['no-such-program']).run_async(null, null);
    } catch (error) {
        if (error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_FOUND))
            print('there is no such program');
    }

    try {
        await Proctor.Command.new_shell('exit 3').run_check_async(null, null);
    } catch (error) {
        if (error.matches(Proctor.Error, Proctor.Error.EXIT_STATUS))
            print('it has failed');
    }
}
// guide: end

const loop = new GLib.MainLoop(null, false);
let status = 0;

async function main() {
    await capture();
    await lines();
    await feed();
    await group();
    await stop();
    await errors();
}

main().catch(error => {
    printerr(error);
    status = 1;
}).finally(() => loop.quit());
loop.run();
imports.system.exit(status);
