/* How a child between clone and exec says what it is trying, and ends. The rules for such code
 * stand at the beginning of spawn-child.c.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: CHILD. */

#pragma once

#include "spawn/spawn-child.h"
#include "spawn/spawn-kernel.h"

G_BEGIN_DECLS

#if defined (__has_attribute)
#if __has_attribute (disable_sanitizer_instrumentation)
#define WITHOUT_INSTRUMENTATION __attribute__ ((disable_sanitizer_instrumentation))
#endif
#endif
#ifndef WITHOUT_INSTRUMENTATION
#define WITHOUT_INSTRUMENTATION
#endif

#define IN_CHILD \
  WITHOUT_INSTRUMENTATION __attribute__ ((no_sanitize ("address", "thread", "undefined")))

/* What a shell says for "could not be executed"; nobody sees it, the report says more. */
#define EXIT_NOT_EXECUTED 127

IN_CHILD static inline _Noreturn void
leave (int code)
{
  for (;;)
    syscall (SYS_exit_group, code);
}

/* Of a child that does not share memory. A record fits into a pipe in one piece. */
IN_CHILD static inline void
send_report (SpawnChildJob *job)
{
  if (job->report_fd >= 0)
    syscall (SYS_write, job->report_fd, &job->report, sizeof job->report);
}

/* Said before a step is tried: a child that is killed in it must not be mistaken for a success. */
IN_CHILD static inline void
enter_step (SpawnChildJob *job,
            SpawnStep      step,
            int            index)
{
  job->report.step = step;
  job->report.index = index;
  send_report (job);
}

IN_CHILD static inline _Noreturn void
fail (SpawnChildJob *job,
      int            errnum)
{
  job->report.errnum = errnum;
  send_report (job);
  leave (EXIT_NOT_EXECUTED);
}

G_END_DECLS
