/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: WORKER. */

#include "config.h"

#include "process/process-actor-private.h"

#include <signal.h>

#include "base/base-macros.h"

/* Whoever wants the process to end has a plan and goes through it on his own: each stop that was
 * asked for, and the actor itself (a timeout, a cancelled run, the end of the service …). A signal
 * that one plan has sent is not sent again by another that comes to it.
 *
 * All of them are over when the process exits. If it has a tree, the plans go on with what is left
 * of that, and are over when nothing is. That it is gone no fd tells without pidfds, so it is
 * looked at every few milliseconds; only while something is being stopped, and only after the exit.
 */

#define FIRST_TREE_PERIOD (1 * G_TIME_SPAN_MILLISECOND)
#define LONGEST_TREE_PERIOD (20 * G_TIME_SPAN_MILLISECOND)

/* Longer than this after SIGKILL a process is stuck in the kernel. */
#define TREE_PATIENCE (2 * G_TIME_SPAN_SECOND)

static void look_at_tree_in_worker (Timer *timer);
static void run_plans (ProcessActor *self);

static gint64
now (void)
{
  return g_get_monotonic_time ();
}

static gboolean
is_stopping (ProcessActor *self)
{
  return self->own_plan != NULL || !g_queue_is_empty (&self->stops);
}

/* ---- the steps */

static void
send (ProcessActor *self,
      int           signum)
{
  child_id_signal_whoever_is_left (self->child, signum);
}

/* Whether another plan that goes on has sent this signal, as often as @progress now wants it. */
static gboolean
was_sent_by_another (ProcessActor       *self,
                     const StopProgress *progress,
                     int                 signum)
{
  guint wanted = stop_progress_count (progress, signum);

  if (self->own_plan != NULL && progress != &self->own_progress &&
      stop_progress_count (&self->own_progress, signum) >= wanted)
    return TRUE;
  for (GList *link = self->stops.head; link != NULL; link = link->next)
    {
      const Operation *stop = link->data;

      if (&stop->progress != progress && stop_progress_count (&stop->progress, signum) >= wanted)
        return TRUE;
    }

  return FALSE;
}

/* A suspended process would not see any other signal than SIGKILL. */
static void
take_steps (ProcessActor *self,
            StopProgress *progress)
{
  int signum;

  while ((signum = stop_progress_take_step (progress, now ())) != 0)
    {
      if (signum == SIGKILL)
        {
          send (self, SIGKILL);
          self->tree_patience_ends = now () + TREE_PATIENCE;
        }
      else if (!was_sent_by_another (self, progress, signum))
        {
          send (self, signum);
          if (signum != SIGSTOP)
            send (self, SIGCONT);
        }
    }
}

static void
step_in_worker (Timer *timer)
{
  run_plans (CONTAINER_OF (timer, ProcessActor, stop_timer));
}

static void
run_plans (ProcessActor *self)
{
  gint64 deadline = G_MAXINT64;

  if (self->own_plan != NULL)
    {
      take_steps (self, &self->own_progress);
      deadline = self->own_progress.deadline;
    }
  for (GList *link = self->stops.head; link != NULL; link = link->next)
    {
      Operation *stop = link->data;

      take_steps (self, &stop->progress);
      deadline = MIN (deadline, stop->progress.deadline);
    }

  if (deadline == G_MAXINT64)
    worker_disarm_timer (self->actor.worker, &self->stop_timer);
  else
    worker_arm_timer (self->actor.worker, &self->stop_timer, deadline, step_in_worker);
}

/* ---- the end of the tree */

static void
finish_stops (ProcessActor *self)
{
  Operation *stop;

  worker_disarm_timer (self->actor.worker, &self->stop_timer);
  worker_disarm_timer (self->actor.worker, &self->tree_timer);
  self->tree_ends = FALSE;
  self->tree_patience_ends = 0;
  g_clear_pointer (&self->own_plan, proctor_stop_plan_free);
  while ((stop = g_queue_pop_head (&self->stops)) != NULL)
    process_finish_wait (self, stop);
}

static void
wait_for_tree (ProcessActor *self)
{
  self->tree_ends = TRUE;
  self->tree_period = FIRST_TREE_PERIOD;
  worker_arm_timer (self->actor.worker, &self->tree_timer, now () + self->tree_period,
                    look_at_tree_in_worker);
}

/* What cannot be killed does not keep the callers for ever. */
static gboolean
tree_has_ended (ProcessActor *self)
{
  return !is_stopping (self) || !child_id_has_survivors (self->child) ||
         (self->tree_patience_ends != 0 && now () > self->tree_patience_ends);
}

static void
look_at_tree_in_worker (Timer *timer)
{
  ProcessActor *self = CONTAINER_OF (timer, ProcessActor, tree_timer);

  if (tree_has_ended (self))
    {
      finish_stops (self);
      process_finish_end (self);
      process_release_if_done (self);
      return;
    }

  self->tree_period = MIN (2 * self->tree_period, LONGEST_TREE_PERIOD);
  worker_arm_timer (self->actor.worker, &self->tree_timer, now () + self->tree_period,
                    look_at_tree_in_worker);
}

void
process_stop_after_exit (ProcessActor *self)
{
  if (is_stopping (self) && !tree_has_ended (self))
    {
      wait_for_tree (self);
      return;
    }

  finish_stops (self);
  process_finish_end (self);
}

/* ---- beginning and giving up */

/* The plan was put in its place by the caller. What has exited without leaving a tree is not
 * stopped.
 */
static void
begin (ProcessActor *self)
{
  run_plans (self);
  if (!self->exited || self->tree_ends)
    return;

  if (tree_has_ended (self))
    finish_stops (self);
  else
    wait_for_tree (self);
}

/* When the service has ended nobody looks at a tree any more; while it ends, none is begun with. */
static gboolean
tree_is_left_alone (ProcessActor *self)
{
  return self->shutting_down && self->exited && !self->tree_ends;
}

static gboolean
can_be_stopped (ProcessActor *self)
{
  return self->child != NULL && !self->detached && !tree_is_left_alone (self) &&
         (!self->exited || child_id_has_tree (self->child));
}

static gboolean
has_descendants (ProcessActor *self)
{
  g_autoptr(GArray) descendants = child_id_list_descendants (self->child, NULL);

  return descendants != NULL && descendants->len > 0;
}

static void
begin_own (ProcessActor *self,
           gboolean      kill_at_once)
{
  if (!can_be_stopped (self))
    return;

  if (self->own_plan == NULL)
    {
      self->own_plan = command_policy_dup_stop_plan (&self->spec->policy);
      stop_progress_begin (&self->own_progress, self->own_plan, now ());
    }
  if (kill_at_once)
    stop_progress_skip_to_kill (&self->own_progress, now ());
  begin (self);
}

void
process_begin_stop (ProcessActor *self)
{
  begin_own (self, FALSE);
}

void
process_begin_kill (ProcessActor *self)
{
  begin_own (self, TRUE);
}

void
process_apply_cancel_policy (ProcessActor *self)
{
  switch (self->spec->policy.cancel)
    {
    case PROCTOR_CANCEL_POLICY_STOP:
      process_begin_stop (self);
      break;
    case PROCTOR_CANCEL_POLICY_KILL:
      process_begin_kill (self);
      break;
    case PROCTOR_CANCEL_POLICY_LEAVE:
    default:
      break;
    }
}

void
process_start_stop (Actor     *actor,
                    Operation *operation)
{
  ProcessActor *self = (ProcessActor *) actor;

  if (operation->cancelled)
    operation_fail_cancelled (operation);
  else if (self->detached || (tree_is_left_alone (self) && has_descendants (self)))
    operation_fail_shut_down (operation);
  else if (!can_be_stopped (self))
    process_finish_wait (self, operation);
  else
    {
      if (operation->plan == NULL)
        operation->plan = command_policy_dup_stop_plan (&self->spec->policy);
      stop_progress_begin (&operation->progress, operation->plan, now ());
      g_queue_push_tail (&self->stops, operation);
      begin (self);
    }
}

/* What has been sent has been sent. The next steps do not come, unless somebody else wants them. */
void
process_cancel_stop (Actor     *actor,
                     Operation *operation)
{
  ProcessActor *self = (ProcessActor *) actor;

  g_queue_remove (&self->stops, operation);
  operation_fail_cancelled (operation);
  run_plans (self);
}

void
process_give_up_stops (ProcessActor *self)
{
  Operation *stop;

  worker_disarm_timer (self->actor.worker, &self->stop_timer);
  g_clear_pointer (&self->own_plan, proctor_stop_plan_free);
  while ((stop = g_queue_pop_head (&self->stops)) != NULL)
    operation_fail_shut_down (stop);
}

void
process_give_up_tree (ProcessActor *self)
{
  process_give_up_stops (self);
  finish_stops (self);
  process_finish_end (self);
}
