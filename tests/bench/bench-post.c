/* Messages from several threads into one main context: the library's mailbox, and
 * g_main_context_invoke().
 *
 *   bench-post post [via=glib] [count=N] [threads=N]
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: MAIN, but for the producers. */

#include "config.h"

#include <string.h>

#include <glib.h>

#include "runtime/mailbox.h"

#include "bench-peer.h"

typedef struct
{
  GMainLoop *loop;
  Mailbox *mailbox; /* or NULL: through the main context */
  long per_thread;
  long left; /* main thread only */
} Post;

static gboolean
handle_items (Mailbox  *mailbox,
              gpointer  owner)
{
  Post *self = owner;
  MailboxItem *item;

  while ((item = mailbox_pop (mailbox)) != NULL)
    self->left--;
  if (self->left == 0)
    g_main_loop_quit (self->loop);

  return FALSE;
}

static gboolean
invoked_cb (gpointer user_data)
{
  Post *self = user_data;

  if (--self->left == 0)
    g_main_loop_quit (self->loop);

  return G_SOURCE_REMOVE;
}

static gpointer
producer_thread (gpointer data)
{
  Post *self = data;
  MailboxItem *items = g_new0 (MailboxItem, self->per_thread);

  for (long i = 0; i < self->per_thread; i++)
    {
      if (self->mailbox != NULL)
        mailbox_post (self->mailbox, &items[i]);
      else
        g_main_context_invoke (NULL, invoked_cb, self);
    }

  return items;
}

int
main (int    argc,
      char **argv)
{
  g_autofree GThread **threads = NULL;
  gboolean via_glib = FALSE;
  BenchRequest request;
  Post self = { 0 };
  double start;

  for (int i = 1; i < argc; i++)
    via_glib |= strcmp (argv[i], "via=glib") == 0;
  bench_prepare (&request, argc, argv);
  self.loop = g_main_loop_new (NULL, FALSE);
  self.per_thread = request.count / request.threads;
  self.left = self.per_thread * request.threads;
  if (!via_glib)
    self.mailbox = mailbox_new (NULL, "bench", handle_items, &self, NULL);

  /* g_main_context_invoke() is a direct call where nobody has the context. */
  g_main_context_acquire (NULL);
  threads = g_new (GThread *, request.threads);
  start = bench_now ();
  for (long i = 0; i < request.threads; i++)
    threads[i] = g_thread_new ("producer", producer_thread, &self);
  if (self.left > 0)
    g_main_loop_run (self.loop);
  bench_report ("rate", (double) (self.per_thread * request.threads) / (bench_now () - start));
  for (long i = 0; i < request.threads; i++)
    g_free (g_thread_join (threads[i]));

  return 0;
}
