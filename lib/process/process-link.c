/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "process/process-link.h"

#include "base/base-macros.h"

/* The actor is told by a message, the handle by a notice in the owner's context: a notice can be
 * taken back when the handle goes, and does not pile up where nobody iterates that context.
 *
 * The handle's notice holds a reference to the link while it is pending. Nobody holds one to the
 * handle. The owner's context is held as long as there is a handle, and let go where that is
 * finalized: it may end with this reference, and with it whatever of the user's is attached to it.
 */
struct _ProcessLink
{
  gatomicrefcount ref_count;

  /* immutable after construction */
  MessageFunc actor_func;

  /* the reporting thread's, once, and then the actor's */
  Actor *actor; /* owned until the exit is reported */
  Message exited_message;

  /* guarded by handle_lock, which is taken before the owner's own lock */
  GMutex handle_lock;
  CallerContext *owner; /* while there is a handle */
  ProcessExitedFunc handle_func;
  ProcessExitedFunc state_func;
  gboolean exited;
  gboolean notified;
  gboolean state_pending; /* the notice is on its way */
  gboolean let_go;
  gboolean listed;        /* there is, or was, a record */
  ProcessRecord *record;  /* owned; until it has exited or was let go, since it holds the child,
                           * which holds this */

  Notice notice;       /* guarded by the owner's own lock */
  Notice state_notice; /* the same */
  GWeakRef handle;  /* locks itself */
};

ProcessLink *
process_link_new (Actor       *actor,
                  MessageFunc  exited_func)
{
  ProcessLink *self = g_new0 (ProcessLink, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->actor = actor_ref (actor);
  self->actor_func = exited_func;
  g_mutex_init (&self->handle_lock);
  g_weak_ref_init (&self->handle, NULL);
  return self;
}

ProcessLink *
process_link_ref (ProcessLink *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
process_link_unref (ProcessLink *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  process_link_abandon (self);
  g_clear_pointer (&self->record, process_record_unref);
  g_weak_ref_clear (&self->handle);
  g_mutex_clear (&self->handle_lock);
  g_free (self);
}

void
process_link_abandon (ProcessLink *self)
{
  g_clear_pointer (&self->actor, actor_unref);
}

static void
tell_handle (Notice *notice)
{
  ProcessLink *self = CONTAINER_OF (notice, ProcessLink, notice);
  g_autoptr(ProctorProcess) process = g_weak_ref_get (&self->handle);

  if (process != NULL)
    self->handle_func (process);
  process_link_unref (self);
}

static void
tell_state (Notice *notice)
{
  ProcessLink *self = CONTAINER_OF (notice, ProcessLink, state_notice);
  g_autoptr(ProctorProcess) process = g_weak_ref_get (&self->handle);

  g_mutex_lock (&self->handle_lock);
  self->state_pending = FALSE;
  g_mutex_unlock (&self->handle_lock);

  if (process != NULL)
    self->state_func (process);
  process_link_unref (self);
}

/* Several changes in a row are one: the handle looks at the state itself. */
void
process_link_state_changed (ProcessLink *self)
{
  g_mutex_lock (&self->handle_lock);
  if (self->owner != NULL && !self->exited && !self->state_pending)
    {
      self->state_pending = TRUE;
      process_link_ref (self);
      caller_context_notify (self->owner, &self->state_notice, tell_state);
    }
  g_mutex_unlock (&self->handle_lock);

  process_link_tell_lists (self);
}

/* Once both are known: the exit and the handle. Under the lock, so that a handle that goes at this
 * moment finds the notice, and takes it back.
 */
static void
notify_if_due_locked (ProcessLink *self)
{
  if (!self->exited || self->owner == NULL || self->notified)
    return;

  self->notified = TRUE;
  process_link_ref (self);
  caller_context_notify (self->owner, &self->notice, tell_handle);
}

void
process_link_child_exited (ChildId *child,
                           gpointer link)
{
  ProcessLink *self = link;
  Actor *actor = g_steal_pointer (&self->actor);
  g_autoptr(ProcessRecord) record = NULL;

  g_mutex_lock (&self->handle_lock);
  self->exited = TRUE;
  record = g_steal_pointer (&self->record);
  notify_if_due_locked (self);
  g_mutex_unlock (&self->handle_lock);

  if (G_UNLIKELY (record != NULL))
    process_record_changed (record);
  if (actor != NULL)
    {
      actor_post_and_help (actor, &self->exited_message, self->actor_func);
      actor_unref (actor);
    }
}

void
process_link_set_handle (ProcessLink       *self,
                         ProctorProcess    *process,
                         CallerContext     *owner,
                         ProcessExitedFunc  exited_func,
                         ProcessExitedFunc  state_func)
{
  g_weak_ref_set (&self->handle, process);

  g_mutex_lock (&self->handle_lock);
  self->handle_func = exited_func;
  self->state_func = state_func;
  self->owner = owner;
  notify_if_due_locked (self);
  g_mutex_unlock (&self->handle_lock);
}

void
process_link_clear_handle (ProcessLink *self)
{
  CallerContext *owner;

  g_mutex_lock (&self->handle_lock);
  owner = g_steal_pointer (&self->owner);
  g_mutex_unlock (&self->handle_lock);

  if (owner == NULL)
    return;
  if (caller_context_take_back (owner, &self->notice))
    process_link_unref (self);
  if (caller_context_take_back (owner, &self->state_notice))
    process_link_unref (self);
  caller_context_unref (owner);
}

/* ---- lists of processes */

void
process_link_tell_lists (ProcessLink *self)
{
  g_autoptr(ProcessRecord) record = NULL;

  g_mutex_lock (&self->handle_lock);
  if (self->record != NULL)
    record = process_record_ref (self->record);
  g_mutex_unlock (&self->handle_lock);

  if (record != NULL)
    process_record_changed (record);
}

ProcessRecord *
process_link_ref_record (ProcessLink *self,
                         ChildId     *child,
                         CommandSpec *spec,
                         gint64       start_time,
                         gint64       start_monotonic,
                         ListedWhen   when)
{
  ProcessRecord *record = NULL;

  g_mutex_lock (&self->handle_lock);
  if (self->record != NULL)
    {
      record = process_record_ref (self->record);
    }
  else if (!self->listed && (when == LISTED_ALWAYS || !(self->exited || self->let_go)))
    {
      record = process_record_new (child, spec, start_time, start_monotonic);
      self->listed = TRUE;
      if (!self->exited && !self->let_go)
        self->record = process_record_ref (record);
    }
  g_mutex_unlock (&self->handle_lock);

  return record;
}

void
process_link_let_go (ProcessLink *self)
{
  g_autoptr(ProcessRecord) record = NULL;

  g_mutex_lock (&self->handle_lock);
  self->let_go = TRUE;
  record = g_steal_pointer (&self->record);
  g_mutex_unlock (&self->handle_lock);

  if (record != NULL)
    {
      g_atomic_int_set (&record->let_go, TRUE);
      process_record_changed (record);
    }
}
