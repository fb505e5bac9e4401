/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include <proctor/proctor.h>

#include "base/base-thread.h"
#include "inspect/inspect-service.h"
#include "runtime/worker.h"

/**
 * proctor_inspect_start:
 * @error: return location for an error
 *
 * Lets `proctor inspect`, run by the same user, look into this program: at its processes with their
 * arguments, their pipes and who waits for them, and at the library's own threads; and signal and
 * stop these processes. Environment variables are never shown, nor what goes through the pipes.
 *
 * The program is found on the session bus; where there is none, at a socket in `XDG_RUNTIME_DIR`.
 * A thread of its own answers, also while the main loop or a worker is stuck. Without this nothing
 * listens.
 *
 * The environment variable `PROCTOR_INSPECT` does the same for a program that never calls this,
 * from its first process on: `1`, or `bus` or `socket` for only one of the two.
 *
 * [func@shutdown] ends it until the service starts again. Where it has been started already this
 * does nothing.
 *
 * Errors: what opening the socket, or connecting to the bus says; %G_IO_ERROR_PERMISSION_DENIED
 * where others may enter the socket's folder; %G_IO_ERROR_NOT_SUPPORTED where the library was built
 * without it; %PROCTOR_ERROR_FORKED, %PROCTOR_ERROR_WOULD_DEADLOCK.
 *
 * Returns: whether the program can be looked into now
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
gboolean
proctor_inspect_start (GError **error)
{
  return program_check_not_forked (error) && worker_check_may_block (error) &&
         inspect_service_start (error);
}

/**
 * proctor_inspect_stop:
 *
 * Ends what [func@inspect_start] or `PROCTOR_INSPECT` has begun: nobody can look into this program
 * when it returns. Does nothing where nobody could.
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
void
proctor_inspect_stop (void)
{
  if (!program_is_forked_copy ())
    inspect_service_stop ();
}
