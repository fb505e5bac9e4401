// Uses the installed library from Vala, as program.c does from C.
// SPDX-License-Identifier: LGPL-2.1-or-later

int main () {
    try {
        var result = new Proctor.Command ({ "echo", "installed" }).run_check (null);
        print ("%d.%d.%d %s", Proctor.MAJOR_VERSION, Proctor.MINOR_VERSION, Proctor.MICRO_VERSION,
               result.dup_stdout_utf8 ());
        return 0;
    } catch (Error error) {
        printerr ("%s\n", error.message);
        return 1;
    }
}
