/* `proctor bench`, with as little to do as it has: the table, the JSON and the plot are there and
 * are in order. How fast anything was is nobody's business here.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: MAIN. */

#include "config.h"

#include <stdarg.h>
#include <string.h>

#include <gio/gio.h>
#include <json-glib/json-glib.h>

#include "folder-testing.h"

#define TABLE_WIDTH 80

typedef struct
{
  char *folder;
  char *out;
  char *err;
  int exit_code;
} Fixture;

static const char *tool_path;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->folder = test_folder_new ("proctor-bench-XXXXXX");
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  test_folder_remove (fixture->folder);
  g_free (fixture->out);
  g_free (fixture->err);
}

/* In the fixture's folder, which is the one for temporary files as well: nothing may be left
 * there.
 */
static void
run (Fixture            *fixture,
     const char * const *argv)
{
  g_autoptr(GSubprocessLauncher) launcher = NULL;
  g_autoptr(GSubprocess) process = NULL;
  g_autoptr(GError) error = NULL;

  g_clear_pointer (&fixture->out, g_free);
  g_clear_pointer (&fixture->err, g_free);
  launcher =
    g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_subprocess_launcher_set_cwd (launcher, fixture->folder);
  g_subprocess_launcher_setenv (launcher, "TMPDIR", fixture->folder, TRUE);
  process = g_subprocess_launcher_spawnv (launcher, argv, &error);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, NULL, NULL, &fixture->out, &fixture->err, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_if_exited (process));
  fixture->exit_code = g_subprocess_get_exit_status (process);
  g_test_message ("exit code %d\n%s%s", fixture->exit_code, fixture->out, fixture->err);
}

static void bench (Fixture    *fixture,
                   const char *first_word,
                   ...) G_GNUC_NULL_TERMINATED;

static void
bench (Fixture    *fixture,
       const char *first_word,
       ...)
{
  g_autoptr(GPtrArray) argv = g_ptr_array_new ();
  va_list args;

  g_ptr_array_add (argv, (gpointer) tool_path);
  g_ptr_array_add (argv, (gpointer) "bench");
  va_start (args, first_word);
  for (const char *word = first_word; word != NULL; word = va_arg (args, const char *))
    g_ptr_array_add (argv, (gpointer) word);
  va_end (args);
  g_ptr_array_add (argv, NULL);
  run (fixture, (const char * const *) argv->pdata);
}

static void
assert_contains (const char *text,
                 const char *part)
{
  if (strstr (text, part) == NULL)
    g_error ("“%s” is not in: %s", part, text);
}

static guint
count_entries (Fixture *fixture)
{
  g_autoptr(GDir) dir = g_dir_open (fixture->folder, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;

  return n;
}

/* ---- what it prints */

static void
assert_is_table (const char *text)
{
  g_auto(GStrv) lines = g_strsplit (text, "\n", -1);

  g_assert_true (g_str_has_prefix (lines[0], "scenario"));
  g_assert_cmpstr (lines[1], !=, NULL);
  for (gsize i = 0; lines[i] != NULL; i++)
    g_assert_cmpint (g_utf8_strlen (lines[i], -1), <=, TABLE_WIDTH);
}

static JsonObject *
get_figures (JsonArray  *results,
             guint       index,
             const char *peer)
{
  JsonObject *row = json_array_get_object_element (results, index);

  return json_object_get_object_member (json_object_get_object_member (row, "figures"), peer);
}

/* Every scenario, in little, for ourselves and the floor. */
static void
test_everything (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autoptr(JsonParser) parser = json_parser_new ();
  g_autoptr(GError) error = NULL;
  g_autofree char *path = g_build_filename (fixture->folder, "figures.json", NULL);
  JsonObject *root;
  JsonArray *results;

  bench (fixture, "--quick", "--peers", "floor,proctor", "--json", "figures.json", NULL);
  g_assert_cmpint (fixture->exit_code, ==, 0);
  g_assert_cmpstr (fixture->err, ==, "");
  assert_is_table (fixture->out);
  g_assert_cmpuint (count_entries (fixture), ==, 1);

  json_parser_load_from_file (parser, path, &error);
  g_assert_no_error (error);
  root = json_node_get_object (json_parser_get_root (parser));
  g_assert_true (json_object_get_boolean_member (root, "quick"));
  g_assert_cmpint (json_object_get_int_member (root, "rounds"), ==, 1);
  results = json_object_get_array_member (root, "results");
  g_assert_cmpuint (json_array_get_length (results), >=, 20);
  for (guint i = 0; i < json_array_get_length (results); i++)
    {
      JsonObject *figures = get_figures (results, i, "proctor");

      /* The machine may have no room, or no limit to run into. */
      if (!json_object_has_member (figures, "left_out"))
        g_assert_cmpfloat (json_object_get_double_member (figures, "median"), >=, 0);
    }
}

/* Each peer does its job in one of the ways there are; one that is not there is named. */
static void
test_peers (Fixture       *fixture,
            gconstpointer  data)
{
  static const char * const peers[] = { "floor", "libuv", "asyncio", "gsubprocess", "proctor" };
  g_autoptr(JsonParser) parser = json_parser_new ();
  g_autoptr(GError) error = NULL;
  JsonObject *root;
  JsonArray *results;

  bench (fixture, "--quick", "--rounds=2", "--json=-", "echo-async", "read-async", "lines-async",
         NULL);
  g_assert_cmpint (fixture->exit_code, ==, 0);
  json_parser_load_from_data (parser, fixture->out, -1, &error);
  g_assert_no_error (error);
  root = json_node_get_object (json_parser_get_root (parser));
  results = json_object_get_array_member (root, "results");
  g_assert_cmpuint (json_array_get_length (results), ==, 3);

  for (gsize i = 0; i < G_N_ELEMENTS (peers); i++)
    {
      JsonObject *peer =
        json_array_get_object_element (json_object_get_array_member (root, "peers"), i);

      g_assert_cmpstr (json_object_get_string_member (peer, "name"), ==, peers[i]);
      if (!json_object_get_boolean_member (peer, "measured"))
        {
          assert_contains (fixture->err, "is left out");
          continue;
        }
      for (guint row = 0; row < 3; row++)
        {
          JsonObject *figures = get_figures (results, row, peers[i]);

          g_assert_false (json_object_has_member (figures, "left_out"));
          g_assert_cmpuint (json_array_get_length (
                              json_object_get_array_member (figures, "rounds")),
                            ==, 2);
        }
    }
}

/* The figures of two runs, from their files: the same table as those of one, but for the rounds. */
static void
test_from (Fixture       *fixture,
           gconstpointer  data)
{
  g_autoptr(JsonParser) parser = json_parser_new ();
  g_autoptr(GError) error = NULL;
  g_autofree char *table = NULL;
  JsonArray *results;

  bench (fixture, "--quick", "--peers=floor,proctor", "--json=a.json", "true", "threads", "held",
         NULL);
  g_assert_cmpint (fixture->exit_code, ==, 0);
  table = g_steal_pointer (&fixture->out);
  bench (fixture, "--from=a.json", NULL);
  g_assert_cmpint (fixture->exit_code, ==, 0);
  g_assert_cmpstr (fixture->out, ==, table);

  bench (fixture, "--quick", "--peers=proctor,asyncio", "--json=b.json", "true", NULL);
  bench (fixture, "--from=a.json", "--from=b.json", "--json=-", "--peers=floor,proctor", "true",
         NULL);
  g_assert_cmpint (fixture->exit_code, ==, 0);
  json_parser_load_from_data (parser, fixture->out, -1, &error);
  g_assert_no_error (error);
  results = json_object_get_array_member (json_node_get_object (json_parser_get_root (parser)),
                                          "results");
  g_assert_cmpuint (json_array_get_length (results), ==, 1);
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (
                      get_figures (results, 0, "proctor"), "rounds")),
                    ==, 2);
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (
                      get_figures (results, 0, "floor"), "rounds")),
                    ==, 1);
}

static void
test_from_nonsense (Fixture       *fixture,
                    gconstpointer  data)
{
  static const char * const texts[] = {
    "nonsense", "[]", "{}", "{\"results\": 3}",
  };
  static const char odd[] =
    "{\"peers\": [7, {\"name\": \"proctor\", \"measured\": true}],"
    " \"results\": [7, {}, {\"scenario\": \"no-such\"}, {\"scenario\": \"true\"},"
    " {\"scenario\": \"true\", \"figures\": {\"proctor\": {\"rounds\": 3}, \"floor\": []}}]}";
  g_autofree char *path = g_build_filename (fixture->folder, "nonsense.json", NULL);
  g_autoptr(GError) error = NULL;

  bench (fixture, "--from=no-such.json", NULL);
  g_assert_cmpint (fixture->exit_code, ==, 125);
  assert_contains (fixture->err, "no-such.json");
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_file_set_contents (path, texts[i], -1, &error);
      g_assert_no_error (error);
      bench (fixture, "--from=nonsense.json", NULL);
      g_assert_cmpint (fixture->exit_code, ==, 125);
      assert_contains (fixture->err, "nonsense.json");
    }
  g_file_set_contents (path, odd, -1, &error);
  g_assert_no_error (error);
  bench (fixture, "--from=nonsense.json", NULL);
  g_assert_cmpint (fixture->exit_code, ==, 0);
  g_assert_cmpstr (fixture->err, ==, "");
}

/* What is missing, or less than was asked for, is told below the table. */
static void
test_notes (Fixture       *fixture,
            gconstpointer  data)
{
  bench (fixture, "--quick", "--peers=floor,gsubprocess,proctor", "held", "echo-32", NULL);
  g_assert_cmpint (fixture->exit_code, ==, 0);
  assert_is_table (fixture->out);
  assert_contains (fixture->out, "\nfloor: the floor does not do this (held)\n");
  assert_contains (fixture->out,
                   "\nGSubprocess: there is no blocking call for several (echo-32)\n");
}

/* Those that count beside those that take the time. */
static void
test_counters (Fixture       *fixture,
               gconstpointer  data)
{
  g_autofree char *folder = g_path_get_dirname (tool_path);
  g_autofree char *script =
    g_build_filename (folder, "..", "tests", "bench", "bench-counters.py", NULL);
  const char *argv[] = { script, "--runs=20", "floor", "proctor", "proctor:async", "snail", NULL };

  run (fixture, argv);
  g_assert_cmpint (fixture->exit_code, ==, 0);
  assert_contains (fixture->err, "snail is left out");
  assert_contains (fixture->out, "\nwake-ups ");
  assert_contains (fixture->out, "\nallocations ");
  if (strstr (fixture->err, "\nvalgrind ") == NULL)
    assert_contains (fixture->out, "\n1000 instructions ");
  if (strstr (fixture->err, "\nstrace ") == NULL)
    g_assert_true (g_regex_match_simple ("\n  execve +1\\.0 +1\\.0 +1\\.0\n", fixture->out, 0, 0));
  g_assert_cmpuint (count_entries (fixture), ==, 0);
}

static void
note_element_cb (GMarkupParseContext  *context,
                 const char           *element,
                 const char          **names,
                 const char          **values,
                 gpointer              user_data,
                 GError              **error)
{
  if (g_markup_parse_context_get_element_stack (context)->next == NULL)
    g_assert_cmpstr (element, ==, "svg");
  ++*(guint *) user_data;
}

static void
test_plot (Fixture       *fixture,
           gconstpointer  data)
{
  static const GMarkupParser parser = { .start_element = note_element_cb };
  g_autoptr(GMarkupParseContext) context = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *path = g_build_filename (fixture->folder, "plot.svg", NULL);
  g_autofree char *svg = NULL;
  guint n_elements = 0;
  gsize length;

  bench (fixture, "--quick", "--peers=floor,proctor", "--plot=plot.svg", "true", NULL);
  if (fixture->exit_code != 0 && strstr (fixture->err, "cairo") != NULL)
    {
      g_test_skip ("the tool was built without cairo");
      return;
    }
  g_assert_cmpint (fixture->exit_code, ==, 0);
  assert_is_table (fixture->out);
  g_file_get_contents (path, &svg, &length, &error);
  g_assert_no_error (error);
  context = g_markup_parse_context_new (&parser, 0, &n_elements, NULL);
  g_markup_parse_context_parse (context, svg, (gssize) length, &error);
  g_assert_no_error (error);
  g_markup_parse_context_end_parse (context, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n_elements, >, 10);
}

static void
test_list (Fixture       *fixture,
           gconstpointer  data)
{
  bench (fixture, "--list", NULL);
  g_assert_cmpint (fixture->exit_code, ==, 0);
  assert_contains (fixture->out, "\nlatency ");
}

static void
test_refused (Fixture       *fixture,
              gconstpointer  data)
{
  bench (fixture, "no-such", NULL);
  g_assert_cmpint (fixture->exit_code, ==, 2);
  assert_contains (fixture->err, "there is no scenario “no-such”");
  bench (fixture, "--peers=floor,snail", "true", NULL);
  g_assert_cmpint (fixture->exit_code, ==, 2);
  assert_contains (fixture->err, "there is no peer “snail”");
  bench (fixture, "--rounds=-1", "true", NULL);
  g_assert_cmpint (fixture->exit_code, ==, 2);
  bench (fixture, "--peer-dir=.", "true", NULL);
  g_assert_cmpint (fixture->exit_code, ==, 125);
  assert_contains (fixture->err, "--peer-dir");
  bench (fixture, "--quick", "--peers=proctor", "--json=no/such.json", "true", NULL);
  g_assert_cmpint (fixture->exit_code, ==, 125);
  assert_contains (fixture->err, "no/such.json");
}

/* A program that fails, and one that prints nonsense: the others' figures are there all the
 * same.
 */
static void
test_broken_peers (Fixture       *fixture,
                   gconstpointer  data)
{
  static const struct
  {
    const char *name;
    const char *script;
  } programs[] = {
    { "bench-child", "#!/bin/sh\n" },
    { "bench-floor", "#!/bin/sh\nexit 3\n" },
    { "bench-gsubprocess", "#!/bin/sh\necho nonsense\n" },
    { "bench-proctor", "#!/bin/sh\necho '{\"rate\": 42}'\n" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (programs); i++)
    {
      g_autofree char *path = g_build_filename (fixture->folder, programs[i].name, NULL);
      g_autoptr(GError) error = NULL;

      g_file_set_contents_full (path, programs[i].script, -1, G_FILE_SET_CONTENTS_NONE, 0700,
                                &error);
      g_assert_no_error (error);
    }
  bench (fixture, "--peer-dir=.", "--quick", "true", NULL);
  g_assert_cmpint (fixture->exit_code, ==, 0);
  assert_contains (fixture->out, "42.0");
  assert_contains (fixture->err, "libuv is left out: bench-libuv is not in");
  assert_contains (fixture->err, "true, floor: ");
  assert_contains (fixture->err, "true, GSubprocess: ");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  tool_path = g_getenv ("PROCTOR_TEST_TOOL");
  g_assert_nonnull (tool_path);

#define ADD(name, func) g_test_add ("/bench/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("everything", test_everything);
  ADD ("peers", test_peers);
  ADD ("from", test_from);
  ADD ("from-nonsense", test_from_nonsense);
  ADD ("notes", test_notes);
  ADD ("counters", test_counters);
  ADD ("plot", test_plot);
  ADD ("list", test_list);
  ADD ("refused", test_refused);
  ADD ("broken-peers", test_broken_peers);
#undef ADD

  return g_test_run ();
}
