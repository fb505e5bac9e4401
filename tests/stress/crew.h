/* For stress tests: threads that have work, while the main thread does what the test wants.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "../api-testing.h"

typedef struct _Crew Crew;

typedef struct
{
  Crew *crew;
  guint index;
  GMainContext *context; /* thread-default */
  GRand *random;
} Member;

struct _Crew
{
  void (*work) (Member *member);
  gpointer data;
  guint n_members;
  GThread **threads;
  Member *members;

  /* atomic */
  int n_ended;
};

static inline void
note_context_ended (gpointer data)
{
  *(gboolean *) data = TRUE;
}

static inline gboolean
never_called (gpointer data)
{
  g_assert_not_reached ();
}

/* A context that is really freed takes its sources with it. */
static inline void
watch_context (GMainContext *context,
               gboolean     *ended)
{
  GSource *source = g_timeout_source_new_seconds (100000);

  *ended = FALSE;
  g_source_set_callback (source, never_called, ended, note_context_ended);
  g_source_attach (source, context);
  g_source_unref (source);
}

static inline gpointer
member_thread (gpointer data)
{
  Member *self = data;
  gboolean ended;

  self->context = g_main_context_new ();
  watch_context (self->context, &ended);
  g_main_context_push_thread_default (self->context);
  self->crew->work (self);
  g_main_context_pop_thread_default (self->context);
  g_assert_false (ended);
  g_main_context_unref (self->context);
  g_assert_true (ended);

  g_atomic_int_inc (&self->crew->n_ended);
  g_main_context_wakeup (NULL);
  return NULL;
}

static inline void
crew_start (Crew  *self,
            guint  n_members,
            void (*work) (Member *member),
            gpointer data)
{
  *self = (Crew){ .work = work, .data = data, .n_members = n_members };
  self->threads = g_new0 (GThread *, n_members);
  self->members = g_new0 (Member, n_members);
  for (guint i = 0; i < n_members; i++)
    {
      self->members[i] = (Member){ .crew = self, .index = i };
      self->members[i].random = g_rand_new_with_seed ((guint32) g_test_rand_int ());
      self->threads[i] = g_thread_new ("member", member_thread, &self->members[i]);
    }
}

static inline gboolean
crew_has_ended (Crew *self)
{
  return (guint) g_atomic_int_get (&self->n_ended) == self->n_members;
}

static inline void
crew_join (Crew *self)
{
  for (guint i = 0; i < self->n_members; i++)
    {
      g_thread_join (self->threads[i]);
      g_rand_free (self->members[i].random);
    }
  g_free (self->threads);
  g_free (self->members);
}

/* The main thread runs its main loop until they have ended. */
static inline void
crew_attend (Crew *self)
{
  while (!crew_has_ended (self))
    g_main_context_iteration (NULL, TRUE);
  crew_join (self);
}

static inline void
raise_fd_limit (void)
{
  struct rlimit limit;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
}
