/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: MAIN. Only watch(), is_active() and main_child_watcher_wake() may be called from others.
 */

#include "config.h"

#include "watch/main-child-watcher-private.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base-fd.h"
#include "base/base-thread.h"
#include "runtime/caller-context.h"
#include "runtime/event-queue.h"
#include "watch/child-watcher-private.h"
#include "watch/stall-guard.h"
#include "watch/threaded-wait.h"

/* How long the main thread, blocked in a call of the library, sleeps between two looks at children
 * without a pidfd.
 */
#define FALLBACK_MIN_SLEEP_MS 1
#define FALLBACK_MAX_SLEEP_MS 16

#define VANISHED_LOOKS 20
#define VANISHED_LOOK_USEC 1000

/**
 * ProctorMainChildWatcher:
 *
 * The default child watcher: it lives on the main thread.
 *
 * Two limits come with it, those that asyncio documents for its own: the main context
 * ([func@GLib.MainContext.default]) has to be iterated on the main thread for exits to be noticed,
 * and the watcher has to be made there before other threads start processes; [func@init] does that.
 *
 * While the main thread is blocked in a call of this library, exits are noticed, too, and no other
 * source of the main context runs.
 *
 * Thread safety: made, attached and closed on the main thread only.
 *
 * Since: 1.0
 */

/* One watched child. Made by the spawner thread; complete before it is in the event queue. From
 * then on only the main thread touches it, and frees it when the child has been reaped.
 */
typedef struct
{
  EventWatch watch; /* with a pidfd */
  GSource *source;  /* without: a child watch of GLib */
  /* GLib's own pidfd: then it reaps on the main thread when the main context is iterated, else on a
   * thread of its own when SIGCHLD comes. It has none where the system has none, or no fd to spare.
   */
  gboolean glib_has_pidfd;
  /* SIGCHLD was ignored, so that the child may have gone without a word before GLib listened. */
  gboolean statuses_ignored;
  /* That, and nobody could wait for it when GLib, without a pidfd, had not told anything of it. */
  gboolean doubtful;
  ProctorMainChildWatcher *watcher; /* owned */
  ChildId *child;                   /* owned */
} MainWatch;

/* The pidfds of all children stand in one epoll set behind one source of the main context, so that
 * neither an exit nor an iteration of the main loop costs more when there are more of them. Where
 * there are no pidfds each child has a child watch source of GLib, as it would have without this
 * library; GLib then reaps by itself.
 */
struct _ProctorMainChildWatcher
{
  ProctorChildWatcher parent_instance;

  /* immutable after construction */
  EventQueue *events;
  int wake_fd; /* ends a blocking call's sleep */

  /* atomic */
  atomic_bool active;

  /* main only */
  GQueue reaped; /* of owned MainWatch: out of the event queue, not announced yet */

  /* guarded by fallback_lock */
  GMutex fallback_lock;
  GHashTable *fallback_watches; /* set of MainWatch with a GLib source */

  /* guarded by guard_lock */
  GMutex guard_lock;
  StallGuard *guard; /* owned; NULL where there is none */
};

G_DEFINE_FINAL_TYPE (ProctorMainChildWatcher,
                     proctor_main_child_watcher,
                     PROCTOR_TYPE_CHILD_WATCHER)

static GWeakRef last_watcher; /* locks itself */

static void
main_watch_free (MainWatch *self)
{
  g_clear_pointer (&self->source, g_source_unref);
  g_clear_object (&self->watcher);
  g_clear_pointer (&self->child, child_id_unref);
  g_free (self);
}

/* ---- with pidfds */

static void
note_turn_in_main (ProctorMainChildWatcher *self)
{
  g_mutex_lock (&self->guard_lock);
  if (self->guard != NULL)
    stall_guard_note_turn (self->guard);
  g_mutex_unlock (&self->guard_lock);
}

/* The last watch may hold the last reference. */
static void
announce_reaped_in_main (gpointer data)
{
  g_autoptr(ProctorMainChildWatcher) self = g_object_ref (data);
  MainWatch *watch;

  note_turn_in_main (self);
  while ((watch = g_queue_pop_head (&self->reaped)) != NULL)
    {
      child_watcher_announce (PROCTOR_CHILD_WATCHER (self), watch->child);
      main_watch_free (watch);
    }
}

static void
reap_in_main (MainWatch *watch)
{
  /* A readable pidfd need not be a child that can be reaped: a tracer may have it first. The kernel
   * reports again.
   */
  if (!child_id_reap (watch->child))
    return;

  event_queue_remove (watch->watcher->events, &watch->watch);
  g_queue_push_tail (&watch->watcher->reaped, watch);
}

static void
pidfd_ready_in_main (EventWatch *event,
                     EventMask   events)
{
  static gsize complained;
  MainWatch *watch = (MainWatch *) event;

  if (G_UNLIKELY (!thread_is_main ()) && g_once_init_enter (&complained))
    {
      g_critical ("The main context is iterated on another thread than the main thread; "
                  "use another child watcher");
      g_once_init_leave (&complained, 1);
    }

  reap_in_main (watch);
}

/* With the first child, and again when the service was shut down since. */
static void
ensure_guard (ProctorMainChildWatcher *self)
{
  StallGuard *former = NULL;

  g_mutex_lock (&self->guard_lock);
  if (self->guard != NULL && stall_guard_is_closed (self->guard))
    former = g_steal_pointer (&self->guard);
  if (self->guard == NULL)
    self->guard = stall_guard_new (PROCTOR_CHILD_WATCHER (self), self->events);
  g_mutex_unlock (&self->guard_lock);

  g_clear_pointer (&former, stall_guard_free);
}

static gboolean
watch_pidfd (ProctorMainChildWatcher  *self,
             ChildId                  *child,
             GError                  **error)
{
  MainWatch *watch = g_new0 (MainWatch, 1);
  int error_number;

  ensure_guard (self);
  watch->watcher = g_object_ref (self);
  watch->child = child_id_ref (child);
  child_id_set_watch_data (child, watch);
  /* Edges: while a tracer holds an exited child its pidfd stays readable, and the main loop would
   * spin.
   */
  if (event_queue_add (self->events, &watch->watch, child_id_get_pidfd (child),
                       EVENT_IN | EVENT_EDGE, pidfd_ready_in_main))
    {
      if (!event_queue_uses_epoll (self->events))
        main_child_watcher_wake (self);
      return TRUE;
    }

  error_number = errno;
  main_watch_free (watch);
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (error_number),
               _("Could not watch process %d: %s"), (int) child_id_get_pid (child),
               g_strerror (error_number));
  return FALSE;
}

/* ---- without */

/* GLib 2.74 says 0, without a word, where the kernel had no status to give. With pidfds it
 * remembers at least whether it got one: then its prepare says so. Where GLib reaps by SIGCHLD this
 * cannot be told from an exit with 0 as a rule; GLib itself warns there.
 */
static gboolean
glib_made_up_the_status (MainWatch *watch,
                         int        wait_status)
{
  int timeout;

  if (wait_status == 0 && watch->doubtful)
    return TRUE;
  return wait_status == 0 && glib_major_version == 2 && glib_minor_version == 74 &&
         watch->glib_has_pidfd && !watch->source->source_funcs->prepare (watch->source, &timeout);
}

static gboolean
nobody_can_wait_for (MainWatch *watch)
{
  siginfo_t info;

  return waitid (P_PID, (id_t) child_id_get_pid (watch->child), &info,
                 WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD;
}

/* A child that was reaped by others, or by nobody since SIGCHLD was ignored: if that was before
 * GLib listened to SIGCHLD there will be no word of it. GLib's own thread needs a moment between
 * reaping a child and telling that, hence several looks.
 */
static gboolean
has_vanished (MainWatch *watch)
{
  int timeout;

  watch->doubtful = watch->statuses_ignored && nobody_can_wait_for (watch) &&
                    !watch->source->source_funcs->prepare (watch->source, &timeout);
  for (guint i = 0; i < VANISHED_LOOKS; i++)
    {
      if (!nobody_can_wait_for (watch) ||
          watch->source->source_funcs->prepare (watch->source, &timeout))
        return FALSE;
      g_usleep (VANISHED_LOOK_USEC);
    }

  return TRUE;
}

static void
finish_fallback_in_main (MainWatch *watch)
{
  ProctorMainChildWatcher *self = watch->watcher;

  g_mutex_lock (&self->fallback_lock);
  g_hash_table_remove (self->fallback_watches, watch);
  g_mutex_unlock (&self->fallback_lock);

  child_watcher_announce (PROCTOR_CHILD_WATCHER (self), watch->child);
  g_source_destroy (watch->source);
  main_watch_free (watch);
}

static void
glib_child_exited_in_main (GPid     pid,
                           int      wait_status,
                           gpointer data)
{
  MainWatch *watch = data;

  /* A forked copy that runs its main loop has no such child; GLib takes that for an end of it. */
  if (program_is_forked_copy ())
    return;

  child_id_set_outcome (watch->child,
                        glib_made_up_the_status (watch, wait_status) ? NULL : &wait_status);
  finish_fallback_in_main (watch);
}

static gboolean
watch_with_glib (ProctorMainChildWatcher *self,
                 ChildId                 *child)
{
  MainWatch *watch = g_new0 (MainWatch, 1);
  gboolean vanished;

  watch->watcher = g_object_ref (self);
  watch->child = child_id_ref (child);
  child_id_set_watch_data (child, watch);
  /* Before GLib knows of it, since for a child that is gone it makes up a status at the next
   * SIGCHLD, whosesoever that is.
   */
  vanished = nobody_can_wait_for (watch);
  watch->statuses_ignored = child_statuses_are_ignored ();
  watch->source = g_child_watch_source_new (child_id_get_pid (child));
  g_source_set_static_name (watch->source, "[Proctor] child");
  g_source_set_callback (watch->source, G_SOURCE_FUNC (glib_child_exited_in_main), watch, NULL);
  watch->glib_has_pidfd = watch->source->poll_fds != NULL;

  if (vanished || (!watch->glib_has_pidfd && has_vanished (watch)))
    {
      child_id_set_outcome (child, NULL);
      child_watcher_announce (PROCTOR_CHILD_WATCHER (self), child);
      main_watch_free (watch);
      return TRUE;
    }

  /* Both under the lock: once attached, the main thread may finish it at any moment, and looks for
   * it in the set.
   */
  g_mutex_lock (&self->fallback_lock);
  g_hash_table_add (self->fallback_watches, watch);
  g_source_attach (watch->source, g_main_context_default ());
  g_mutex_unlock (&self->fallback_lock);

  /* A main thread that sleeps in a blocking call has to look at this child, too. */
  main_child_watcher_wake (self);
  return TRUE;
}

/* For a main thread that does not run its context: does what the source would do when it is ready.
 */
static void
look_at_fallback_in_main (MainWatch *watch)
{
  int timeout;

  /* TRUE when GLib has reaped it: on its own thread, or in an iteration that has not come to the
   * dispatch yet.
   */
  if (watch->source->source_funcs->prepare (watch->source, &timeout))
    {
      g_autoptr(GSource) source = g_source_ref (watch->source);

      source->source_funcs->dispatch (source, G_SOURCE_FUNC (glib_child_exited_in_main), watch);
      return;
    }

  /* With a pidfd only an iteration would reap, and this thread is the one that could run it. */
  if (watch->glib_has_pidfd)
    {
      if (child_id_reap (watch->child))
        finish_fallback_in_main (watch);
    }
  else if (has_vanished (watch))
    {
      child_id_set_outcome (watch->child, NULL);
      finish_fallback_in_main (watch);
    }
}

/* Whether there were any. */
static gboolean
look_at_all_fallbacks_in_main (ProctorMainChildWatcher *self)
{
  g_autofree gpointer *watches = NULL;
  guint n_watches;

  g_mutex_lock (&self->fallback_lock);
  n_watches = g_hash_table_size (self->fallback_watches);
  if (n_watches > 0)
    watches = g_hash_table_get_keys_as_array (self->fallback_watches, &n_watches);
  g_mutex_unlock (&self->fallback_lock);

  /* Only this thread takes any out of the set, so that none of them goes while the others are
   * looked at.
   */
  for (guint i = 0; i < n_watches; i++)
    look_at_fallback_in_main (watches[i]);

  return n_watches > 0;
}

/* ---- the class */

static gboolean
proctor_main_child_watcher_watch (ProctorChildWatcher  *watcher,
                                  guint64               token,
                                  GPid                  pid,
                                  GError              **error)
{
  ProctorMainChildWatcher *self = PROCTOR_MAIN_CHILD_WATCHER (watcher);
  g_autoptr(ChildId) child = child_watcher_dup_child (token);

  g_return_val_if_fail (child != NULL, FALSE);

  if (child_id_get_pidfd (child) >= 0)
    return watch_pidfd (self, child, error);
  /* GLib reaps without a moment to look at what the child leaves behind. */
  if (child_id_has_tree (child))
    return threaded_wait_start (watcher, child, error);
  return watch_with_glib (self, child);
}

/* The child is reaped all the same; what is reported then, nobody hears. */
static void
proctor_main_child_watcher_unwatch (ProctorChildWatcher *watcher,
                                    guint64              token)
{
}

static void
proctor_main_child_watcher_reap_now (ProctorChildWatcher *watcher,
                                     guint64              token)
{
  ProctorMainChildWatcher *self = PROCTOR_MAIN_CHILD_WATCHER (watcher);
  g_autoptr(ChildId) child = NULL;
  MainWatch *watch;

  if (!thread_is_main ())
    return;

  child = child_watcher_dup_child (token);
  if (child == NULL || child_id_get_outcome (child, NULL))
    return;

  /* A thread reaps it. */
  if (child_id_get_watch_data (child) == NULL)
    return;

  watch = child_id_get_watch_data (child);
  if (watch->source != NULL)
    {
      look_at_fallback_in_main (watch);
    }
  else
    {
      reap_in_main (watch);
      announce_reaped_in_main (self);
    }
}

static gboolean
proctor_main_child_watcher_attach (ProctorChildWatcher  *watcher,
                                   GMainContext         *context,
                                   GError              **error)
{
  if (!thread_is_main ())
    {
      g_set_error_literal (error, PROCTOR_ERROR, PROCTOR_ERROR_NOT_MAIN_THREAD,
                           _("The main child watcher can be attached on the main thread only"));
      return FALSE;
    }
  if (context != g_main_context_default ())
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                           _("The main child watcher works in the main context only"));
      return FALSE;
    }

  atomic_store (&PROCTOR_MAIN_CHILD_WATCHER (watcher)->active, TRUE);
  return TRUE;
}

static void
proctor_main_child_watcher_close (ProctorChildWatcher *watcher)
{
  atomic_store (&PROCTOR_MAIN_CHILD_WATCHER (watcher)->active, FALSE);
}

static gboolean
proctor_main_child_watcher_is_active (ProctorChildWatcher *watcher)
{
  return atomic_load (&PROCTOR_MAIN_CHILD_WATCHER (watcher)->active);
}

/* Each watch holds a reference, so there is none left; and no other thread knows the object any
 * more.
 */
static void
proctor_main_child_watcher_finalize (GObject *object)
{
  ProctorMainChildWatcher *self = PROCTOR_MAIN_CHILD_WATCHER (object);

  if (!program_is_forked_copy ())
    {
      g_clear_pointer (&self->events, event_queue_free);
      fd_clear (&self->wake_fd);
      g_clear_pointer (&self->guard, stall_guard_free);
      g_mutex_clear (&self->guard_lock);
      g_clear_pointer (&self->fallback_watches, g_hash_table_unref);
      g_mutex_clear (&self->fallback_lock);
    }

  G_OBJECT_CLASS (proctor_main_child_watcher_parent_class)->finalize (object);
}

static void
proctor_main_child_watcher_class_init (ProctorMainChildWatcherClass *klass)
{
  ProctorChildWatcherClass *watcher_class = PROCTOR_CHILD_WATCHER_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = proctor_main_child_watcher_finalize;

  watcher_class->watch = proctor_main_child_watcher_watch;
  watcher_class->unwatch = proctor_main_child_watcher_unwatch;
  watcher_class->reap_now = proctor_main_child_watcher_reap_now;
  watcher_class->attach = proctor_main_child_watcher_attach;
  watcher_class->close = proctor_main_child_watcher_close;
  watcher_class->is_active = proctor_main_child_watcher_is_active;
}

static void
proctor_main_child_watcher_init (ProctorMainChildWatcher *self)
{
  child_watcher_set_builtin (PROCTOR_CHILD_WATCHER (self));
  g_mutex_init (&self->fallback_lock);
  g_mutex_init (&self->guard_lock);
  g_queue_init (&self->reaped);
  self->fallback_watches = g_hash_table_new (NULL, NULL);
  self->wake_fd = -1;
}

/**
 * proctor_main_child_watcher_new:
 * @error: return location for an error
 *
 * Makes a child watcher on the main thread, attached to the main context.
 *
 * Errors: %PROCTOR_ERROR_NOT_MAIN_THREAD on any other thread; %PROCTOR_ERROR_FORKED; %G_IO_ERROR if
 * the system has no file descriptor for it.
 *
 * Thread safety: the main thread only.
 *
 * Returns: (transfer full): the watcher
 *
 * Since: 1.0
 */
ProctorChildWatcher *
proctor_main_child_watcher_new (GError **error)
{
  g_autoptr(ProctorMainChildWatcher) self = NULL;
  StdioFilling filling;

  if (!program_check_not_forked (error))
    return NULL;
  if (!thread_is_main ())
    {
      g_set_error_literal (error, PROCTOR_ERROR, PROCTOR_ERROR_NOT_MAIN_THREAD,
                           _("The main child watcher can be made on the main thread only"));
      return NULL;
    }

  self = g_object_new (PROCTOR_TYPE_MAIN_CHILD_WATCHER, NULL);
  self->wake_fd = fd_above_stdio (eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (self->wake_fd < 0)
    {
      int error_number = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (error_number),
                   _("Could not make the main child watcher: %s"), g_strerror (error_number));
      return NULL;
    }

  /* This may be the first to want that context. */
  fd_fill_stdio (&filling);
  self->events = event_queue_new (g_main_context_default (), "[Proctor] children");
  fd_leave_stdio (&filling);
  event_queue_set_batch_func (self->events, announce_reaped_in_main, self);
  /* Who waits in the main context for what has just been announced need not wait for another
   * iteration.
   */
  event_queue_set_turn_func (self->events, caller_context_deliver_in_default);
  atomic_store (&self->active, TRUE);
  g_weak_ref_set (&last_watcher, self);
  return PROCTOR_CHILD_WATCHER (g_steal_pointer (&self));
}

/* ---- blocking calls on the main thread */

ProctorChildWatcher *
main_child_watcher_dup_last (void)
{
  return g_weak_ref_get (&last_watcher);
}

void
main_child_watcher_sleep (ProctorMainChildWatcher *self,
                          gboolean               (*is_over) (gpointer data),
                          gpointer                 data)
{
  int sleep_ms = FALLBACK_MIN_SLEEP_MS;

  g_return_if_fail (thread_is_main ());

  while (!is_over (data))
    {
      gboolean has_fallbacks = look_at_all_fallbacks_in_main (self);
      guint64 count;

      /* That may have been what the caller waits for. */
      if (has_fallbacks && is_over (data))
        return;

      if (event_queue_wait (self->events, self->wake_fd, has_fallbacks ? sleep_ms : -1))
        {
          while (read (self->wake_fd, &count, sizeof count) < 0 && errno == EINTR)
            ;
        }
      sleep_ms = MIN (sleep_ms * 2, FALLBACK_MAX_SLEEP_MS);
    }
}

typedef struct
{
  GSource source;
  ProctorMainChildWatcher *watcher; /* owned */
  int events_fd;                    /* owned; -1: without epoll */
} WorkSource;

static gboolean
work_prepare (GSource *source,
              int     *timeout)
{
  WorkSource *self = (WorkSource *) source;

  /* What cannot be waited for is looked at. */
  if (look_at_all_fallbacks_in_main (self->watcher) || self->events_fd < 0)
    *timeout = FALLBACK_MAX_SLEEP_MS / 2;
  return FALSE;
}

static gboolean
work_check (GSource *source)
{
  return TRUE;
}

static gboolean
work_dispatch (GSource     *source,
               GSourceFunc  callback,
               gpointer     data)
{
  WorkSource *self = (WorkSource *) source;
  guint64 count;

  while (event_queue_wait (self->watcher->events, self->watcher->wake_fd, 0))
    {
      if (read (self->watcher->wake_fd, &count, sizeof count) < 0 && errno != EINTR)
        break;
    }
  return G_SOURCE_CONTINUE;
}

static void
work_finalize (GSource *source)
{
  WorkSource *self = (WorkSource *) source;

  g_object_unref (self->watcher);
  fd_clear (&self->events_fd);
}

static GSourceFuncs work_source_funcs = {
  .prepare = work_prepare,
  .check = work_check,
  .dispatch = work_dispatch,
  .finalize = work_finalize,
};

GSource *
main_child_watcher_new_work_source (ProctorMainChildWatcher *self)
{
  GSource *source = g_source_new (&work_source_funcs, sizeof (WorkSource));
  WorkSource *work = (WorkSource *) source;

  work->watcher = g_object_ref (self);
  work->events_fd = event_queue_dup_fd (self->events);
  if (work->events_fd >= 0)
    g_source_add_unix_fd (source, work->events_fd, G_IO_IN);
  g_source_add_unix_fd (source, self->wake_fd, G_IO_IN);
  g_source_set_static_name (source, "[Proctor] children, meanwhile");
  return source;
}

void
main_child_watcher_wake (ProctorMainChildWatcher *self)
{
  guint64 one = 1;

  while (write (self->wake_fd, &one, sizeof one) < 0 && errno == EINTR)
    ;
}
