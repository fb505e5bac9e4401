/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "diagnose/shell-trial.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base-fd.h"
#include "diagnose/trial.h"
#include "watch/exit-info.h"

#define WORD "proctor"
#define SCRIPT "echo " WORD "; kill -TERM $$; exit 3"

/* The kernel needs a moment until it tells the status of a child that it has dropped. */
#define STATUS_LOOKS 20
#define STATUS_LOOK_MS 5

#define SPEAKING_TIME_MS 10000

/* Whether the word has come before the end of the time. What is held by nobody but the shell ends
 * with it.
 */
static gboolean
read_word (int fd)
{
  gint64 deadline = g_get_monotonic_time () + SPEAKING_TIME_MS * G_TIME_SPAN_MILLISECOND;
  struct pollfd pollfd = { .fd = fd, .events = POLLIN };
  char text[sizeof WORD] = "";
  gsize length = 0;

  while (length < strlen (WORD))
    {
      gint64 left = (deadline - g_get_monotonic_time ()) / G_TIME_SPAN_MILLISECOND;
      ssize_t n;

      if (left <= 0 || (poll (&pollfd, 1, (int) left) < 0 && errno != EINTR))
        return FALSE;
      if (pollfd.revents == 0)
        continue;
      n = read (fd, text + length, strlen (WORD) - length);
      if (n == 0 || (n < 0 && errno != EINTR))
        return FALSE;
      length += n > 0 ? (gsize) n : 0;
    }

  return memcmp (text, WORD, strlen (WORD)) == 0;
}

static gboolean
start (int            output,
       SpawnedChild  *child,
       GError       **error)
{
  const char * const argv[] = { SHELL_TRIAL_PATH, "-c", SCRIPT, NULL };
  const char * const candidates[] = { SHELL_TRIAL_PATH, NULL };
  const char * const envp[] = { "LC_ALL=C", NULL };
  const FdMapping fds[] = { { .source = output, .target = STDOUT_FILENO } };
  const SpawnOpen opens[] = {
    { .path = "/dev/null", .flags = O_RDONLY, .target = STDIN_FILENO },
    { .path = "/dev/null", .flags = O_WRONLY, .target = STDERR_FILENO },
  };
  const SpawnRequest request = {
    .argv = argv,
    .envp = envp,
    .candidates = candidates,
    .fds = fds,
    .n_fds = G_N_ELEMENTS (fds),
    .opens = opens,
    .n_opens = G_N_ELEMENTS (opens),
    .process_group = -1,
  };
  SpawnFailure failure;

  if (spawn_child (&request, child, &failure))
    return TRUE;

  g_propagate_error (error, spawn_failure_to_error (&failure, &request));
  return FALSE;
}

/* A status that was not kept may still be had from the kernel, by the pidfd. */
static gboolean
ask_for_status (int  pidfd,
                int *ret_status)
{
  for (guint i = 0; i < STATUS_LOOKS && pidfd >= 0; i++)
    {
      struct pollfd removed = { .fd = pidfd };
      int error_number = exit_info_ask (pidfd, ret_status);

      if (error_number != ESRCH)
        return error_number == 0;
      poll (&removed, 1, STATUS_LOOK_MS);
    }

  return FALSE;
}

static void
finish (ShellTrial   *self,
        SpawnedChild *child)
{
  TrialEnd end;

  trial_reap (child->pid, &end);
  self->hung = end.hung;
  self->kept = end.has_status;
  self->told = !end.has_status && ask_for_status (child->pidfd, &end.status);
  self->obeyed = (self->kept || self->told) && !end.hung && WIFSIGNALED (end.status) &&
                 WTERMSIG (end.status) == SIGTERM;
  fd_clear (&child->pidfd);
}

void
shell_trial_run (ShellTrial *self)
{
  SpawnedChild child;
  int fds[2];

  *self = (ShellTrial) { 0 };
  if (!fd_pipe (fds))
    {
      int error_number = errno;

      g_set_error (&self->error, G_IO_ERROR, g_io_error_from_errno (error_number),
                   _("Could not make a pipe: %s"), g_strerror (error_number));
      return;
    }

  if (start (fds[1], &child, &self->error))
    {
      fd_clear (&fds[1]);
      self->method = child.method;
      self->clone3 = child.clone3;
      self->pidfd = child.pidfd >= 0;
      self->spoke = read_word (fds[0]);
      finish (self, &child);
    }
  fd_clear (&fds[0]);
  fd_clear (&fds[1]);
}

void
shell_trial_clear (ShellTrial *self)
{
  g_clear_error (&self->error);
}
