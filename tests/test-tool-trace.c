/* `proctor trace`, and PROCTOR_TRACE for any program: the chrome output is checked event by event
 * for what its readers want, and has every step of a process in order, with each child watcher,
 * with and without pidfds, with clone and with fork.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: MAIN. */

#include "config.h"

#include <signal.h>
#include <stdarg.h>
#include <string.h>

#include <gio/gio.h>
#include <json-glib/json-glib.h>

#include "folder-testing.h"

typedef struct
{
  char *folder;
  char *out;
  char *err;
  int exit_code; /* -N after signal N */
} Fixture;

static const char *tool_path;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->folder = test_folder_new ("proctor-trace-XXXXXX");
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  test_folder_remove (fixture->folder);
  g_free (fixture->out);
  g_free (fixture->err);
}

/* In the fixture's folder. Words before the verb are variables, K=V. */
static void run_tool (Fixture *fixture,
                      ...) G_GNUC_NULL_TERMINATED;

static void
run_tool (Fixture *fixture,
          ...)
{
  g_autoptr(GPtrArray) argv = g_ptr_array_new ();
  g_autoptr(GSubprocessLauncher) launcher = NULL;
  g_autoptr(GSubprocess) process = NULL;
  g_autoptr(GError) error = NULL;
  const char *word;
  va_list args;

  launcher =
    g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_subprocess_launcher_set_cwd (launcher, fixture->folder);
  g_subprocess_launcher_unsetenv (launcher, "PROCTOR_TRACE");
  g_ptr_array_add (argv, (gpointer) tool_path);
  va_start (args, fixture);
  while ((word = va_arg (args, const char *)) != NULL)
    {
      const char *equals = argv->len == 1 ? strchr (word, '=') : NULL;
      g_autofree char *name = equals != NULL ? g_strndup (word, (gsize) (equals - word)) : NULL;

      if (name != NULL)
        g_subprocess_launcher_setenv (launcher, name, equals + 1, TRUE);
      else
        g_ptr_array_add (argv, (gpointer) word);
    }
  va_end (args);
  g_ptr_array_add (argv, NULL);

  g_clear_pointer (&fixture->out, g_free);
  g_clear_pointer (&fixture->err, g_free);
  process = g_subprocess_launcher_spawnv (launcher, (const char * const *) argv->pdata, &error);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, NULL, NULL, &fixture->out, &fixture->err, &error);
  g_assert_no_error (error);
  fixture->exit_code = g_subprocess_get_if_exited (process) ? g_subprocess_get_exit_status (process)
                                                            : -g_subprocess_get_term_sig (process);
}

static char *
read_file (Fixture    *fixture,
           const char *name)
{
  g_autofree char *path = g_build_filename (fixture->folder, name, NULL);
  g_autoptr(GError) error = NULL;
  char *content = NULL;

  g_file_get_contents (path, &content, NULL, &error);
  g_assert_no_error (error);
  return content;
}

static void
assert_contains (const char *text,
                 const char *part)
{
  if (strstr (text, part) == NULL)
    g_error ("“%s” is not in: %s", part, text);
}

/* ---- the trace event format */

typedef struct
{
  gboolean named;
  double last;
  guint depth;
} Track;

typedef struct
{
  guint n_starts;
  guint n_ends;
  double start;
} Flow;

typedef struct
{
  JsonArray *events;  /* borrowed */
  GHashTable *groups; /* pids that have a name */
  GHashTable *tracks; /* "pid/tid" → owned Track */
  GHashTable *flows;  /* id → owned Flow */
} Checker;

static void
assert_members (JsonObject *event,
                const char *name,
                ...) G_GNUC_NULL_TERMINATED;

/* Exactly these. */
static void
assert_members (JsonObject *event,
                const char *name,
                ...)
{
  guint n_members = 0;
  va_list args;

  va_start (args, name);
  for (const char *member = name; member != NULL; member = va_arg (args, const char *))
    {
      if (!json_object_has_member (event, member))
        g_error ("an event has no “%s”", member);
      n_members++;
    }
  va_end (args);
  g_assert_cmpuint (json_object_get_size (event), ==, n_members);
}

static GType
get_type (JsonObject *event,
          const char *member)
{
  return json_node_get_value_type (json_object_get_member (event, member));
}

static Track *
get_track (Checker    *checker,
           JsonObject *event)
{
  char *key = g_strdup_printf ("%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT,
                               json_object_get_int_member (event, "pid"),
                               json_object_get_int_member (event, "tid"));
  Track *track = g_hash_table_lookup (checker->tracks, key);

  g_assert_true (get_type (event, "pid") == G_TYPE_INT64);
  g_assert_true (get_type (event, "tid") == G_TYPE_INT64);
  if (track == NULL)
    {
      track = g_new0 (Track, 1);
      g_hash_table_insert (checker->tracks, key, track);
    }
  else
    {
      g_free (key);
    }
  return track;
}

static void
check_metadata (Checker    *checker,
                JsonObject *event)
{
  const char *name = json_object_get_string_member (event, "name");
  JsonObject *args = json_object_get_object_member (event, "args");

  assert_members (event, "ph", "pid", "tid", "name", "args", NULL);
  assert_members (args, "name", NULL);
  g_assert_true (get_type (args, "name") == G_TYPE_STRING);
  if (strcmp (name, "process_name") == 0)
    g_hash_table_add (checker->groups,
                      GINT_TO_POINTER ((int) json_object_get_int_member (event, "pid")));
  else if (strcmp (name, "thread_name") == 0)
    get_track (checker, event)->named = TRUE;
  else
    g_error ("metadata of kind %s", name);
}

static void
check_flow (Checker    *checker,
            JsonObject *event,
            gboolean    starts)
{
  gpointer key = GINT_TO_POINTER ((int) json_object_get_int_member (event, "id"));
  Flow *flow = g_hash_table_lookup (checker->flows, key);

  g_assert_true (get_type (event, "id") == G_TYPE_INT64);
  g_assert_cmpstr (json_object_get_string_member (event, "cat"), ==, "message");
  g_assert_cmpstr (json_object_get_string_member (event, "name"), ==, "message");
  if (flow == NULL)
    {
      flow = g_new0 (Flow, 1);
      g_hash_table_insert (checker->flows, key, flow);
    }

  if (starts)
    {
      assert_members (event, "ph", "pid", "tid", "ts", "id", "cat", "name", NULL);
      flow->n_starts++;
      flow->start = json_object_get_double_member (event, "ts");
    }
  else
    {
      assert_members (event, "ph", "pid", "tid", "ts", "bp", "id", "cat", "name", NULL);
      g_assert_cmpstr (json_object_get_string_member (event, "bp"), ==, "e");
      g_assert_cmpuint (flow->n_starts, ==, 1);
      g_assert_cmpfloat (json_object_get_double_member (event, "ts"), >=, flow->start);
      flow->n_ends++;
    }
}

static void
check_args (JsonObject *event)
{
  JsonObject *args = json_object_get_object_member (event, "args");

  g_assert_nonnull (args);
  g_assert_true (get_type (event, "name") == G_TYPE_STRING);
  g_assert_true (get_type (event, "cat") == G_TYPE_STRING);
  if (json_object_has_member (args, "process"))
    g_assert_true (get_type (args, "process") == G_TYPE_INT64);
  if (json_object_has_member (args, "detail"))
    g_assert_true (get_type (args, "detail") == G_TYPE_STRING);
}

static void
check_event (Checker    *checker,
             JsonObject *event)
{
  const char *phase = json_object_get_string_member (event, "ph");
  Track *track;
  double time;

  g_assert_cmpuint (strlen (phase), ==, 1);
  if (*phase == 'M')
    {
      check_metadata (checker, event);
      return;
    }

  track = get_track (checker, event);
  time = json_object_get_double_member (event, "ts");
  g_assert_true (g_hash_table_contains (
    checker->groups, GINT_TO_POINTER ((int) json_object_get_int_member (event, "pid"))));
  g_assert_true (track->named);
  g_assert_true (get_type (event, "ts") == G_TYPE_DOUBLE);
  g_assert_cmpfloat (time, >=, track->last);
  track->last = time;

  switch (*phase)
    {
    case 'B':
      assert_members (event, "ph", "pid", "tid", "ts", "cat", "name", "args", NULL);
      check_args (event);
      track->depth++;
      break;
    case 'E':
      assert_members (event, "ph", "pid", "tid", "ts", NULL);
      g_assert_cmpuint (track->depth, >, 0);
      track->depth--;
      break;
    case 'i':
      assert_members (event, "ph", "pid", "tid", "ts", "s", "cat", "name", "args", NULL);
      g_assert_cmpstr (json_object_get_string_member (event, "s"), ==, "t");
      check_args (event);
      break;
    case 's':
    case 'f':
      g_assert_cmpuint (track->depth, >, 0);
      check_flow (checker, event, *phase == 's');
      break;
    default:
      g_error ("an event of phase %s", phase);
    }
}

static void
check_end (Checker *checker)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, checker->tracks);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    g_assert_cmpuint (((Track *) value)->depth, ==, 0);
  g_hash_table_iter_init (&iter, checker->flows);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      g_assert_cmpuint (((Flow *) value)->n_starts, ==, 1);
      g_assert_cmpuint (((Flow *) value)->n_ends, ==, 1);
    }
}

/* The events, after they were checked. */
static JsonNode *
parse_chrome (const char *content)
{
  g_autoptr(GError) error = NULL;
  JsonNode *root = json_from_string (content, &error);
  Checker checker = {
    .groups = g_hash_table_new (NULL, NULL),
    .tracks = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free),
    .flows = g_hash_table_new_full (NULL, NULL, NULL, g_free),
  };

  g_assert_no_error (error);
  g_assert_true (JSON_NODE_HOLDS_ARRAY (root));
  checker.events = json_node_get_array (root);
  g_assert_cmpuint (json_array_get_length (checker.events), >, 1);
  for (guint i = 0; i < json_array_get_length (checker.events); i++)
    check_event (&checker, json_array_get_object_element (checker.events, i));
  check_end (&checker);
  g_hash_table_unref (checker.groups);
  g_hash_table_unref (checker.tracks);
  g_hash_table_unref (checker.flows);
  return root;
}

/* ---- steps */

/* The place of the first, or the last, step of that name on the track of a process; -1: there is
 * none.
 */
static int
find_step (JsonNode   *root,
           guint       process,
           const char *name,
           const char *detail,
           gboolean    last)
{
  JsonArray *events = json_node_get_array (root);
  int found = -1;

  for (guint i = 0; i < json_array_get_length (events); i++)
    {
      JsonObject *event = json_array_get_object_element (events, i);
      JsonObject *args;

      if (strcmp (json_object_get_string_member (event, "ph"), "i") != 0 ||
          strcmp (json_object_get_string_member (event, "cat"), "process") != 0 ||
          strcmp (json_object_get_string_member (event, "name"), name) != 0)
        continue;
      args = json_object_get_object_member (event, "args");
      if (json_object_get_int_member (args, "process") != process ||
          (detail != NULL &&
           strstr (json_object_get_string_member (args, "detail"), detail) == NULL))
        continue;
      if (found < 0 || last)
        found = (int) i;
    }
  return found;
}

/* Each is there, once but for answers, and comes after the one before. */
static void
assert_in_order (JsonNode *root,
                 guint     process,
                 ...) G_GNUC_NULL_TERMINATED;

static void
assert_in_order (JsonNode *root,
                 guint     process,
                 ...)
{
  const char *name;
  int place = -1;
  va_list args;

  va_start (args, process);
  while ((name = va_arg (args, const char *)) != NULL)
    {
      g_auto(GStrv) parts = g_strsplit (name, ":", 2);
      int next = find_step (root, process, parts[0], parts[1], TRUE);

      g_test_message ("%s: %d", name, next);
      g_assert_cmpint (next, >, place);
      if (strcmp (parts[0], "answered") != 0 && strcmp (parts[0], "delivered") != 0)
        g_assert_cmpint (find_step (root, process, parts[0], parts[1], FALSE), ==, next);
      place = next;
    }
  va_end (args);
}

static void
check_captured_run (Fixture    *fixture,
                    const char *watcher,
                    const char *pidfd,
                    const char *way)
{
  g_autofree char *content = NULL;
  g_autoptr(JsonNode) root = NULL;

  g_test_message ("%s %s %s", watcher, pidfd, way);
  run_tool (fixture, watcher, pidfd, way, "trace", "--output", "trace.json", "--input",
            "/proc/self/status", "cat", NULL);
  /* The watcher that wants pidfds says so where there are none. */
  if (g_str_equal (watcher, "PROCTOR_WATCHER=pidfd") && strstr (fixture->err, "has no pidfds"))
    {
      g_assert_cmpint (fixture->exit_code, ==, 125);
      return;
    }
  g_assert_cmpstr (fixture->err, ==, "");
  g_assert_cmpint (fixture->exit_code, ==, 0);
  assert_contains (fixture->out, "Name:");

  content = read_file (fixture, "trace.json");
  root = parse_chrome (content);
  assert_in_order (root, 1, "command:cat", "queued", "spawn begins", "fds:stdin", "spawned:pid ",
                   "first byte in:stdin", "first byte out:stdout", "eof:stdout", "answered",
                   "delivered", NULL);
  assert_in_order (root, 1, "first byte in", "eof:stdin", "eof:stdout", "answered", "released",
                   NULL);
  assert_in_order (root, 1, "spawned", "exited", "reaped:code 0", "answered", NULL);
  g_assert_cmpint (find_step (root, 1, "lost", NULL, FALSE), ==, -1);
}

static void
test_captured_run (Fixture       *fixture,
                   gconstpointer  data)
{
  static const char *const watchers[] = {
    "PROCTOR_WATCHER=main", "PROCTOR_WATCHER=pidfd", "PROCTOR_WATCHER=threaded",
  };
  static const char *const pidfds[] = { "PROCTOR_NO_PIDFD=", "PROCTOR_NO_PIDFD=1" };
  static const char *const ways[] = { "PROCTOR_SPAWN=", "PROCTOR_SPAWN=fork" };

  for (gsize i = 0; i < G_N_ELEMENTS (watchers); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (pidfds); j++)
      for (gsize k = 0; k < G_N_ELEMENTS (ways); k++)
        check_captured_run (fixture, watchers[i], pidfds[j], ways[k]);
}

static void
test_many_commands (Fixture       *fixture,
                    gconstpointer  data)
{
  g_autoptr(JsonNode) root = NULL;
  g_autofree char *content = NULL;

  run_tool (fixture, "trace", "--output", "trace.json", "--shell", "echo 1", "exit 3", "kill -9 $$",
            "printf '\"quoted\\\\ \\t\"'", NULL);
  g_assert_cmpint (fixture->exit_code, ==, 1);
  content = read_file (fixture, "trace.json");
  root = parse_chrome (content);
  assert_in_order (root, 1, "command:echo 1", "spawned", "reaped:code 0", "released", NULL);
  assert_in_order (root, 2, "command:exit 3", "spawned", "reaped:code 3", "released", NULL);
  assert_in_order (root, 3, "command:kill -9", "spawned", "reaped:SIGKILL", "released", NULL);
  assert_in_order (root, 4, "command:\"quoted\\\\ \\t\"", "spawned", "reaped:code 0", NULL);
}

static void
test_stopped (Fixture       *fixture,
              gconstpointer  data)
{
  g_autoptr(JsonNode) root = NULL;
  g_autofree char *content = NULL;

  run_tool (fixture, "trace", "--output", "trace.json", "--timeout", "0.05", "sleep", "1000", NULL);
  g_assert_cmpint (fixture->exit_code, ==, 124);
  content = read_file (fixture, "trace.json");
  root = parse_chrome (content);
  assert_in_order (root, 1, "spawned", "signal:SIGTERM", "reaped:SIGTERM", "released", NULL);
}

static void
test_not_started (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autoptr(JsonNode) root = NULL;
  g_autofree char *content = NULL;

  run_tool (fixture, "trace", "--output", "trace.json", "/nonexistent", NULL);
  g_assert_cmpint (fixture->exit_code, ==, 127);
  content = read_file (fixture, "trace.json");
  root = parse_chrome (content);
  assert_in_order (root, 1, "command", "queued", "spawn begins", "spawn failed:/nonexistent",
                   "answered", "delivered", NULL);
}

/* ---- the other formats */

static void
test_text (Fixture       *fixture,
           gconstpointer  data)
{
  g_auto(GStrv) lines = NULL;
  gsize step_column;
  double last = 0;

  run_tool (fixture, "trace", "echo", "hi", NULL);
  g_assert_cmpint (fixture->exit_code, ==, 0);
  g_assert_cmpstr (fixture->out, ==, "hi\n");
  g_assert_null (strchr (fixture->err, '\033'));

  lines = g_strsplit (fixture->err, "\n", -1);
  g_assert_nonnull (strstr (lines[0], "TIME ms"));
  step_column = (gsize) (strstr (lines[0], "STEP") - lines[0]);
  for (guint i = 1; lines[i][0] != '\0'; i++)
    {
      double time = g_ascii_strtod (lines[i], NULL);

      g_assert_cmpfloat (time, >=, last);
      last = time;
      g_assert_cmpuint (strlen (lines[i]), >, step_column);
      g_assert_true (lines[i][step_column - 1] == ' ' && lines[i][step_column] != ' ');
    }
  assert_contains (fixture->err, "durations ms   asked ");
  assert_contains (fixture->err, "first byte out stdout, 3 bytes");
}

typedef struct
{
  guint n_elements;
  guint n_titles;
} Svg;

static void
svg_element (GMarkupParseContext  *context,
             const char           *name,
             const char          **attribute_names,
             const char          **attribute_values,
             gpointer              data,
             GError              **error)
{
  Svg *svg = data;

  if (svg->n_elements == 0)
    g_assert_cmpstr (name, ==, "svg");
  svg->n_elements++;
  svg->n_titles += strcmp (name, "title") == 0;
  /* A comma would be the locale's. */
  for (guint i = 0; attribute_names[i] != NULL; i++)
    if (strcmp (attribute_names[i], "x") == 0)
      g_assert_null (strchr (attribute_values[i], ','));
}

static void
test_svg (Fixture       *fixture,
          gconstpointer  data)
{
  const GMarkupParser parser = { .start_element = svg_element };
  Svg svg = { 0 };
  g_autoptr(GMarkupParseContext) context = g_markup_parse_context_new (&parser, 0, &svg, NULL);
  g_autoptr(GError) error = NULL;
  g_autofree char *content = NULL;

  run_tool (fixture, "trace", "--format", "svg", "-o", "picture", "--shell", "echo '<&\"\033>'",
            "sleep 0.01", NULL);
  g_assert_cmpint (fixture->exit_code, ==, 0);
  content = read_file (fixture, "picture");
  g_assert_true (g_markup_parse_context_parse (context, content, -1, &error));
  g_assert_no_error (error);
  g_assert_true (g_markup_parse_context_end_parse (context, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (svg.n_titles, >, 10);
  assert_contains (content, "#2 sleep 0.01");
  assert_contains (content, "spawn: ");
}

/* ---- calling it */

static void
test_usage (Fixture       *fixture,
            gconstpointer  data)
{
  run_tool (fixture, "trace", NULL);
  g_assert_cmpint (fixture->exit_code, ==, 2);
  run_tool (fixture, "trace", "--format", "picture", "true", NULL);
  g_assert_cmpint (fixture->exit_code, ==, 2);
  assert_contains (fixture->err, "“picture” is no format");
  run_tool (fixture, "trace", "--format", "chrome", "true", NULL);
  g_assert_cmpint (fixture->exit_code, ==, 2);
  assert_contains (fixture->err, "--output");
  run_tool (fixture, "trace", "--output", "none/trace.json", "echo", "hi", NULL);
  g_assert_cmpint (fixture->exit_code, ==, 125);
  g_assert_cmpstr (fixture->out, ==, "");
  assert_contains (fixture->err, "none/trace.json");
}

static void
test_disk_full (Fixture       *fixture,
                gconstpointer  data)
{
  run_tool (fixture, "trace", "-o/dev/full", "echo", "hi", NULL);
  g_assert_cmpstr (fixture->out, ==, "hi\n");
  g_assert_cmpint (fixture->exit_code, ==, 125);
  assert_contains (fixture->err, "No space left");
}

/* ---- any program */

static void
test_environment (Fixture       *fixture,
                  gconstpointer  data)
{
  g_autofree char *content = NULL;
  g_autoptr(JsonNode) root = NULL;

  run_tool (fixture, "PROCTOR_TRACE=trace.json", "run", "--capture", "echo", "hi", NULL);
  g_assert_cmpstr (fixture->out, ==, "hi\n");
  g_assert_cmpstr (fixture->err, ==, "");
  content = read_file (fixture, "trace.json");
  root = parse_chrome (content);
  /* The exit may be noticed before the output is read. */
  assert_in_order (root, 1, "command:echo hi", "spawned", "first byte out", NULL);
  assert_in_order (root, 1, "spawned", "reaped:code 0", NULL);

  g_clear_pointer (&content, g_free);
  run_tool (fixture, "PROCTOR_TRACE=trace.json", "PROCTOR_TRACE_FORMAT=text", "run", "true", NULL);
  content = read_file (fixture, "trace.json");
  assert_contains (content, "durations ms");
}

/* A child with our environment that traces, too, does not destroy the file. */
static void
test_nested (Fixture       *fixture,
             gconstpointer  data)
{
  g_autofree char *content = NULL;
  g_autoptr(JsonNode) root = NULL;
  g_autoptr(GDir) dir = NULL;
  guint n_files = 0;

  run_tool (fixture, "PROCTOR_TRACE=trace.json", "run", "--", tool_path, "run", "true", NULL);
  g_assert_cmpint (fixture->exit_code, ==, 0);
  assert_contains (fixture->err, "%p");
  content = read_file (fixture, "trace.json");
  root = parse_chrome (content);
  g_assert_cmpint (find_step (root, 1, "command", "run true", FALSE), >=, 0);

  run_tool (fixture, "PROCTOR_TRACE=each-%p.json", "run", "--", tool_path, "run", "true", NULL);
  g_assert_cmpstr (fixture->err, ==, "");
  dir = g_dir_open (fixture->folder, 0, NULL);
  for (const char *name = g_dir_read_name (dir); name != NULL; name = g_dir_read_name (dir))
    n_files += g_str_has_prefix (name, "each-") ? 1 : 0;
  g_assert_cmpuint (n_files, ==, 2);
}

static void
test_warnings (Fixture       *fixture,
               gconstpointer  data)
{
  run_tool (fixture, "PROCTOR_TRACE=none/trace", "run", "echo", "hi", NULL);
  g_assert_cmpint (fixture->exit_code, ==, 0);
  g_assert_cmpstr (fixture->out, ==, "hi\n");
  assert_contains (fixture->err, "PROCTOR_TRACE");
  assert_contains (fixture->err, "none/trace");

  run_tool (fixture, "PROCTOR_TRACE=trace", "PROCTOR_TRACE_FORMAT=gif", "run", "true", NULL);
  g_assert_cmpint (fixture->exit_code, ==, 0);
  assert_contains (fixture->err, "gif");

  run_tool (fixture, "PROCTOR_TRACE=/dev/full", "run", "true", NULL);
  g_assert_cmpint (fixture->exit_code, ==, 0);
  assert_contains (fixture->err, "No space left");
}

/* What it had recorded until then is in the file, which lacks the end and no more. The command,
 * which is in there, too, must not find itself.
 */
static void
test_killed (Fixture       *fixture,
             gconstpointer  data)
{
  g_autoptr(JsonNode) root = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *content = NULL;
  g_autofree char *whole = NULL;

  run_tool (fixture, "PROCTOR_TRACE=trace.json", "run", "--shell",
            "until grep -q spawne[d] trace.json; do sleep 0.01; done; kill -9 $PPID", NULL);
  g_assert_cmpint (fixture->exit_code, ==, -SIGKILL);
  content = read_file (fixture, "trace.json");
  whole = g_strconcat (content, "]", NULL);
  root = json_from_string (whole, &error);
  g_assert_no_error (error);
  g_assert_cmpint (find_step (root, 1, "spawned", NULL, FALSE), >=, 0);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  tool_path = g_getenv ("PROCTOR_TEST_TOOL");
  g_assert_nonnull (tool_path);

#define ADD(name, function) \
  g_test_add ("/tool-trace/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("captured-run", test_captured_run);
  ADD ("many-commands", test_many_commands);
  ADD ("stopped", test_stopped);
  ADD ("not-started", test_not_started);
  ADD ("text", test_text);
  ADD ("svg", test_svg);
  ADD ("usage", test_usage);
  ADD ("disk-full", test_disk_full);
  ADD ("environment", test_environment);
  ADD ("nested", test_nested);
  ADD ("warnings", test_warnings);
  ADD ("killed", test_killed);
#undef ADD

  return g_test_run ();
}
