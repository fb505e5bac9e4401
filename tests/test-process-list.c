/* Lists of processes: what they show, when, and in which order they tell it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "api-testing.h"

#include "command/command-spec.h"
#include "list/process-hub.h"
#include "list/process-info-private.h"
#include "list/process-list-private.h"

/* ---- a list, and what somebody knows who only listens to it */

typedef struct
{
  ProctorProcessList *list;
  GPtrArray *known;
  guint n_changes;
  guint n_most; /* at once */
} Watched;

static ProctorProcessInfo *
peek_item (ProctorProcessList *list,
           guint               position)
{
  g_autoptr(ProctorProcessInfo) info = g_list_model_get_item (G_LIST_MODEL (list), position);

  return info;
}

static guint
count_items (ProctorProcessList *list)
{
  return g_list_model_get_n_items (G_LIST_MODEL (list));
}

/* What was told is what there is. */
static void
check_known (Watched *self)
{
  guint64 last = 0;

  g_assert_cmpuint (count_items (self->list), ==, self->known->len);
  for (guint i = 0; i < self->known->len; i++)
    {
      ProctorProcessInfo *info = peek_item (self->list, i);

      g_assert_true (info == g_ptr_array_index (self->known, i));
      g_assert_cmpuint (proctor_process_info_get_serial (info), >, last);
      last = proctor_process_info_get_serial (info);
    }
  g_assert_null (peek_item (self->list, self->known->len));
}

static void
items_changed (GListModel *model,
               guint       position,
               guint       removed,
               guint       added,
               gpointer    data)
{
  Watched *self = data;

  self->n_changes++;
  self->n_most = MAX (self->n_most, MAX (removed, added));
  g_assert_cmpuint (position + removed, <=, self->known->len);
  g_assert_cmpuint (removed + added, >, 0);
  if (removed > 0)
    g_ptr_array_remove_range (self->known, position, removed);
  for (guint i = 0; i < added; i++)
    g_ptr_array_insert (self->known, (int) (position + i),
                        g_list_model_get_item (model, position + i));
  check_known (self);
}

static void
watched_init (Watched *self,
              guint    keep_finished)
{
  g_autoptr(GError) error = NULL;

  *self = (Watched){ .known = g_ptr_array_new_with_free_func (g_object_unref) };
  self->list = proctor_process_list_new (&error);
  g_assert_no_error (error);
  g_assert_true (PROCTOR_IS_PROCESS_LIST (self->list));
  proctor_process_list_set_keep_finished (self->list, keep_finished);
  for (guint i = 0; i < count_items (self->list); i++)
    g_ptr_array_add (self->known, g_list_model_get_item (G_LIST_MODEL (self->list), i));
  check_known (self);
  g_signal_connect (self->list, "items-changed", G_CALLBACK (items_changed), self);
}

static void
watched_clear (Watched *self)
{
  g_assert_finalize_object (self->list);
  g_ptr_array_unref (self->known);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Watched, watched_clear)

static void
await_n_items (ProctorProcessList *list,
               guint               n)
{
  while (count_items (list) != n)
    g_main_context_iteration (NULL, TRUE);
}

static void
await_item_state (ProctorProcessInfo  *info,
                  ProctorProcessState  state)
{
  while (proctor_process_info_get_state (info) != state)
    g_main_context_iteration (NULL, TRUE);
}

static ProctorProcess *
spawn_sleeper (void)
{
  g_autoptr(ProctorCommand) command = child_command ("sleep", "1000", NULL);

  return spawn_or_abort (command);
}

static void
kill_or_abort (ProctorProcess *process)
{
  g_assert_true (proctor_process_kill (process, NULL));
}

/* ---- one process */

static void
count_notify (GObject    *object,
              GParamSpec *pspec,
              gpointer    data)
{
  (*(guint *) data)++;
}

static void
test_life (void)
{
  g_auto(Watched) watched = { 0 };
  g_autoptr(ProctorProcess) process = NULL;
  g_autoptr(ProctorProcessInfo) info = NULL;
  gint64 before = g_get_real_time ();
  guint n_states = 0, n_codes = 0, n_lengths = 0;
  int returncode = 77;

  watched_init (&watched, 0);
  g_assert_cmpuint (count_items (watched.list), ==, 0);
  g_signal_connect (watched.list, "notify::n-items", G_CALLBACK (count_notify), &n_lengths);
  process = spawn_sleeper ();
  await_n_items (watched.list, 1);
  g_assert_cmpuint (n_lengths, ==, 1);
  info = g_list_model_get_item (G_LIST_MODEL (watched.list), 0);
  g_signal_connect (info, "notify::state", G_CALLBACK (count_notify), &n_states);
  g_signal_connect (info, "notify::returncode", G_CALLBACK (count_notify), &n_codes);

  g_assert_cmpuint (proctor_process_info_get_serial (info), ==,
                    proctor_process_get_serial (process));
  g_assert_cmpint (proctor_process_info_get_pid (info), ==, proctor_process_get_pid (process));
  g_assert_cmpstr (proctor_process_info_get_argv (info)[1], ==, "sleep");
  g_assert_true (g_str_has_suffix (proctor_process_info_get_command_line (info), " sleep 1000"));
  g_assert_cmpint (proctor_process_info_get_state (info), ==, PROCTOR_PROCESS_RUNNING);
  g_assert_false (proctor_process_info_get_returncode (info, &returncode));
  g_assert_cmpint (returncode, ==, 77);
  g_assert_cmpint (proctor_process_info_get_start_time (info), >=,
                   before - G_TIME_SPAN_SECOND);
  g_assert_cmpint (proctor_process_info_get_end_time (info), ==, 0);

  g_assert_true (proctor_process_suspend (process, NULL));
  await_item_state (info, PROCTOR_PROCESS_SUSPENDED);
  g_assert_true (proctor_process_resume (process, NULL));
  await_item_state (info, PROCTOR_PROCESS_RUNNING);
  g_assert_cmpuint (n_states, ==, 2);
  g_assert_cmpuint (n_codes, ==, 0);

  kill_or_abort (process);
  await_n_items (watched.list, 0);
  g_assert_cmpuint (n_states, ==, 3);
  g_assert_cmpuint (n_codes, ==, 1);
  g_assert_cmpuint (n_lengths, ==, 2);
  g_assert_cmpint (proctor_process_info_get_state (info), ==, PROCTOR_PROCESS_EXITED);
  g_assert_true (proctor_process_info_get_returncode (info, &returncode));
  g_assert_cmpint (returncode, ==, -SIGKILL);
  g_assert_cmpint (proctor_process_info_get_end_time (info), >,
                   proctor_process_info_get_start_time (info));
}

/* What a GtkColumnView, or an expression of GTK, asks for. */
static void
test_properties (void)
{
  g_auto(Watched) watched = { 0 };
  g_autoptr(ProctorProcess) process = spawn_sleeper ();
  g_autofree char *command_line = NULL;
  g_auto(GStrv) argv = NULL;
  gint64 start_time, end_time;
  guint64 serial;
  ProctorProcessState state;
  int pid, returncode;
  guint keep_finished, n_items;
  GType item_type;

  watched_init (&watched, 7);
  g_object_get (watched.list, "keep-finished", &keep_finished, "n-items", &n_items,
                "item-type", &item_type, NULL);
  g_assert_cmpuint (keep_finished, ==, 7);
  g_assert_cmpuint (keep_finished, ==, proctor_process_list_get_keep_finished (watched.list));
  g_assert_cmpuint (n_items, ==, 1);
  g_assert_true (item_type == PROCTOR_TYPE_PROCESS_INFO);
  g_assert_true (item_type == g_list_model_get_item_type (G_LIST_MODEL (watched.list)));

  g_object_get (peek_item (watched.list, 0), "serial", &serial, "pid", &pid, "argv", &argv,
                "command-line", &command_line, "state", &state, "returncode", &returncode,
                "start-time", &start_time, "end-time", &end_time, NULL);
  g_assert_cmpuint (serial, ==, proctor_process_get_serial (process));
  g_assert_cmpint (pid, ==, proctor_process_get_pid (process));
  g_assert_cmpuint (g_strv_length (argv), ==, 3);
  g_assert_nonnull (command_line);
  g_assert_cmpint (state, ==, PROCTOR_PROCESS_RUNNING);
  g_assert_cmpint (returncode, ==, PROCTOR_RETURNCODE_NONE);
  g_assert_cmpint (start_time, ==, proctor_process_get_start_time (process));
  g_assert_cmpint (end_time, ==, 0);

  kill_or_abort (process);
  await_n_items (watched.list, 0);
}

static void
test_started_before (void)
{
  g_autoptr(ProctorProcess) first = spawn_sleeper ();
  g_autoptr(ProctorProcess) second = spawn_sleeper ();
  g_autoptr(ProctorCommand) gone = child_command ("exit", "0", NULL);
  g_autoptr(ProctorProcess) third = spawn_or_abort (gone);
  g_auto(Watched) watched = { 0 };

  assert_returncode (third, 0);
  watched_init (&watched, G_MAXUINT);
  g_assert_cmpuint (count_items (watched.list), ==, 2);
  g_assert_cmpuint (proctor_process_info_get_serial (peek_item (watched.list, 0)), ==,
                    proctor_process_get_serial (first));
  g_assert_cmpuint (proctor_process_info_get_serial (peek_item (watched.list, 1)), ==,
                    proctor_process_get_serial (second));

  /* The one that goes in its own time is told like any other. */
  kill_or_abort (first);
  await_item_state (peek_item (watched.list, 0), PROCTOR_PROCESS_EXITED);
  kill_or_abort (second);
  await_item_state (peek_item (watched.list, 1), PROCTOR_PROCESS_EXITED);
  g_assert_cmpuint (count_items (watched.list), ==, 2);
}

static void
test_keeps (void)
{
  g_auto(Watched) watched = { 0 };

  watched_init (&watched, G_MAXUINT);
  for (int i = 0; i < 5; i++)
    {
      g_autofree char *code = g_strdup_printf ("%d", i);
      g_autoptr(ProctorCommand) command = child_command ("exit", code, NULL);
      g_autoptr(ProctorResult) result = run_or_abort (command, NULL);

      g_assert_cmpint (proctor_result_get_returncode (result), ==, i);
    }
  await_n_items (watched.list, 5);
  for (int i = 0; i < 5; i++)
    {
      int returncode = 77;

      await_item_state (peek_item (watched.list, (guint) i), PROCTOR_PROCESS_EXITED);
      g_assert_true (
        proctor_process_info_get_returncode (peek_item (watched.list, (guint) i), &returncode));
      g_assert_cmpint (returncode, ==, i);
    }

  proctor_process_list_clear_finished (watched.list);
  g_assert_cmpuint (count_items (watched.list), ==, 0);
}

/* They go without any other event. */
static void
test_expires (void)
{
  g_auto(Watched) watched = { 0 };
  g_autoptr(ProctorCommand) command = child_command ("exit", "3", NULL);
  g_autoptr(ProctorResult) result = NULL;

  watched_init (&watched, 20);
  result = run_or_abort (command, NULL);
  /* It comes and goes, in one turn if that is slow. */
  while (watched.n_changes < 2)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (count_items (watched.list), ==, 0);

  proctor_process_list_set_keep_finished (watched.list, G_MAXUINT);
  g_clear_pointer (&result, g_object_unref);
  result = run_or_abort (command, NULL);
  await_n_items (watched.list, 1);
  await_item_state (peek_item (watched.list, 0), PROCTOR_PROCESS_EXITED);
  proctor_process_list_set_keep_finished (watched.list, 30);
  await_n_items (watched.list, 0);

  proctor_process_list_set_keep_finished (watched.list, G_MAXUINT - 1);
  g_clear_pointer (&result, g_object_unref);
  result = run_or_abort (command, NULL);
  await_n_items (watched.list, 1);
  await_item_state (peek_item (watched.list, 0), PROCTOR_PROCESS_EXITED);
  proctor_process_list_set_keep_finished (watched.list, 0);
  g_assert_cmpuint (count_items (watched.list), ==, 0);
}

static void
test_not_a_handle (void)
{
  g_auto(Watched) watched = { 0 };
  g_autoptr(ProctorCommand) command = child_command ("sleep", "1000", NULL);
  ProctorProcess *process;
  int returncode = 0;

  watched_init (&watched, G_MAXUINT);
  proctor_command_set_flags (command, PROCTOR_COMMAND_KILL_ON_DROP);
  process = spawn_or_abort (command);
  await_n_items (watched.list, 1);
  g_assert_finalize_object (process);
  await_item_state (peek_item (watched.list, 0), PROCTOR_PROCESS_EXITED);
  g_assert_true (proctor_process_info_get_returncode (peek_item (watched.list, 0), &returncode));
  g_assert_cmpint (returncode, ==, -SIGKILL);
}

static void
test_not_utf8 (void)
{
  g_auto(Watched) watched = { 0 };
  g_autoptr(ProctorCommand) command = child_command ("echo", "caf\xe9", "a b", NULL);
  g_autoptr(ProctorCommand) shell = proctor_command_new_shell ("exit 4");
  g_autoptr(ProctorResult) result = NULL;
  g_autoptr(ProctorResult) second = NULL;

  watched_init (&watched, G_MAXUINT);
  result = run_or_abort (command, NULL);
  second = run_or_abort (shell, NULL);
  await_n_items (watched.list, 2);
  g_assert_cmpstr (proctor_process_info_get_argv (peek_item (watched.list, 0))[2], ==, "caf\xe9");
  g_assert_true (g_str_has_suffix (
    proctor_process_info_get_command_line (peek_item (watched.list, 0)), " $'caf\\351' 'a b'"));
  g_assert_cmpstr (proctor_process_info_get_command_line (peek_item (watched.list, 1)), ==,
                   "/bin/sh -c 'exit 4'");
}

static void
test_failed_start (void)
{
  g_auto(Watched) watched = { 0 };
  g_autoptr(ProctorCommand) command = proctor_command_new ("/nowhere/nothing", NULL);
  g_autoptr(ProctorProcess) process = NULL;
  g_autoptr(ProctorProcess) other = NULL;
  g_autoptr(GError) error = NULL;

  watched_init (&watched, G_MAXUINT);
  process = way_spawn (command, NULL, &error);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  other = spawn_sleeper ();
  await_n_items (watched.list, 1);
  g_assert_cmpuint (proctor_process_info_get_serial (peek_item (watched.list, 0)), ==,
                    proctor_process_get_serial (other));
  kill_or_abort (other);
  await_item_state (peek_item (watched.list, 0), PROCTOR_PROCESS_EXITED);
}

/* ---- several lists */

static void
test_share_items (void)
{
  g_auto(Watched) first = { 0 };
  g_autoptr(ProctorProcess) process = spawn_sleeper ();

  watched_init (&first, 0);
  {
    g_auto(Watched) second = { 0 };

    watched_init (&second, G_MAXUINT);
    g_assert_cmpuint (count_items (first.list), ==, 1);
    g_assert_cmpuint (count_items (second.list), ==, 1);
    g_assert_true (peek_item (first.list, 0) == peek_item (second.list, 0));
    kill_or_abort (process);
    await_n_items (first.list, 0);
    g_assert_cmpuint (count_items (second.list), ==, 1);
    g_assert_cmpint (proctor_process_info_get_state (peek_item (second.list, 0)), ==,
                     PROCTOR_PROCESS_EXITED);
  }
}

/* A list that comes after the last one has gone finds those that have lived all the time. */
static void
test_again (void)
{
  g_autoptr(ProctorProcess) process = spawn_sleeper ();

  for (guint i = 0; i < 3; i++)
    {
      g_auto(Watched) watched = { 0 };
      g_autoptr(ProctorProcess) other = NULL;

      watched_init (&watched, 0);
      g_assert_cmpuint (count_items (watched.list), ==, 1);
      g_assert_cmpuint (proctor_process_info_get_serial (peek_item (watched.list, 0)), ==,
                        proctor_process_get_serial (process));
      other = spawn_sleeper ();
      await_n_items (watched.list, 2);
      kill_or_abort (other);
      if (i == 1)
        await_n_items (watched.list, 1);
      else
        assert_returncode (other, -SIGKILL);
    }
  kill_or_abort (process);
  assert_returncode (process, -SIGKILL);
}

/* One that ended between two lists is not new to the second. */
static void
test_ended_between (void)
{
  g_auto(Watched) watched = { 0 };
  g_autoptr(ProctorProcess) process = spawn_sleeper ();
  g_autoptr(ProctorProcess) other = NULL;
  ProctorProcessList *list = proctor_process_list_new (NULL);

  g_assert_cmpuint (count_items (list), ==, 1);
  g_assert_finalize_object (list);
  kill_or_abort (process);
  assert_returncode (process, -SIGKILL);

  watched_init (&watched, G_MAXUINT);
  other = spawn_sleeper ();
  await_n_items (watched.list, 1);
  g_assert_cmpuint (proctor_process_info_get_serial (peek_item (watched.list, 0)), ==,
                    proctor_process_get_serial (other));
  kill_or_abort (other);
  await_item_state (peek_item (watched.list, 0), PROCTOR_PROCESS_EXITED);
  g_assert_cmpuint (count_items (watched.list), ==, 1);
}

static gpointer
unref_in_thread (gpointer list)
{
  g_object_unref (list);
  return NULL;
}

static void
test_dropped_in_thread (void)
{
  g_autoptr(ProctorProcess) process = spawn_sleeper ();
  ProctorProcessList *list = proctor_process_list_new (NULL);
  ProctorProcessInfo *info = g_list_model_get_item (G_LIST_MODEL (list), 0);

  g_object_add_weak_pointer (G_OBJECT (info), (gpointer *) &info);
  g_thread_join (g_thread_new ("drops", unref_in_thread, list));
  g_object_unref (info);
  while (info != NULL)
    g_main_context_iteration (NULL, TRUE);
  kill_or_abort (process);
  assert_returncode (process, -SIGKILL);
}

static void
test_not_in_thread (void)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (proctor_process_list_new (&error));
  g_assert_error (error, PROCTOR_ERROR, PROCTOR_ERROR_NOT_MAIN_THREAD);
}

static void
test_forked_copy (void)
{
  ProctorProcessList *list = proctor_process_list_new (NULL);
  pid_t pid = fork ();
  int wait_status;

  if (pid == 0)
    {
      g_autoptr(GError) error = NULL;
      gboolean refused = proctor_process_list_new (&error) == NULL &&
                         g_error_matches (error, PROCTOR_ERROR, PROCTOR_ERROR_FORKED);

      g_object_unref (list);
      while (g_main_context_iteration (NULL, FALSE))
        ;
      /* Not _exit(): valgrind would miss what the threads had that the copy has not. */
      execl (refused ? "/bin/true" : "/bin/false", "end", NULL);
      _exit (2);
    }
  g_assert_cmpint (waitpid (pid, &wait_status, 0), ==, pid);
  g_assert_cmpint (wait_status, ==, 0);
  g_assert_finalize_object (list);
}

/* ---- handlers that do more than listen */

typedef struct
{
  ProctorProcessList *list;
  guint n_calls;
  guint depth;
} Busy;

/* Whatever it does, the list stays as it is until it returns. */
static void
start_another_meanwhile (GListModel *model,
                         guint       position,
                         guint       removed,
                         guint       added,
                         gpointer    data)
{
  Busy *self = data;
  guint n_before = count_items (self->list);
  gint64 until = g_get_monotonic_time () + 30 * 1000;
  g_autoptr(ProctorProcess) process = NULL;

  g_assert_cmpuint (self->depth, ==, 0);
  if (self->n_calls++ > 0)
    return;
  self->depth++;
  process = spawn_sleeper ();
  kill_or_abort (process);
  assert_returncode (process, -SIGKILL);
  proctor_process_list_clear_finished (self->list);
  while (g_get_monotonic_time () < until)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (count_items (self->list), ==, n_before);
  self->depth--;
}

static void
test_busy_handler (void)
{
  g_auto(Watched) watched = { 0 };
  g_autoptr(ProctorProcess) process = NULL;
  Busy busy = { 0 };

  watched_init (&watched, G_MAXUINT);
  busy.list = watched.list;
  g_signal_connect (watched.list, "items-changed", G_CALLBACK (start_another_meanwhile), &busy);
  process = spawn_sleeper ();
  await_n_items (watched.list, 2);
  g_assert_cmpuint (busy.n_calls, ==, 2);
  kill_or_abort (process);
  await_item_state (peek_item (watched.list, 0), PROCTOR_PROCESS_EXITED);
  await_item_state (peek_item (watched.list, 1), PROCTOR_PROCESS_EXITED);
}

/* Here lists do go on, and the last one may go. */
static void
wait_for_more_and_drop (GObject    *info,
                        GParamSpec *pspec,
                        gpointer    data)
{
  ProctorProcessList **list = data;
  g_autoptr(ProctorProcess) process = NULL;

  if (*list == NULL)
    return;

  process = spawn_sleeper ();
  await_n_items (*list, 2);
  kill_or_abort (process);
  g_clear_object (list);
  assert_returncode (process, -SIGKILL);
  for (guint i = 0; i < 20; i++)
    {
      while (g_main_context_iteration (NULL, FALSE))
        ;
      g_usleep (500);
    }
}

static void
test_nested_turn (void)
{
  ProctorProcessList *list = proctor_process_list_new (NULL);
  g_autoptr(ProctorProcess) process = spawn_sleeper ();
  g_autoptr(ProctorProcessInfo) info = NULL;

  await_n_items (list, 1);
  info = g_list_model_get_item (G_LIST_MODEL (list), 0);
  g_signal_connect (info, "notify::state", G_CALLBACK (wait_for_more_and_drop), &list);
  kill_or_abort (process);
  while (list != NULL)
    g_main_context_iteration (NULL, TRUE);
  assert_returncode (process, -SIGKILL);
}

/* ---- many */

#define N_SCATTERED 80

/* What goes at once from many places is told in one piece; from few, each by itself. */
static void
test_scattered (void)
{
  g_auto(Watched) watched = { 0 };
  g_autoptr(GPtrArray) processes = g_ptr_array_new_with_free_func (g_object_unref);

  watched_init (&watched, G_MAXUINT);
  for (guint i = 0; i < N_SCATTERED; i++)
    g_ptr_array_add (processes, spawn_sleeper ());
  await_n_items (watched.list, N_SCATTERED);

  for (guint i = 0; i < N_SCATTERED; i += 2)
    kill_or_abort (processes->pdata[i]);
  for (guint i = 0; i < N_SCATTERED; i += 2)
    await_item_state (peek_item (watched.list, i), PROCTOR_PROCESS_EXITED);
  watched.n_changes = 0;
  proctor_process_list_clear_finished (watched.list);
  g_assert_cmpuint (watched.n_changes, ==, 1);
  g_assert_cmpuint (count_items (watched.list), ==, N_SCATTERED / 2);

  for (guint i = 1; i < 12; i += 4)
    {
      kill_or_abort (processes->pdata[i]);
      await_item_state (peek_item (watched.list, i / 2), PROCTOR_PROCESS_EXITED);
    }
  watched.n_changes = 0;
  proctor_process_list_clear_finished (watched.list);
  g_assert_cmpuint (watched.n_changes, ==, 3);
  g_assert_cmpuint (watched.n_most, >=, 1);

  proctor_process_list_set_keep_finished (watched.list, 0);
  for (guint i = 0; i < N_SCATTERED; i++)
    proctor_process_kill (processes->pdata[i], NULL);
  await_n_items (watched.list, 0);
}

typedef struct
{
  guint n;
  int *n_left;
} Storm;

static gpointer
storm_thread (gpointer data)
{
  Storm *self = data;
  g_autoptr(ProctorCommand) exits = child_command ("exit", "0", NULL);
  g_autoptr(ProctorCommand) sleeps = child_command ("sleep", "0.01", NULL);

  for (guint i = 0; i < self->n; i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(ProctorProcess) process =
        proctor_command_spawn (i % 3 == 0 ? sleeps : exits, NULL, &error);

      g_assert_no_error (error);
      if (i % 4 == 0)
        g_assert_true (proctor_process_wait (process, NULL, NULL, NULL));
    }
  g_atomic_int_dec_and_test (self->n_left);
  g_main_context_wakeup (NULL);
  return NULL;
}

/* Two that keep and forget, while lists come and go, too. */
static void
test_storm (void)
{
  g_auto(Watched) keeps = { 0 };
  g_auto(Watched) forgets = { 0 };
  GThread *threads[4];
  int n_left = G_N_ELEMENTS (threads);
  Storm storm = { .n = scaled (200), .n_left = &n_left };

  watched_init (&keeps, G_MAXUINT);
  watched_init (&forgets, 0);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("storm", storm_thread, &storm);
  for (guint i = 0; g_atomic_int_get (&n_left) > 0; i++)
    {
      g_autoptr(ProctorProcessList) list = i % 5 == 0 ? proctor_process_list_new (NULL) : NULL;

      g_main_context_iteration (NULL, TRUE);
    }
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);

  await_n_items (keeps.list, storm.n * G_N_ELEMENTS (threads));
  for (guint i = 0; i < keeps.known->len; i++)
    await_item_state (g_ptr_array_index (keeps.known, i), PROCTOR_PROCESS_EXITED);
  await_n_items (forgets.list, 0);
  g_test_message ("%u processes, %u and %u changes, at most %u at once", keeps.known->len,
                  keeps.n_changes, forgets.n_changes, keeps.n_most);
  check_known (&keeps);
  check_known (&forgets);
}

/* Serials that come in any order, as from spawners that were stuck: in batches, among those that
 * are there. No process is started.
 */
static void
test_any_order (void)
{
  g_auto(Watched) watched = { 0 };
  g_autoptr(GPtrArray) infos = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr(GPtrArray) nothing = g_ptr_array_new ();
  g_autoptr(CommandSpec) spec = command_spec_new ();
  guint next = 0;

  spec->argv = g_strdupv ((char *[]){ "made", "up", NULL });
  for (guint i = 0; i < 400; i++)
    {
      g_autoptr(ChildId) child = child_id_new (1, -1, NULL, NULL, NULL);
      g_autoptr(ProcessRecord) record = process_record_new (child, spec, 1, 1);

      g_ptr_array_insert (infos, g_test_rand_int_range (0, (int) infos->len + 1),
                          process_info_new (record));
    }

  watched_init (&watched, G_MAXUINT);
  while (next < infos->len)
    {
      g_autoptr(GPtrArray) batch = g_ptr_array_new ();
      guint n = (guint) g_test_rand_int_range (1, 60);

      /* Some of an earlier one come again. */
      for (guint i = next > 2 ? next - 2 : 0; i < MIN (next + n, infos->len); i++)
        g_ptr_array_add (batch, infos->pdata[i]);
      next = MIN (next + n, infos->len);
      g_ptr_array_sort (batch, process_info_compare);
      process_list_update (watched.list, batch, nothing);
      g_assert_cmpuint (count_items (watched.list), ==, next);
    }

  for (guint i = 0; i < infos->len; i++)
    process_info_set_over (infos->pdata[i], FALSE);
  process_list_update (watched.list, nothing, infos);
  g_assert_cmpuint (count_items (watched.list), ==, infos->len);
  proctor_process_list_clear_finished (watched.list);
  g_assert_cmpuint (count_items (watched.list), ==, 0);
}

/* ---- the end of the service */

/* Nobody else reaps a child that the pidfd watcher has let go; the others do. */
static void
await_reaped (pid_t pid)
{
  gboolean ours = g_strcmp0 (g_getenv ("PROCTOR_WATCHER"), "pidfd") == 0;

  while (kill (pid, 0) == 0)
    {
      if (ours)
        waitpid (pid, NULL, WNOHANG);
      g_main_context_iteration (NULL, FALSE);
      g_usleep (1000);
    }
}

static void
test_shutdown (void)
{
  g_auto(Watched) watched = { 0 };
  g_autoptr(ProctorProcess) detached = spawn_sleeper ();
  g_autoptr(ProctorProcess) stopped = NULL;
  g_autoptr(GError) error = NULL;

  watched_init (&watched, G_MAXUINT);
  g_assert_cmpuint (count_items (watched.list), ==, 1);
  g_assert_true (proctor_shutdown (PROCTOR_SHUTDOWN_DETACH, NULL, &error));
  g_assert_no_error (error);
  /* It has not ended, so it is not one of those that are kept. */
  await_n_items (watched.list, 0);
  kill (proctor_process_get_pid (detached), SIGKILL);
  await_reaped (proctor_process_get_pid (detached));

  stopped = spawn_sleeper ();
  await_n_items (watched.list, 1);
  g_assert_true (proctor_shutdown (PROCTOR_SHUTDOWN_STOP, NULL, &error));
  g_assert_no_error (error);
  await_item_state (peek_item (watched.list, 0), PROCTOR_PROCESS_EXITED);

  /* As it was before the test. */
  warm_up ();
}

static const ApiTest tests[] = {
  { "life", test_life, MAIN_WAYS },
  { "properties", test_properties, ONE_WAY },
  { "started-before", test_started_before, MAIN_WAYS },
  { "keeps", test_keeps, MAIN_WAYS },
  { "expires", test_expires, ONE_WAY },
  { "not-a-handle", test_not_a_handle, MAIN_WAYS },
  { "not-utf8", test_not_utf8, ONE_WAY },
  { "failed-start", test_failed_start, MAIN_WAYS },
  { "share-items", test_share_items, ONE_WAY },
  { "again", test_again, MAIN_WAYS },
  { "ended-between", test_ended_between, ONE_WAY },
  { "dropped-in-thread", test_dropped_in_thread, ONE_WAY },
  { "not-in-thread", test_not_in_thread, THREAD_WAYS },
  { "forked-copy", test_forked_copy, ONE_WAY },
  { "busy-handler", test_busy_handler, ONE_WAY },
  { "nested-turn", test_nested_turn, ONE_WAY },
  { "scattered", test_scattered, ONE_WAY },
  { "storm", test_storm, ONE_WAY },
  { "any-order", test_any_order, ONE_WAY },
  { "shutdown", test_shutdown, ONE_WAY },
};

int
main (int    argc,
      char **argv)
{
  return RUN_API_TESTS (argc, argv, "process-list", tests);
}
