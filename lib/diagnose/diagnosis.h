/* All that is looked at, and what several looks share.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "diagnose/finding.h"
#include "diagnose/shell-trial.h"
#include "diagnose/trial-child.h"

G_BEGIN_DECLS

/* Thread: ANY. Made for one diagnosis, on the stack of who makes it. */
typedef struct
{
  /* immutable after construction */
  gboolean asked_on_main_thread;
  sigset_t blocked; /* in the thread that has asked */

  /* what was tried; errors are owned and NULL where the trial came to its end */
  PidfdTrial pidfd;
  GError *pidfd_error;
  CloneTrial clone;
  GError *clone_error;
  ShellTrial shell;
} Diagnosis;

/* What a check gives is the caller's. */
typedef ProctorFinding *(*DiagnosisCheck) (Diagnosis *self);

/* Every name only once, in the order in which people want to read them. */
extern const DiagnosisCheck diagnosis_checks[];
extern const guint diagnosis_n_checks;

/* In the thread that asks. */
void diagnosis_init (Diagnosis *self);

/* The trials that several checks look at; any thread, before the checks. */
void diagnosis_try (Diagnosis *self);
void diagnosis_clear (Diagnosis *self);

/* check-kernel.c */
ProctorFinding *check_kernel (Diagnosis *self);
ProctorFinding *check_glib (Diagnosis *self);
ProctorFinding *check_pidfd (Diagnosis *self);
ProctorFinding *check_exit_info (Diagnosis *self);
ProctorFinding *check_clone_vm (Diagnosis *self);
ProctorFinding *check_clone3 (Diagnosis *self);
ProctorFinding *check_close_range (Diagnosis *self);

/* check-exits.c */
ProctorFinding *check_sigchld (Diagnosis *self);
ProctorFinding *check_signals (Diagnosis *self);
ProctorFinding *check_parent_death (Diagnosis *self);

/* check-limits.c */
ProctorFinding *check_fds (Diagnosis *self);
ProctorFinding *check_processes (Diagnosis *self);
ProctorFinding *check_pipes (Diagnosis *self);

/* check-environment.c */
ProctorFinding *check_proc (Diagnosis *self);
ProctorFinding *check_path (Diagnosis *self);
ProctorFinding *check_shell (Diagnosis *self);

/* check-sandbox.c */
ProctorFinding *check_cgroup (Diagnosis *self);
ProctorFinding *check_seccomp (Diagnosis *self);
ProctorFinding *check_container (Diagnosis *self);

/* check-ways.c */
ProctorFinding *check_spawn (Diagnosis *self);
ProctorFinding *check_watcher (Diagnosis *self);

/* ---- helpers of the checks */

/* The reason for a step of a trial that did not work, to be freed. */
char *diagnosis_dup_reason (int result);

/* That a trial did not come to its end, because of @error. */
void diagnosis_say_untried (ProctorFinding *finding,
                            const GError   *error);

/* Sets @key to the name of the errno, "ok", or "not-tried". */
void diagnosis_set_result (ProctorFinding *finding,
                           const char     *key,
                           int             result);

/* A number in a file of /proc or /sys: FALSE where there is none. "max" is G_MAXUINT64. */
gboolean diagnosis_read_number (const char *path,
                                guint64    *ret_number);

/* A limit, for people: its number or "unlimited"; to be freed. */
char *diagnosis_dup_limit (guint64 limit);

/* As JSON and other languages can hold it: -1 stands for "unlimited". */
GVariant *diagnosis_limit_to_variant (guint64 limit);

G_END_DECLS
