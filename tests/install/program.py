# Uses the installed library from Python, as program.c does from C.
# SPDX-License-Identifier: LGPL-2.1-or-later

import gi

gi.require_version("Proctor", "1")
from gi.repository import Proctor  # noqa: E402

result = Proctor.Command.new(["echo", "installed"]).run_check(None, None)
version = f"{Proctor.MAJOR_VERSION}.{Proctor.MINOR_VERSION}.{Proctor.MICRO_VERSION}"
print(version, result.dup_stdout_utf8(), end="")
