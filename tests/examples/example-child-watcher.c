/* A child watcher of one's own: it notices exits by pidfd sources in its context, and reaps with a
 * waitid of its own.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <proctor/proctor.h>

#include <errno.h>
#include <glib-unix.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* guide: type */
typedef struct
{
  ProctorChildWatcher parent_instance;
  GMainContext *context;
  GHashTable *children; /* token → Child */
} WaitidWatcher;

typedef ProctorChildWatcherClass WaitidWatcherClass;

typedef struct
{
  WaitidWatcher *watcher;
  guint64 token;
  GPid pid;
  int pidfd;
  GSource *source;
} Child;

GType waitid_watcher_get_type (void);
G_DEFINE_TYPE (WaitidWatcher, waitid_watcher, PROCTOR_TYPE_CHILD_WATCHER)
/* guide: end */

static void
child_free (gpointer data)
{
  Child *child = data;

  g_source_destroy (child->source);
  g_source_unref (child->source);
  close (child->pidfd);
  g_free (child);
}

/* guide: report */
/* Reports the exit if there is one. */
static void
look_at (Child *child)
{
  WaitidWatcher *self = child->watcher;
  guint64 token = child->token;
  int wait_status = -1; /* what is reported where another part of the program was faster */
  siginfo_t info = { 0 };

  if (waitid (P_PID, (id_t) child->pid, &info, WEXITED | WNOHANG) == 0)
    {
      if (info.si_pid == 0)
        return;
      wait_status = info.si_code == CLD_EXITED ? W_EXITCODE (info.si_status, 0) : info.si_status;
    }

  g_hash_table_remove (self->children, &token);
  proctor_child_watcher_report (PROCTOR_CHILD_WATCHER (self), token, wait_status);
}
/* guide: end */

static gboolean
pidfd_ready (int          fd,
             GIOCondition condition,
             gpointer     data)
{
  look_at (data);
  return G_SOURCE_CONTINUE;
}

/* guide: watch */
static gboolean
waitid_watcher_watch (ProctorChildWatcher  *watcher,
                      guint64               token,
                      GPid                  pid,
                      GError              **error)
{
  WaitidWatcher *self = (WaitidWatcher *) watcher;
  int pidfd = (int) syscall (SYS_pidfd_open, pid, 0);
  Child *child;

  if (pidfd < 0)
    {
      int error_number = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (error_number), "No pidfd: %s",
                   g_strerror (error_number));
      return FALSE;
    }

  child = g_new0 (Child, 1);
  child->watcher = self;
  child->token = token;
  child->pid = pid;
  child->pidfd = pidfd;
  child->source = g_unix_fd_source_new (pidfd, G_IO_IN);
  g_source_set_callback (child->source, G_SOURCE_FUNC (pidfd_ready), child, NULL);
  g_hash_table_insert (self->children, &child->token, child);
  g_source_attach (child->source, self->context);
  return TRUE;
}
/* guide: end */

/* guide: unwatch */
static void
waitid_watcher_unwatch (ProctorChildWatcher *watcher,
                        guint64              token)
{
  g_hash_table_remove (((WaitidWatcher *) watcher)->children, &token);
}

/* With this, blocking calls can be made in the thread that runs the watcher's context. */
static void
waitid_watcher_reap_now (ProctorChildWatcher *watcher,
                         guint64              token)
{
  Child *child = g_hash_table_lookup (((WaitidWatcher *) watcher)->children, &token);

  if (child != NULL)
    look_at (child);
}

static gboolean
waitid_watcher_attach (ProctorChildWatcher  *watcher,
                       GMainContext         *context,
                       GError              **error)
{
  ((WaitidWatcher *) watcher)->context = context;
  return TRUE;
}
/* guide: end */

static void
waitid_watcher_finalize (GObject *object)
{
  g_hash_table_unref (((WaitidWatcher *) object)->children);

  G_OBJECT_CLASS (waitid_watcher_parent_class)->finalize (object);
}

/* guide: class */
static void
waitid_watcher_class_init (WaitidWatcherClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = waitid_watcher_finalize;
  klass->watch = waitid_watcher_watch;
  klass->unwatch = waitid_watcher_unwatch;
  klass->reap_now = waitid_watcher_reap_now;
  klass->attach = waitid_watcher_attach;
}
/* guide: end */

static void
waitid_watcher_init (WaitidWatcher *self)
{
  self->children = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, child_free);
}

static void
ended (GObject      *source,
       GAsyncResult *result,
       gpointer      data)
{
  g_autoptr(GError) error = NULL;
  int returncode;

  if (proctor_process_wait_finish (PROCTOR_PROCESS (source), result, &returncode, &error))
    g_print ("ended with %d\n", returncode);
  else
    g_printerr ("%s\n", error->message);
  g_main_loop_quit (data);
}

static gboolean
use (GError **error)
{
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr(ProctorCommand) command = proctor_command_new ("sh", "-c", "exit 3", NULL);
  g_autoptr(ProctorCommand) blocking = proctor_command_new ("echo", "and blocking", NULL);
  g_autoptr(ProctorProcess) process = NULL;
  g_autoptr(ProctorResult) result = NULL;
  g_autofree char *text = NULL;

  process = proctor_command_spawn (command, NULL, error);
  if (process == NULL)
    return FALSE;
  proctor_process_wait_async (process, NULL, ended, loop);
  g_main_loop_run (loop);

  result = proctor_command_run_check (blocking, NULL, NULL, error);
  if (result == NULL || (text = proctor_result_dup_stdout_utf8 (result, error)) == NULL)
    return FALSE;
  g_print ("%s", text);
  return TRUE;
}

/* guide: use */
int
main (void)
{
  g_autoptr(ProctorChildWatcher) watcher = g_object_new (waitid_watcher_get_type (), NULL);
  g_autoptr(GError) error = NULL;

  if (!proctor_child_watcher_attach (watcher, g_main_context_default (), &error) ||
      !proctor_set_child_watcher (watcher, &error) || !use (&error) ||
      !proctor_shutdown (PROCTOR_SHUTDOWN_STOP, NULL, &error))
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }
  return 0;
}
/* guide: end */
