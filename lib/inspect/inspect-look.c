/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: INSPECT, but for what runs in workers. */

#include "config.h"

#include "inspect/inspect-look.h"

#include "base/base-macros.h"
#include "runtime/runtime.h"

/* More than a healthy worker takes, however much it has to do. */
#define PATIENCE (500 * G_TIME_SPAN_MILLISECOND)

/* What one worker is asked, and its answer. A reference is its message's, so that a worker that
 * answers late finds all there, and lets go of it.
 */
typedef struct
{
  gatomicrefcount ref_count;
  Message message;

  /* immutable once it is posted */
  Worker *worker;    /* owned */
  GPtrArray *actors; /* of owned ProcessActor */
  gint64 asked_at;   /* monotonic */

  /* the worker's until it has answered */
  InspectedProcess *processes; /* as many as actors; without their own reference */

  /* guarded by answer_lock */
  gboolean answered;
} Question;

/* A worker that has not answered is not asked again before it does. */
struct _InspectLooker
{
  GHashTable *unanswered; /* Worker → owned Question */
};

static GMutex answer_lock;
static GCond answer_cond; /* with answer_lock */

static Question *
question_new (Worker *worker)
{
  Question *self = g_new0 (Question, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->worker = worker_ref (worker);
  self->actors = g_ptr_array_new_with_free_func ((GDestroyNotify) process_actor_unref);
  return self;
}

static void
question_unref (gpointer data)
{
  Question *self = data;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_ptr_array_unref (self->actors);
  worker_unref (self->worker);
  g_free (self->processes);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Question, question_unref)

void
inspected_process_free (InspectedProcess *self)
{
  process_actor_unref (self->actor);
  g_free (self);
}

/* ---- asking */

static void
answer_in_worker (Actor   *actor,
                  Message *message)
{
  Question *self = CONTAINER_OF (message, Question, message);

  for (guint i = 0; i < self->actors->len; i++)
    self->processes[i].looked = process_look (self->actors->pdata[i], &self->processes[i].look);

  g_mutex_lock (&answer_lock);
  self->answered = TRUE;
  g_cond_signal (&answer_cond);
  g_mutex_unlock (&answer_lock);

  question_unref (self);
}

static void
question_post (Question *self)
{
  self->asked_at = g_get_monotonic_time ();
  self->processes = g_new0 (InspectedProcess, MAX (1, self->actors->len));
  self->message.actor = NULL;
  self->message.func = answer_in_worker;
  g_atomic_ref_count_inc (&self->ref_count);
  worker_post (self->worker, &self->message);
}

static gboolean
question_is_answered (Question *self)
{
  gboolean answered;

  g_mutex_lock (&answer_lock);
  answered = self->answered;
  g_mutex_unlock (&answer_lock);

  return answered;
}

static void
await_answers (GPtrArray *questions)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE;

  g_mutex_lock (&answer_lock);
  for (guint i = 0; i < questions->len; i++)
    {
      Question *question = questions->pdata[i];

      while (!question->answered && g_cond_wait_until (&answer_cond, &answer_lock, deadline))
        ;
    }
  g_mutex_unlock (&answer_lock);
}

/* ---- the answers */

/* The present turn may have begun before the question. */
static InspectedWorker *
inspect_worker (Question *question,
                Question *former)
{
  InspectedWorker *inspected = g_new0 (InspectedWorker, 1);
  gint64 now = g_get_monotonic_time ();
  gint64 since = former != NULL ? former->asked_at : question->asked_at;

  worker_get_load (question->worker, &inspected->load);
  inspected->n_actors = question->actors->len;
  inspected->answered = former == NULL && question_is_answered (question);
  if (!inspected->answered)
    {
      if (inspected->load.turn_began != 0)
        since = MIN (since, inspected->load.turn_began);
      inspected->silence = MAX (1, now - since);
    }
  return inspected;
}

/* One that has been looked at, and of which nothing is left, is not told of. */
static void
add_processes (GPtrArray             *processes,
               Question              *question,
               const InspectedWorker *worker)
{
  for (guint i = 0; i < question->actors->len; i++)
    {
      InspectedProcess *inspected;

      if (worker->answered && !question->processes[i].looked)
        continue;

      inspected = g_new0 (InspectedProcess, 1);
      if (worker->answered)
        *inspected = question->processes[i];
      inspected->actor = process_actor_ref (question->actors->pdata[i]);
      inspected->worker = worker->load.index;
      g_ptr_array_add (processes, inspected);
    }
}

static Question *
find_question (GPtrArray *questions,
               Worker    *worker)
{
  for (guint i = 0; i < questions->len; i++)
    {
      if (((Question *) questions->pdata[i])->worker == worker)
        return questions->pdata[i];
    }
  return NULL;
}

/* One question per worker, with the processes that live there. */
static GPtrArray *
make_questions (void)
{
  g_autoptr(GPtrArray) workers = g_ptr_array_new_with_free_func ((GDestroyNotify) worker_unref);
  g_autoptr(GPtrArray) actors = g_ptr_array_new_with_free_func ((GDestroyNotify) actor_unref);
  GPtrArray *questions = g_ptr_array_new_with_free_func (question_unref);

  runtime_list (workers, actors);
  for (guint i = 0; i < workers->len; i++)
    g_ptr_array_add (questions, question_new (workers->pdata[i]));
  for (guint i = 0; i < actors->len; i++)
    {
      Actor *actor = actors->pdata[i];
      ProcessActor *process = process_actor_from_actor (actor);
      Question *question = find_question (questions, actor->worker);

      if (process != NULL && question != NULL)
        g_ptr_array_add (question->actors, process_actor_ref (process));
    }
  return questions;
}

InspectLooker *
inspect_looker_new (void)
{
  InspectLooker *self = g_new0 (InspectLooker, 1);

  self->unanswered = g_hash_table_new_full (NULL, NULL, NULL, question_unref);
  return self;
}

void
inspect_looker_free (InspectLooker *self)
{
  g_hash_table_unref (self->unanswered);
  g_free (self);
}

static gboolean
is_answered_cb (gpointer worker,
                gpointer question,
                gpointer data)
{
  return question_is_answered (question);
}

void
inspect_looker_look (InspectLooker *self,
                     GPtrArray     *workers,
                     GPtrArray     *processes)
{
  g_autoptr(GPtrArray) questions = make_questions ();
  g_autoptr(GPtrArray) posted = g_ptr_array_new ();

  g_hash_table_foreach_remove (self->unanswered, is_answered_cb, NULL);
  for (guint i = 0; i < questions->len; i++)
    {
      Question *question = questions->pdata[i];

      if (g_hash_table_contains (self->unanswered, question->worker))
        continue;
      question_post (question);
      g_ptr_array_add (posted, question);
    }
  await_answers (posted);

  for (guint i = 0; i < questions->len; i++)
    {
      Question *question = questions->pdata[i];
      Question *former = g_hash_table_lookup (self->unanswered, question->worker);
      InspectedWorker *worker = inspect_worker (question, former);

      g_ptr_array_add (workers, worker);
      add_processes (processes, question, worker);
      if (!worker->answered && former == NULL)
        {
          g_atomic_ref_count_inc (&question->ref_count);
          g_hash_table_insert (self->unanswered, question->worker, question);
        }
    }
}
