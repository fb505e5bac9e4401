/* For tests of `proctor run`, which is started with GLib's own means, not with the library: in a
 * folder of its own.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <limits.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <gio/gio.h>
#include <json-glib/json-glib.h>

#include "folder-testing.h"
#include "test-deadline.h"

#define DEADLINE_SECONDS 60

typedef struct
{
  int exit_code;
  char *out;
  gsize out_length;
  char *err;
} Outcome;

typedef struct
{
  char *folder;
} Fixture;

static const char *tool_path;

static inline void
outcome_clear (Outcome *outcome)
{
  g_free (outcome->out);
  g_free (outcome->err);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Outcome, outcome_clear)

static inline void
fixture_set_up (Fixture       *fixture,
                gconstpointer  data)
{
  fixture->folder = test_folder_new ("proctor-tool-XXXXXX");
}

static inline void
fixture_tear_down (Fixture       *fixture,
                   gconstpointer  data)
{
  test_folder_remove (fixture->folder);
}

/* A background job of a script ignores SIGINT and this program ignores SIGPIPE, and so would what
 * they start.
 */
static inline void
reset_signals_in_child (gpointer data)
{
  signal (SIGINT, SIG_DFL);
  signal (SIGTERM, SIG_DFL);
  signal (SIGHUP, SIG_DFL);
  signal (SIGPIPE, SIG_DFL);
}

static inline GSubprocess *
start_tool (const char         *folder,
            const char * const *words)
{
  g_autoptr(GSubprocessLauncher) launcher = NULL;
  g_autoptr(GPtrArray) argv = g_ptr_array_new ();
  g_autoptr(GError) error = NULL;
  GSubprocess *process;

  g_ptr_array_add (argv, (gpointer) tool_path);
  for (gsize i = 0; words[i] != NULL; i++)
    g_ptr_array_add (argv, (gpointer) words[i]);
  g_ptr_array_add (argv, NULL);

  launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDIN_PIPE |
                                        G_SUBPROCESS_FLAGS_STDOUT_PIPE |
                                        G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_subprocess_launcher_set_child_setup (launcher, reset_signals_in_child, NULL, NULL);
  g_subprocess_launcher_set_cwd (launcher, folder);
  process = g_subprocess_launcher_spawnv (launcher, (const char * const *) argv->pdata, &error);
  g_assert_no_error (error);

  return process;
}

/* Not for g_subprocess_communicate() to write, which fails where the tool ends without reading. */
static inline void
write_input (GSubprocess *process,
             const char  *input)
{
  g_autoptr(GError) error = NULL;

  /* The pipe takes it even where nobody reads yet. */
  g_assert_cmpuint (strlen (input), <=, PIPE_BUF);
  if (!g_output_stream_write_all (g_subprocess_get_stdin_pipe (process), input, strlen (input),
                                  NULL, NULL, &error))
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
}

static inline void
finish_tool (GSubprocess *process,
             const char  *input,
             Outcome     *outcome)
{
  g_autoptr(GBytes) no_more = g_bytes_new (NULL, 0);
  g_autoptr(GBytes) out = NULL;
  g_autoptr(GBytes) err = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *shown_out = NULL;

  if (input != NULL)
    write_input (process, input);
  g_subprocess_communicate (process, no_more, NULL, &out, &err, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_if_exited (process));
  outcome->exit_code = g_subprocess_get_exit_status (process);
  outcome->out_length = g_bytes_get_size (out);
  outcome->out = g_strndup (g_bytes_get_data (out, NULL), outcome->out_length);
  if (outcome->out == NULL)
    outcome->out = g_strdup ("");
  outcome->err = g_strndup (g_bytes_get_data (err, NULL), g_bytes_get_size (err));
  if (outcome->err == NULL)
    outcome->err = g_strdup ("");
  shown_out = g_strescape (outcome->out, "\n\"'");
  g_test_message ("exit code %d\nstdout: %s\nstderr: %s", outcome->exit_code, shown_out,
                  outcome->err);
}

static inline Outcome G_GNUC_NULL_TERMINATED
run_in (const char *folder,
        const char *input,
        const char *first_word,
        ...)
{
  g_autoptr(GPtrArray) words = g_ptr_array_new ();
  g_autoptr(GSubprocess) process = NULL;
  Outcome outcome = { 0 };
  va_list args;

  va_start (args, first_word);
  for (const char *word = first_word; word != NULL; word = va_arg (args, const char *))
    g_ptr_array_add (words, (gpointer) word);
  va_end (args);
  g_ptr_array_add (words, NULL);

  process = start_tool (folder, (const char * const *) words->pdata);
  finish_tool (process, input, &outcome);

  return outcome;
}

#define assert_contains(text, part) \
  G_STMT_START \
    { \
      if (strstr ((text), (part)) == NULL) \
        g_error ("“%s” is not in: %s", (part), (text)); \
    } \
  G_STMT_END

static inline GPtrArray *
parse_objects (const char *text)
{
  GPtrArray *objects = g_ptr_array_new_with_free_func ((GDestroyNotify) json_object_unref);
  g_auto(GStrv) lines = g_strsplit (text, "\n", -1);

  for (char **line = lines; *line != NULL && **line != '\0'; line++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(JsonNode) node = json_from_string (*line, &error);

      g_assert_no_error (error);
      g_ptr_array_add (objects, json_node_dup_object (node));
    }

  return objects;
}

static inline void
add_test (const char *path,
          void      (* func) (Fixture       *fixture,
                              gconstpointer  data))
{
  g_test_add (path, Fixture, NULL, fixture_set_up, func, fixture_tear_down);
}

static inline void
tool_run_testing_init (int    *argc,
                       char ***argv)
{
  g_test_init (argc, argv, NULL);
  tool_path = g_getenv ("PROCTOR_TEST_TOOL");
  g_assert_nonnull (tool_path);
  /* Ends the whole test, and with it the pipes of what it has started. */
  deadline_start ("This test", TEST_DEADLINE_SECONDS);
  /* A tool that ends without reading its input must not end its test. */
  signal (SIGPIPE, SIG_IGN);
}
