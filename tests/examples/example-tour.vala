// The same program as example-tour.c, .py and .js.
// SPDX-License-Identifier: LGPL-2.1-or-later

// guide: capture
// Arguments and outputs are bytes. These are Latin-1, and no UTF-8.
async void capture () throws Error {
    var command = new Proctor.Command ({ "printf", "%s", "caf\xe9" });
    var result = yield command.run_check_async (null, null);
    print ("bytes:");
    foreach (uint8 byte in result.get_stdout ().get_data ())
        print (" %02x", byte);
    print ("\n");
}
// guide: end

// guide: lines
async void lines () throws Error {
    var command = new Proctor.Command.shell ("for i in 1 2 3; do echo line $i; done");
    command.set_stdout (PIPE);
    var process = yield command.spawn_async (null);
    string? line;
    while ((line = yield process.get_stdout ().read_line_utf8_async (null)) != null)
        print ("%s", line);
    yield process.wait_check_async (null);
}
// guide: end

// guide: stdin
async void feed () throws Error {
    var command = new Proctor.Command ({ "tr", "a-z", "A-Z" });
    command.set_stdin (PIPE);
    command.set_stdout (PIPE);
    var process = yield command.spawn_async (null);
    yield process.get_stdin ().write_all_async ("upper case\n".data, Priority.DEFAULT, null, null);
    yield process.get_stdin ().close_async ();
    print ("%s", yield process.get_stdout ().read_line_utf8_async (null));
    yield process.wait_check_async (null);
}
// guide: end

// guide: group
// Two at a time.
async void group () throws Error {
    Proctor.Command[] commands = {};
    for (int i = 0; i < 4; i++)
        commands += new Proctor.Command.shell (@"exit $i");
    var results = yield Proctor.gather_async (commands, 2, null);
    print ("codes:");
    foreach (var result in results)
        print (" %d", result.get_returncode ());
    print ("\n");
}
// guide: end

// guide: stop
// SIGTERM, and if it is still there after five seconds, SIGKILL.
async void stop () throws Error {
    var process = yield new Proctor.Command ({ "sleep", "1000" }).spawn_async (null);
    int returncode;
    yield process.stop_async (5 * TimeSpan.SECOND, null);
    if (process.get_returncode (out returncode))
        print ("stopped: %d\n", returncode);
}
// guide: end

// guide: errors
async void errors () throws Error {
    try {
        yield new Proctor.Command ({ "no-such-program" }).run_async (null, null);
    } catch (IOError.NOT_FOUND error) {
        print ("there is no such program\n");
    }

    try {
        yield new Proctor.Command.shell ("exit 3").run_check_async (null, null);
    } catch (Proctor.Error.EXIT_STATUS error) {
        print ("it has failed\n");
    }
}
// guide: end

async void tour () throws Error {
    yield capture ();
    yield lines ();
    yield feed ();
    yield group ();
    yield stop ();
    yield errors ();
}

int main () {
    var loop = new MainLoop ();
    int status = 0;

    tour.begin ((source, answer) => {
        try {
            tour.end (answer);
        } catch (Error error) {
            printerr ("%s\n", error.message);
            status = 1;
        }
        loop.quit ();
    });
    loop.run ();
    return status;
}
