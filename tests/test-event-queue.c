/* Both kinds of queue are tested by the same functions: the epoll set and the poll fallback.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "runtime/event-queue.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "test-leaks.h"

/* A watch that remembers what it was told. */
typedef struct
{
  EventWatch watch;
  EventMask last;
  guint n_events;
  void (*then) (gpointer data);
  gpointer then_data;
} Probe;

typedef struct
{
  GMainContext *context;
  EventQueue *queue;
  guint n_batches;
} Fixture;

static gboolean with_epoll;

static void
count_batch (gpointer data)
{
  ((Fixture *) data)->n_batches++;
}

static void
fixture_init (Fixture *self)
{
  *self = (Fixture){ .context = g_main_context_new () };
  if (with_epoll)
    unsetenv ("PROCTOR_EVENT_QUEUE");
  else
    setenv ("PROCTOR_EVENT_QUEUE", "poll", TRUE);
  self->queue = event_queue_new (self->context, "test");
  event_queue_set_batch_func (self->queue, count_batch, self);
  g_assert_cmpint (event_queue_uses_epoll (self->queue), ==, with_epoll);
}

static void
fixture_clear (Fixture *self)
{
  event_queue_free (self->queue);
  g_main_context_unref (self->context);
}

static void
note_event (EventWatch *watch,
            EventMask   events)
{
  Probe *self = (Probe *) watch;

  self->last = events;
  self->n_events++;
  if (self->then != NULL)
    self->then (self->then_data);
}

static void
probe_add (Probe     *self,
           Fixture   *fixture,
           int        fd,
           EventMask  wanted)
{
  g_assert_true (event_queue_add (fixture->queue, &self->watch, fd, wanted, note_event));
  g_assert_cmpuint (self->watch.slot, !=, 0);
}

static void
make_pipe (int fds[2])
{
  g_assert_cmpint (pipe2 (fds, O_CLOEXEC | O_NONBLOCK), ==, 0);
}

static void
close_pipe (int fds[2])
{
  for (guint i = 0; i < 2; i++)
    {
      if (fds[i] >= 0)
        close (fds[i]);
      fds[i] = -1;
    }
}

static void
write_byte (int fd)
{
  g_assert_cmpint (write (fd, "x", 1), ==, 1);
}

static void
read_byte (int fd)
{
  char byte;

  g_assert_cmpint (read (fd, &byte, 1), ==, 1);
}

/* All that is ready now. The fallback needs an iteration more, after it was told of a new fd. */
static void
run_ready (Fixture *self)
{
  for (guint i = 0; i < 5; i++)
    g_main_context_iteration (self->context, FALSE);
}

/* ---- what is reported */

static void
test_in (void)
{
  Fixture fixture;
  Probe probe = { { 0 } };
  int fds[2];

  fixture_init (&fixture);
  make_pipe (fds);
  probe_add (&probe, &fixture, fds[0], EVENT_IN);
  run_ready (&fixture);
  g_assert_cmpuint (probe.n_events, ==, 0);
  g_assert_cmpuint (fixture.n_batches, ==, 0);

  write_byte (fds[1]);
  g_assert_true (g_main_context_iteration (fixture.context, TRUE));
  g_assert_cmpint (probe.last, ==, EVENT_IN);
  g_assert_cmpuint (probe.n_events, ==, fixture.n_batches);

  read_byte (fds[0]);
  probe.n_events = 0;
  run_ready (&fixture);
  g_assert_cmpuint (probe.n_events, ==, 0);

  close (fds[1]);
  fds[1] = -1;
  g_assert_true (g_main_context_iteration (fixture.context, TRUE));
  g_assert_cmpint (probe.last, ==, EVENT_HANG_UP);

  event_queue_remove (fixture.queue, &probe.watch);
  g_assert_cmpuint (probe.watch.slot, ==, 0);
  event_queue_remove (fixture.queue, &probe.watch);
  probe.n_events = 0;
  run_ready (&fixture);
  g_assert_cmpuint (probe.n_events, ==, 0);
  close_pipe (fds);
  fixture_clear (&fixture);
}

static void
test_out_and_loss (void)
{
  Fixture fixture;
  Probe probe = { { 0 } };
  int fds[2];

  fixture_init (&fixture);
  make_pipe (fds);
  probe_add (&probe, &fixture, fds[1], EVENT_OUT);
  g_assert_true (g_main_context_iteration (fixture.context, TRUE));
  g_assert_cmpint (probe.last, ==, EVENT_OUT);

  event_queue_modify (fixture.queue, &probe.watch, 0);
  event_queue_modify (fixture.queue, &probe.watch, 0);
  probe.n_events = 0;
  run_ready (&fixture);
  g_assert_cmpuint (probe.n_events, ==, 0);

  /* Nothing is wanted, and the loss is reported all the same. */
  close (fds[0]);
  fds[0] = -1;
  g_assert_true (g_main_context_iteration (fixture.context, TRUE));
  g_assert_cmpint (probe.last & EVENT_ERROR, ==, EVENT_ERROR);

  event_queue_remove (fixture.queue, &probe.watch);
  close_pipe (fds);
  fixture_clear (&fixture);
}

static void
test_modify (void)
{
  Fixture fixture;
  Probe probe = { { 0 } };
  int fds[2];

  fixture_init (&fixture);
  make_pipe (fds);
  write_byte (fds[1]);
  probe_add (&probe, &fixture, fds[0], 0);
  run_ready (&fixture);
  g_assert_cmpuint (probe.n_events, ==, 0);

  event_queue_modify (fixture.queue, &probe.watch, EVENT_IN);
  g_assert_true (g_main_context_iteration (fixture.context, TRUE));
  g_assert_cmpint (probe.last, ==, EVENT_IN);

  event_queue_modify (fixture.queue, &probe.watch, 0);
  probe.n_events = 0;
  run_ready (&fixture);
  g_assert_cmpuint (probe.n_events, ==, 0);

  event_queue_remove (fixture.queue, &probe.watch);
  close_pipe (fds);
  fixture_clear (&fixture);
}

/* poll knows states only. */
static void
test_edge (void)
{
  Fixture fixture;
  Probe probe = { { 0 } };
  int fds[2];

  fixture_init (&fixture);
  make_pipe (fds);
  write_byte (fds[1]);
  probe_add (&probe, &fixture, fds[0], EVENT_IN | EVENT_EDGE);
  run_ready (&fixture);
  if (with_epoll)
    g_assert_cmpuint (probe.n_events, ==, 1);
  else
    g_assert_cmpuint (probe.n_events, >, 1);

  probe.n_events = 0;
  write_byte (fds[1]);
  run_ready (&fixture);
  if (with_epoll)
    g_assert_cmpuint (probe.n_events, ==, 1);
  else
    g_assert_cmpuint (probe.n_events, >, 1);

  event_queue_remove (fixture.queue, &probe.watch);
  close_pipe (fds);
  fixture_clear (&fixture);
}

static void
test_refused (void)
{
  Fixture fixture;
  EventWatch watch = { 0 };
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp ("proctor-event-queue-XXXXXX", &path, NULL);

  fixture_init (&fixture);
  g_assert_cmpint (fd, >=, 0);
  unlink (path);
  if (with_epoll)
    {
      errno = 0;
      g_assert_false (event_queue_add (fixture.queue, &watch, fd, EVENT_IN, note_event));
      g_assert_cmpint (errno, ==, EPERM);
      g_assert_cmpuint (watch.slot, ==, 0);
    }
  close (fd);
  fixture_clear (&fixture);
}

/* ---- from another thread */

typedef struct
{
  Fixture *fixture;
  Probe *probes;
  guint n_probes;
  int fd;
} Adder;

static gpointer
adder_thread (gpointer data)
{
  Adder *self = data;

  for (guint i = 0; i < self->n_probes; i++)
    probe_add (&self->probes[i], self->fixture, self->fd, EVENT_IN);
  return NULL;
}

/* The owner sleeps in its iteration when the ready fd is added. */
static void
test_add_from_other_thread (void)
{
  guint n_rounds = scaled (500);
  Fixture fixture;

  fixture_init (&fixture);
  for (guint round = 0; round < n_rounds; round++)
    {
      Probe probe = { { 0 } };
      int fds[2];
      Adder adder = { &fixture, &probe, 1, -1 };
      GThread *thread;

      make_pipe (fds);
      write_byte (fds[1]);
      adder.fd = fds[0];
      thread = g_thread_new ("adder", adder_thread, &adder);
      while (probe.n_events == 0)
        g_main_context_iteration (fixture.context, TRUE);
      g_thread_join (thread);
      g_assert_cmpint (probe.last, ==, EVENT_IN);
      event_queue_remove (fixture.queue, &probe.watch);
      close_pipe (fds);
    }
  fixture_clear (&fixture);
}

/* ---- changes while a batch is worked off */

typedef struct
{
  Fixture *fixture;
  Probe *own;
  Probe *other;
  Probe *newcomer; /* takes the slot of the one that is removed */
  int quiet_fd;
} Change;

static void
remove_the_other (gpointer data)
{
  Change *self = data;

  event_queue_remove (self->fixture->queue, &self->other->watch);
  if (self->newcomer != NULL && self->newcomer->watch.slot == 0)
    probe_add (self->newcomer, self->fixture, self->quiet_fd, EVENT_IN);
}

/* Two are ready at once. Whichever comes first removes the other one, which must not be told any
 * more, nor must a new one in its place be told what was meant for it.
 */
static void
check_remove_in_batch (gboolean with_newcomer)
{
  Fixture fixture;
  Probe probes[2] = { { { 0 } } };
  Probe newcomer = { { 0 } };
  Change changes[2];
  int fds[2][2];
  int quiet[2];

  fixture_init (&fixture);
  make_pipe (quiet);
  for (guint i = 0; i < 2; i++)
    {
      make_pipe (fds[i]);
      write_byte (fds[i][1]);
      changes[i] = (Change){ &fixture, &probes[i], &probes[1 - i], NULL, quiet[0] };
      if (with_newcomer)
        changes[i].newcomer = &newcomer;
      probes[i].then = remove_the_other;
      probes[i].then_data = &changes[i];
      probe_add (&probes[i], &fixture, fds[i][0], EVENT_IN);
    }

  while (probes[0].n_events + probes[1].n_events == 0)
    g_main_context_iteration (fixture.context, TRUE);
  g_assert_cmpuint (probes[0].n_events + probes[1].n_events, ==, 1);
  g_assert_cmpuint (newcomer.n_events, ==, 0);

  if (with_newcomer)
    {
      run_ready (&fixture);
      g_assert_cmpuint (newcomer.n_events, ==, 0);
      write_byte (quiet[1]);
      while (newcomer.n_events == 0)
        g_main_context_iteration (fixture.context, TRUE);
      event_queue_remove (fixture.queue, &newcomer.watch);
    }
  for (guint i = 0; i < 2; i++)
    {
      event_queue_remove (fixture.queue, &probes[i].watch);
      close_pipe (fds[i]);
    }
  close_pipe (quiet);
  fixture_clear (&fixture);
}

static void
test_remove_in_batch (void)
{
  check_remove_in_batch (FALSE);
}

static void
test_replace_in_batch (void)
{
  check_remove_in_batch (TRUE);
}

static void
iterate_once (gpointer data)
{
  Change *self = data;

  read_byte (self->own->watch.fd);
  self->own->then = NULL;
  run_ready (self->fixture);
}

/* A callback that runs the context again: nobody is told twice of what was read. */
static void
test_nested (void)
{
  Fixture fixture;
  Probe probes[2] = { { { 0 } } };
  Change change = { &fixture, &probes[0], &probes[1], NULL, -1 };
  int fds[2][2];

  fixture_init (&fixture);
  for (guint i = 0; i < 2; i++)
    {
      make_pipe (fds[i]);
      probe_add (&probes[i], &fixture, fds[i][0], EVENT_IN);
    }
  run_ready (&fixture);
  probes[0].then = iterate_once;
  probes[0].then_data = &change;
  write_byte (fds[0][1]);
  while (probes[0].n_events == 0)
    g_main_context_iteration (fixture.context, TRUE);
  run_ready (&fixture);
  g_assert_cmpuint (probes[0].n_events, ==, 1);
  g_assert_cmpuint (probes[1].n_events, ==, 0);

  for (guint i = 0; i < 2; i++)
    {
      event_queue_remove (fixture.queue, &probes[i].watch);
      close_pipe (fds[i]);
    }
  fixture_clear (&fixture);
}

/* A copy of the fd lives on, as in a child between clone and exec. What was removed does not
 * report, and its number may be watched again as another file.
 */
static void
test_copy_lives_on (void)
{
  Fixture fixture;
  Probe probe = { { 0 } };
  Probe again = { { 0 } };
  int fds[2];
  int others[2];
  int copy;

  fixture_init (&fixture);
  make_pipe (fds);
  make_pipe (others);
  copy = fcntl (fds[0], F_DUPFD_CLOEXEC, 100);
  probe_add (&probe, &fixture, fds[0], EVENT_IN);
  write_byte (fds[1]);
  event_queue_remove (fixture.queue, &probe.watch);
  close (fds[0]);
  g_assert_false (g_main_context_iteration (fixture.context, FALSE));

  g_assert_cmpint (dup3 (others[0], fds[0], O_CLOEXEC), ==, fds[0]);
  probe_add (&again, &fixture, fds[0], EVENT_IN);
  run_ready (&fixture);
  g_assert_cmpuint (probe.n_events + again.n_events, ==, 0);
  write_byte (others[1]);
  while (again.n_events == 0)
    g_main_context_iteration (fixture.context, TRUE);
  g_assert_cmpuint (probe.n_events, ==, 0);

  event_queue_remove (fixture.queue, &again.watch);
  close (copy);
  close_pipe (fds);
  close_pipe (others);
  fixture_clear (&fixture);
}

/* ---- waiting without the context */

static gboolean
not_to_be_run (gpointer data)
{
  g_assert_not_reached ();
}

static void
test_wait (void)
{
  Fixture fixture;
  Probe probe = { { 0 } };
  GSource *idle = g_idle_source_new ();
  int wake_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  guint64 count = 1;
  int fds[2];

  fixture_init (&fixture);
  make_pipe (fds);
  probe_add (&probe, &fixture, fds[0], EVENT_IN);
  g_source_set_callback (idle, not_to_be_run, NULL, NULL);
  g_source_attach (idle, fixture.context);

  g_assert_false (event_queue_wait (fixture.queue, wake_fd, 0));
  g_assert_false (event_queue_wait (fixture.queue, wake_fd, 3));
  g_assert_cmpuint (probe.n_events, ==, 0);

  write_byte (fds[1]);
  g_assert_false (event_queue_wait (fixture.queue, wake_fd, -1));
  g_assert_cmpuint (probe.n_events, ==, 1);
  g_assert_cmpuint (fixture.n_batches, ==, 1);

  g_assert_cmpint (write (wake_fd, &count, sizeof count), ==, sizeof count);
  g_assert_true (event_queue_wait (fixture.queue, wake_fd, -1));
  g_assert_cmpuint (probe.n_events, ==, 2);

  read_byte (fds[0]);
  g_assert_true (event_queue_wait (fixture.queue, wake_fd, -1));
  g_assert_cmpuint (probe.n_events, ==, 2);

  event_queue_remove (fixture.queue, &probe.watch);
  g_source_destroy (idle);
  g_source_unref (idle);
  close (wake_fd);
  close_pipe (fds);
  fixture_clear (&fixture);
}

/* ---- many, at random, while another thread adds */

#define N_PROBES 60

typedef struct
{
  Probe probe;
  int fds[2];
  gboolean has_byte;
} Channel;

/* What is ready and wanted must be reported, and nothing else. */
static void
check_channels (Fixture *fixture,
                Channel *channels)
{
  run_ready (fixture);
  for (guint i = 0; i < N_PROBES; i++)
    channels[i].probe.n_events = 0;
  run_ready (fixture);

  for (guint i = 0; i < N_PROBES; i++)
    {
      Channel *channel = &channels[i];
      EventWatch *watch = &channel->probe.watch;
      gboolean ready = watch->slot != 0 && channel->has_byte && watch->wanted == EVENT_IN;

      g_assert_cmpint (channel->probe.n_events > 0, ==, ready);
    }
}

static void
change_channel (Fixture *fixture,
                Channel *channel)
{
  switch (g_test_rand_int_range (0, 4))
    {
    case 0:
      if (channel->probe.watch.slot == 0)
        probe_add (&channel->probe, fixture, channel->fds[0], g_test_rand_bit () ? EVENT_IN : 0);
      else
        event_queue_remove (fixture->queue, &channel->probe.watch);
      break;
    case 1:
      if (channel->probe.watch.slot != 0)
        event_queue_modify (fixture->queue, &channel->probe.watch,
                            g_test_rand_bit () ? EVENT_IN : 0);
      break;
    default:
      if (channel->has_byte)
        read_byte (channel->fds[0]);
      else
        write_byte (channel->fds[1]);
      channel->has_byte = !channel->has_byte;
    }
}

static void
test_random (void)
{
  Fixture fixture;
  Channel channels[N_PROBES] = { { { { 0 } } } };
  Probe added[40] = { { { 0 } } };
  int ready[2];
  Adder adder = { &fixture, NULL, 1, -1 };
  guint n_steps = scaled (400);

  fixture_init (&fixture);
  make_pipe (ready);
  write_byte (ready[1]);
  for (guint i = 0; i < N_PROBES; i++)
    make_pipe (channels[i].fds);

  for (guint step = 0; step < n_steps; step++)
    {
      /* epoll takes each fd once only. */
      int copy = fcntl (ready[0], F_DUPFD_CLOEXEC, 3);
      GThread *thread;

      adder.probes = &added[step % G_N_ELEMENTS (added)];
      adder.fd = copy;
      thread = g_thread_new ("adder", adder_thread, &adder);
      for (guint i = 0; i < 10; i++)
        change_channel (&fixture, &channels[g_test_rand_int_range (0, N_PROBES)]);
      check_channels (&fixture, channels);
      g_thread_join (thread);
      while (adder.probes->n_events == 0)
        g_main_context_iteration (fixture.context, TRUE);
      event_queue_remove (fixture.queue, &adder.probes->watch);
      *adder.probes = (Probe){ { 0 } };
      close (copy);
    }

  for (guint i = 0; i < N_PROBES; i++)
    {
      event_queue_remove (fixture.queue, &channels[i].probe.watch);
      close_pipe (channels[i].fds);
    }
  close_pipe (ready);
  fixture_clear (&fixture);
}

typedef struct
{
  const char *name;
  void (*run) (void);
} QueueTest;

static const QueueTest tests[] = {
  { "in", test_in },
  { "out-and-loss", test_out_and_loss },
  { "modify", test_modify },
  { "edge", test_edge },
  { "refused", test_refused },
  { "add-from-other-thread", test_add_from_other_thread },
  { "remove-in-batch", test_remove_in_batch },
  { "replace-in-batch", test_replace_in_batch },
  { "nested", test_nested },
  { "copy-lives-on", test_copy_lives_on },
  { "wait", test_wait },
  { "random", test_random },
};

static void
run_with_epoll (gconstpointer data)
{
  with_epoll = TRUE;
  ((const QueueTest *) data)->run ();
}

static void
run_with_poll (gconstpointer data)
{
  with_epoll = FALSE;
  ((const QueueTest *) data)->run ();
}

int
main (int argc, char **argv)
{
  Leaks before;
  int result;

  g_test_init (&argc, &argv, NULL);
  deadline_start ("test-event-queue", TEST_DEADLINE_SECONDS);

  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *epoll_path = g_strconcat ("/event-queue/epoll/", tests[i].name, NULL);
      g_autofree char *poll_path = g_strconcat ("/event-queue/poll/", tests[i].name, NULL);

      g_test_add_data_func (epoll_path, &tests[i], run_with_epoll);
      g_test_add_data_func (poll_path, &tests[i], run_with_poll);
    }

  /* Which has an eventfd of its own. */
  g_main_context_default ();
  leaks_take (&before);
  result = g_test_run ();
  leaks_check (&before);
  return result;
}
