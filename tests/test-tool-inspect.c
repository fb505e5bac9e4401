/* `proctor inspect`: what it shows, stops, and programs that do not answer as they should. What it
 * says with --why is tested in test-tool-why.c.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: MAIN; the tool is another process. */

#include "config.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <glib-unix.h>

#include "tool-inspect-testing.h"

/* ---- what it shows and does */

static void
test_table (void)
{
  g_autoptr(ProctorCommand) command = child_command ("sleep", "1000", NULL);
  g_autoptr(ProctorProcess) process = spawn_or_abort (command);
  g_autofree char *number = g_strdup_printf ("%d", (int) getpid ());
  g_autofree char *of_process = g_strdup_printf ("%d", (int) proctor_process_get_pid (process));
  const char *ways[] = { number, of_process, "test-tool-inspect", NULL };

  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      g_auto(Answer) answer = run_tool (ways[i] != NULL ? ways[i] : "--", NULL);

      g_assert_cmpstr (answer.err, ==, "");
      g_assert_cmpint (answer.exit_code, ==, 0);
      g_assert_nonnull (strstr (answer.out, "sleep 1000"));
      g_assert_nonnull (strstr (answer.out, of_process));
      g_assert_nonnull (strstr (answer.out, "running"));
      g_assert_nonnull (strstr (answer.out, "LONGEST TURN"));
      g_assert_null (strchr (answer.out, '\033'));
    }
  kill_and_wait (process);
}

static void
test_json (void)
{
  g_autoptr(ProctorCommand) command = child_command ("sleep", "1000", NULL);
  g_autoptr(ProctorProcess) process = spawn_or_abort (command);
  g_auto(Answer) answer = run_tool ("--json", NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) root = json_from_string (answer.out, &error);
  JsonObject *program;

  g_assert_no_error (error);
  program = json_array_get_object_element (
    json_object_get_array_member (json_node_get_object (root), "programs"), 0);
  g_assert_cmpint (json_object_get_int_member (program, "pid"), ==, getpid ());
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (program, "workers")), >,
                    0);
  kill_and_wait (process);
}

static void
test_stop (void)
{
  g_autoptr(ProctorCommand) command = child_command ("sleep", "1000", NULL);
  g_autoptr(ProctorProcess) process = spawn_or_abort (command);
  g_autofree char *number = g_strdup_printf ("%d", (int) proctor_process_get_pid (process));
  g_auto(Answer) answer = run_tool ("--stop", number, NULL);
  g_auto(Answer) again = { NULL };

  g_assert_cmpstr (answer.err, ==, "");
  g_assert_cmpint (answer.exit_code, ==, 0);
  g_assert_nonnull (strstr (answer.out, "SIGTERM"));
  assert_returncode (process, -SIGTERM);

  g_clear_object (&process);
  again = run_tool ("--stop", "1", NULL);
  g_assert_cmpint (again.exit_code, ==, 125);
  g_assert_nonnull (strstr (again.err, "process 1"));
}

static void
test_follow (void)
{
  g_autoptr(ProctorCommand) command = child_command ("sleep", "1000", NULL);
  g_autoptr(ProctorProcess) process = spawn_or_abort (command);
  g_autoptr(ProctorCommand) follow =
    proctor_command_new (tool_path, "inspect", "--follow", "--interval", "0.1", "test-tool-inspect",
                         NULL);
  g_autoptr(ProctorProcess) tool = NULL;
  guint n_looks = 0;

  proctor_command_set_stdout (follow, PROCTOR_STDIO_PIPE);
  tool = spawn_or_abort (follow);
  while (n_looks < 3)
    {
      g_autoptr(GBytes) line =
        proctor_stream_reader_read_line (proctor_process_get_stdout (tool), NULL, NULL);

      g_assert_nonnull (line);
      n_looks +=
        g_bytes_get_size (line) > 4 && memcmp (g_bytes_get_data (line, NULL), "test", 4) == 0;
    }
  g_assert_true (proctor_process_send_signal (tool, SIGINT, NULL));
  assert_returncode (tool, 0);
  kill_and_wait (process);
}

static void
test_usage (void)
{
  static const char * const wrong[][2] = {
    { "--signal", "TERM" },   { "--signal", "NONE:5" }, { "--stop", "-4" },
    { "--interval", "0" },    { "--why", "x" },         { "one", "two" },
    { "--follow", "--json" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_auto(Answer) answer = run_tool (wrong[i][0], wrong[i][1], NULL);

      g_assert_cmpint (answer.exit_code, ==, 2);
      g_assert_cmpstr (answer.out, ==, "");
      g_assert_nonnull (strstr (answer.err, "proctor inspect --help"));
    }
}

static void
test_none (void)
{
  g_auto(Answer) answer = { NULL };
  g_auto(Answer) json = { NULL };

  proctor_inspect_stop ();
  answer = run_tool ("--", NULL);
  g_assert_cmpint (answer.exit_code, ==, 125);
  g_assert_nonnull (strstr (answer.err, "PROCTOR_INSPECT=1"));
  json = run_tool ("--json", NULL);
  g_assert_cmpint (json.exit_code, ==, 0);
}

/* ---- programs that are none */

typedef enum
{
  IMPOSTOR_SILENT,  /* takes the connection and says nothing */
  IMPOSTOR_DEAF,    /* does not even take it */
  IMPOSTOR_GARBAGE, /* says something else than D-Bus */
  IMPOSTOR_CLOSES,  /* closes at once */
  IMPOSTOR_BREAKS,  /* closes in the middle of the handshake */
} Impostor;

typedef struct
{
  Impostor kind;
  GArray *peers; /* of int, open */
} ImpostorState;

static gboolean
impostor_cb (int          fd,
             GIOCondition condition,
             gpointer     data)
{
  static const char garbage[] = "HTTP/1.1 200 OK\r\n\r\n";
  static const char half[] = "OK 00";
  ImpostorState *state = data;
  int peer = accept4 (fd, NULL, NULL, SOCK_CLOEXEC);

  g_assert_cmpint (peer, >=, 0);
  if (state->kind == IMPOSTOR_GARBAGE)
    g_assert_cmpint (send (peer, garbage, sizeof garbage, MSG_NOSIGNAL), >, 0);
  if (state->kind == IMPOSTOR_BREAKS)
    g_assert_cmpint (send (peer, half, sizeof half - 1, MSG_NOSIGNAL), >, 0);
  if (state->kind == IMPOSTOR_SILENT)
    g_array_append_val (state->peers, peer);
  else
    close (peer);
  return G_SOURCE_CONTINUE;
}

/* At the socket of this program, which does not listen there itself. */
static void
check_impostor (Impostor    kind,
                const char *expected)
{
  g_autofree char *path = inspect_socket_dup_path ();
  ImpostorState state = { kind, g_array_new (FALSE, FALSE, sizeof (int)) };
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  g_auto(Answer) answer = { NULL };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  guint source = 0;

  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  g_unlink (path);
  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_cmpint (listen (fd, 8), ==, 0);
  if (kind != IMPOSTOR_DEAF)
    source = g_unix_fd_add (fd, G_IO_IN, impostor_cb, &state);

  answer = run_tool ("--", NULL);
  g_test_message ("%s", answer.err);
  g_assert_cmpint (answer.exit_code, ==, 125);
  g_assert_cmpstr (answer.out, ==, "");
  g_assert_nonnull (strstr (answer.err, expected));

  if (source != 0)
    g_source_remove (source);
  for (guint i = 0; i < state.peers->len; i++)
    close (g_array_index (state.peers, int, i));
  g_array_unref (state.peers);
  close (fd);
  g_unlink (path);
}

static void
test_impostors (void)
{
  proctor_inspect_stop ();
  check_impostor (IMPOSTOR_SILENT, "does not answer");
  check_impostor (IMPOSTOR_DEAF, "does not answer");
  check_impostor (IMPOSTOR_GARBAGE, "does not speak D-Bus as it should");
  check_impostor (IMPOSTOR_CLOSES, "does not speak D-Bus as it should");
  check_impostor (IMPOSTOR_BREAKS, "does not speak D-Bus as it should");
}

/* What a program that was killed has left behind is not told of, and taken away. */
static void
test_leftover (void)
{
  g_autofree char *own = inspect_socket_dup_path ();
  g_autofree char *folder = g_path_get_dirname (own);
  g_autofree char *path = g_build_filename (folder, "2147483646.socket", NULL);
  g_auto(Answer) answer = { NULL };

  g_assert_true (g_file_set_contents (path, "", 0, NULL));
  answer = run_tool ("--", NULL);
  g_assert_cmpstr (answer.err, ==, "");
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
}

static void
test_bus (void)
{
  GSubprocess *bus;
  g_autoptr(ProctorCommand) command = child_command ("sleep", "1000", NULL);
  g_autoptr(ProctorProcess) process = spawn_or_abort (command);
  g_auto(Answer) answer = { NULL };

  proctor_inspect_stop ();
  bus = start_bus ();
  if (bus != NULL)
    {
      start_at_bus_or_abort ();
      answer = run_tool ("--", NULL);
      g_assert_cmpstr (answer.err, ==, "");
      g_assert_nonnull (strstr (answer.out, "sleep 1000"));
      assert_healthy (proctor_process_get_pid (process));
      proctor_inspect_stop ();
      stop_bus (bus);
    }
  kill_and_wait (process);
}

/* ---- all of them */

int
main (int    argc,
      char **argv)
{
  static const InspectTest tests[] = {
    { "table", test_table },
    { "json", test_json },
    { "stop", test_stop },
    { "follow", test_follow },
    { "usage", test_usage },
    { "none", test_none },
    { "impostors", test_impostors },
    { "leftover", test_leftover },
    { "bus", test_bus },
  };

  return run_inspect_tests (&argc, &argv, "tool-inspect", tests, G_N_ELEMENTS (tests));
}
