/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: each function says its own. */

#include "config.h"

#include "watch/foreign-watcher.h"

#include "base/base-thread.h"
#include "runtime/caller-context.h"
#include "watch/child-tokens.h"
#include "watch/threaded-wait.h"

typedef enum
{
  ERRAND_WATCH,
  ERRAND_UNWATCH,
  ERRAND_DROP,
} ErrandKind;

/* What is to be done in the context. Holds the watcher meanwhile. */
typedef struct
{
  ErrandKind kind;
  guint64 token;
  GPid pid;
} Errand;

/* Errands stand in a queue of our own, and for each of them something is delivered that works off
 * the queue: a thread that is blocked in a call of the library, and so does not run its context,
 * can do that as well.
 */
struct _ForeignWatcher
{
  /* immutable after construction */
  ProctorChildWatcher *watcher; /* borrowed: it owns this */

  /* guarded by errands_lock */
  GMutex errands_lock;
  CallerContext *caller; /* owned; NULL: not attached */
  GQueue errands;        /* of owned Errand, each with a reference to the watcher */
  GHashTable *tokens;    /* set of guint64: what the watcher was told to watch and did not report */
};

typedef struct
{
  Delivery delivery;
  CallerContext *caller;        /* owned */
  ProctorChildWatcher *watcher; /* owned */
  ForeignWatcher *foreign;
} ErrandCall;

ForeignWatcher *
foreign_watcher_new (ProctorChildWatcher *watcher)
{
  ForeignWatcher *self = g_new0 (ForeignWatcher, 1);

  self->watcher = watcher;
  g_mutex_init (&self->errands_lock);
  g_queue_init (&self->errands);
  self->tokens = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  return self;
}

/* There are no errands, since each holds the watcher. */
void
foreign_watcher_free (ForeignWatcher *self)
{
  g_clear_pointer (&self->caller, caller_context_unref);
  g_hash_table_unref (self->tokens);
  g_mutex_clear (&self->errands_lock);
  g_free (self);
}

/* ---- in the context */

static void
begin_watch (ForeignWatcher *self,
             const Errand   *errand)
{
  g_autoptr(ChildId) child = child_tokens_dup (errand->token);
  g_autoptr(GError) error = NULL;
  guint64 *token;

  if (child == NULL)
    return;

  /* Before the call, in which it may be reported already. */
  token = g_new (guint64, 1);
  *token = errand->token;
  g_mutex_lock (&self->errands_lock);
  g_hash_table_add (self->tokens, token);
  g_mutex_unlock (&self->errands_lock);

  if (PROCTOR_CHILD_WATCHER_GET_CLASS (self->watcher)->watch (self->watcher, errand->token,
                                                              errand->pid, &error))
    return;

  /* The process runs, and nobody can be told any more that it should not. */
  foreign_watcher_forget (self, errand->token);
  g_warning ("%s cannot watch process %d (%s); a thread waits for it instead",
             G_OBJECT_TYPE_NAME (self->watcher), (int) errand->pid,
             error != NULL ? error->message : "no reason given");
  g_clear_error (&error);
  if (!threaded_wait_start (self->watcher, child, &error))
    g_warning ("%s", error->message);
}

static void
run_errand (ForeignWatcher *self,
            const Errand   *errand)
{
  switch (errand->kind)
    {
    case ERRAND_WATCH:
      begin_watch (self, errand);
      break;

    case ERRAND_UNWATCH:
      /* It may have reported meanwhile, or never been told of the child. */
      if (foreign_watcher_forget (self, errand->token))
        PROCTOR_CHILD_WATCHER_GET_CLASS (self->watcher)->unwatch (self->watcher, errand->token);
      break;

    case ERRAND_DROP:
    default:
      break;
    }
}

static Errand *
pop_errand (ForeignWatcher *self)
{
  Errand *errand;

  g_mutex_lock (&self->errands_lock);
  errand = g_queue_pop_head (&self->errands);
  g_mutex_unlock (&self->errands_lock);

  return errand;
}

/* The caller holds the watcher. */
static void
run_errands (ForeignWatcher *self)
{
  Errand *errand;

  while ((errand = pop_errand (self)) != NULL)
    {
      run_errand (self, errand);
      g_free (errand);
      g_object_unref (self->watcher);
    }
}

static void
run_errands_in_context (Delivery *delivery)
{
  ErrandCall *call = (ErrandCall *) delivery;

  run_errands (call->foreign);
  g_object_unref (call->watcher);
  caller_context_unref (call->caller);
  g_free (call);
}

static void
look_at_all (ForeignWatcher *self)
{
  g_autofree guint64 *tokens = NULL;
  GHashTableIter iter;
  gpointer token;
  guint n_tokens = 0;

  g_mutex_lock (&self->errands_lock);
  tokens = g_new (guint64, g_hash_table_size (self->tokens));
  g_hash_table_iter_init (&iter, self->tokens);
  while (g_hash_table_iter_next (&iter, &token, NULL))
    tokens[n_tokens++] = *(guint64 *) token;
  g_mutex_unlock (&self->errands_lock);

  for (guint i = 0; i < n_tokens; i++)
    PROCTOR_CHILD_WATCHER_GET_CLASS (self->watcher)->reap_now (self->watcher, tokens[i]);
}

void
foreign_watcher_work (ForeignWatcher *self)
{
  g_autoptr(ProctorChildWatcher) watcher = g_object_ref (self->watcher);

  run_errands (self);
  look_at_all (self);
}

/* ---- from any thread */

static void
push_errand (ForeignWatcher *self,
             ErrandKind      kind,
             guint64         token,
             GPid            pid)
{
  Errand *errand = g_new (Errand, 1);
  ErrandCall *call = NULL;

  *errand = (Errand){ .kind = kind, .token = token, .pid = pid };

  g_mutex_lock (&self->errands_lock);
  if (self->caller != NULL)
    {
      call = g_new0 (ErrandCall, 1);
      call->caller = caller_context_ref (self->caller);
      call->watcher = g_object_ref (self->watcher);
      call->foreign = self;
    }
  g_queue_push_tail (&self->errands, errand);
  g_mutex_unlock (&self->errands_lock);

  if (call != NULL)
    caller_context_post (call->caller, &call->delivery, run_errands_in_context);
}

void
foreign_watcher_watch (ForeignWatcher *self,
                       ChildId        *child)
{
  g_object_ref (self->watcher);
  push_errand (self, ERRAND_WATCH, child_id_get_token (child), child_id_get_pid (child));
}

void
foreign_watcher_unwatch (ForeignWatcher *self,
                         guint64         token)
{
  g_object_ref (self->watcher);
  push_errand (self, ERRAND_UNWATCH, token, 0);
}

void
foreign_watcher_drop (ForeignWatcher *self)
{
  push_errand (self, ERRAND_DROP, 0, 0);
}

gboolean
foreign_watcher_forget (ForeignWatcher *self,
                        guint64         token)
{
  gboolean was_known;

  g_mutex_lock (&self->errands_lock);
  was_known = g_hash_table_remove (self->tokens, &token);
  g_mutex_unlock (&self->errands_lock);

  return was_known;
}

/* What waited for a context is done in the new one. */
void
foreign_watcher_set_context (ForeignWatcher *self,
                             GMainContext   *context)
{
  CallerContext *caller = context != NULL ? caller_context_ref_for (context) : NULL;
  CallerContext *former;
  gboolean has_errands;

  g_mutex_lock (&self->errands_lock);
  former = self->caller;
  self->caller = caller;
  has_errands = caller != NULL && !g_queue_is_empty (&self->errands);
  g_mutex_unlock (&self->errands_lock);

  g_clear_pointer (&former, caller_context_unref);
  if (has_errands)
    {
      g_object_ref (self->watcher);
      foreign_watcher_drop (self);
    }
}

gboolean
foreign_watcher_is_attached (ForeignWatcher *self)
{
  gboolean attached;

  g_mutex_lock (&self->errands_lock);
  attached = self->caller != NULL;
  g_mutex_unlock (&self->errands_lock);

  return attached;
}

gboolean
foreign_watcher_is_here (ForeignWatcher *self)
{
  GMainContext *context = NULL;
  gboolean is_here;

  g_mutex_lock (&self->errands_lock);
  if (self->caller != NULL)
    context = g_main_context_ref (caller_context_get_context (self->caller));
  g_mutex_unlock (&self->errands_lock);

  if (context == NULL)
    return FALSE;

  is_here = g_main_context_is_owner (context) ||
            g_main_context_get_thread_default () == context ||
            (context == g_main_context_default () && thread_is_main ());
  g_main_context_unref (context);
  return is_here;
}
