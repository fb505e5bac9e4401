/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: MAIN. */

#include "config.h"

#include "bench-measure.h"

#include <string.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>

#include <proctor/proctor.h>

#include "tool.h"

/* A program that takes longer hangs. */
#define TIMEOUT (10 * 60 * G_TIME_SPAN_SECOND)

/* The children that a program leaves behind end with it, but take their time; the next one is not
 * to feel them.
 */
#define DRAIN_GRACE (60 * G_TIME_SPAN_SECOND)

#define POST_PROGRAM "bench-post"
#define CHILD_PROGRAM "bench-child"

struct _BenchMeasure
{
  char *folder;
  char *python;     /* or NULL */
  char *child;      /* words for all programs */
  char *lines_path; /* the file of lines, once it is needed */
  gint64 n_lines;   /* in it */
  gboolean shows_progress;
};

static char *
dup_own_folder (void)
{
  g_autofree char *path = g_file_read_link ("/proc/self/exe", NULL);

  return path != NULL ? g_path_get_dirname (path) : g_strdup (".");
}

static gboolean
is_program (const char *folder,
            const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  return g_file_test (path, G_FILE_TEST_IS_EXECUTABLE);
}

/* Beside the tool where it is installed, or in the build folder; then where it was to be
 * installed.
 */
static char *
find_folder (void)
{
  const char *from_environ = g_getenv ("PROCTOR_BENCH_DIR");
  g_autofree char *own_folder = dup_own_folder();
  g_autofree char *installed =
    g_build_filename (own_folder, "..", "libexec", "proctor-1", "bench", NULL);
  g_autofree char *built = g_build_filename (own_folder, "..", "tests", "bench", NULL);
  const char *candidates[] = { installed, built, PROCTOR_BENCH_DIR };

  if (from_environ != NULL && *from_environ != '\0')
    return g_strdup (from_environ);
  for (gsize i = 0; i < G_N_ELEMENTS (candidates); i++)
    if (is_program (candidates[i], bench_peers[BENCH_PEER_PROCTOR].program))
      return g_canonicalize_filename (candidates[i], NULL);

  return g_strdup (PROCTOR_BENCH_DIR);
}

BenchMeasure *
bench_measure_new (const char  *folder,
                   GError     **error)
{
  g_autoptr(BenchMeasure) self = g_new0 (BenchMeasure, 1);
  g_autofree char *child = NULL;

  self->folder = folder != NULL ? g_canonicalize_filename (folder, NULL) : find_folder ();
  if (!is_program (self->folder, CHILD_PROGRAM))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                   _("the programs to measure are not in “%s”; --peer-dir says where they are"),
                   self->folder);
      return NULL;
    }
  self->python = g_find_program_in_path ("python3");
  child = g_build_filename (self->folder, CHILD_PROGRAM, NULL);
  self->child = g_strconcat ("child=", child, NULL);
  self->shows_progress = isatty (STDERR_FILENO);

  return g_steal_pointer (&self);
}

static void
forget_lines (BenchMeasure *self)
{
  if (self->lines_path != NULL)
    g_unlink (self->lines_path);
  g_clear_pointer (&self->lines_path, g_free);
  self->n_lines = 0;
}

void
bench_measure_free (BenchMeasure *self)
{
  forget_lines (self);
  g_free (self->folder);
  g_free (self->python);
  g_free (self->child);
  g_free (self);
}

void
bench_measure_find_peer (BenchMeasure *self,
                         BenchResults *results,
                         BenchPeerId   peer)
{
  const char *program = bench_peers[peer].program;

  if (!is_program (self->folder, program))
    results->missing[peer] = g_strdup_printf (_("%s is not in “%s”"), program, self->folder);
  else if (peer == BENCH_PEER_ASYNCIO && self->python == NULL)
    results->missing[peer] = g_strdup (_("there is no python3"));
  else
    results->has_peer[peer] = TRUE;
}

/* The numbers from 1 on, one a line. */
static gboolean
make_lines (BenchMeasure  *self,
            gint64         n_lines,
            GError       **error)
{
  g_autoptr(GFile) file = NULL;
  g_autoptr(GFileIOStream) io = NULL;
  g_autoptr(GString) text = g_string_new (NULL);
  GOutputStream *output;

  if (self->n_lines == n_lines)
    return TRUE;

  forget_lines (self);
  file = g_file_new_tmp ("proctor-bench-XXXXXX", &io, error);
  if (file == NULL)
    return FALSE;
  self->lines_path = g_file_get_path (file);
  output = g_io_stream_get_output_stream (G_IO_STREAM (io));
  for (gint64 i = 1; i <= n_lines; i++)
    {
      g_string_append_printf (text, "%" G_GINT64_FORMAT "\n", i);
      if (text->len < 1 << 20 && i < n_lines)
        continue;
      if (!g_output_stream_write_all (output, text->str, text->len, NULL, NULL, error))
        return FALSE;
      g_string_truncate (text, 0);
    }

  self->n_lines = n_lines;

  return g_io_stream_close (G_IO_STREAM (io), NULL, error);
}

/* Messages are not the business of the two programs that start processes. */
static gboolean
is_of_post_program (const BenchRow *row,
                    BenchPeerId     peer)
{
  return strcmp (row->scenario->mode, "post") == 0 &&
         (peer == BENCH_PEER_PROCTOR || peer == BENCH_PEER_GSUBPROCESS);
}

/* The words for one program. */
static GPtrArray *
dup_argv (BenchMeasure   *self,
          const BenchRow *row,
          BenchPeerId     peer,
          gboolean        quick)
{
  const BenchScenario *scenario = row->scenario;
  GPtrArray *argv = g_ptr_array_new_with_free_func (g_free);
  gboolean is_post = is_of_post_program (row, peer);
  const char *program = is_post ? POST_PROGRAM : bench_peers[peer].program;
  g_auto(GStrv) words = g_strsplit (scenario->words, " ", -1);

  if (peer == BENCH_PEER_ASYNCIO)
    g_ptr_array_add (argv, g_strdup (self->python));
  g_ptr_array_add (argv, g_build_filename (self->folder, program, NULL));
  g_ptr_array_add (argv, g_strdup (scenario->mode));
  for (gsize i = 0; words[i] != NULL; i++)
    if (*words[i] != '\0')
      g_ptr_array_add (argv, g_strdup (words[i]));
  if (scenario->count > 0)
    g_ptr_array_add (argv, g_strdup_printf ("count=%" G_GINT64_FORMAT,
                                            bench_scenario_get_count (scenario, quick)));
  if (scenario->size > 0)
    g_ptr_array_add (argv, g_strdup_printf ("size=%" G_GINT64_FORMAT,
                                            bench_scenario_get_size (scenario, quick)));
  if (row->point >= 0)
    g_ptr_array_add (argv, g_strdup_printf ("%s=%d", scenario->parameter, row->point));
  if (is_post && peer == BENCH_PEER_GSUBPROCESS)
    g_ptr_array_add (argv, g_strdup ("via=glib"));
  if (self->lines_path != NULL)
    g_ptr_array_add (argv, g_strconcat ("path=", self->lines_path, NULL));
  g_ptr_array_add (argv, g_strdup (self->child));
  g_ptr_array_add (argv, NULL);

  return argv;
}

/* What a program has printed: a figure, or why there is none. */
static gboolean
take_answer (BenchRow     *row,
             BenchPeerId   peer,
             const char   *text,
             GError      **error)
{
  const char *metric = row->scenario->metric;
  g_autoptr(JsonParser) parser = json_parser_new ();
  JsonNode *root;
  JsonObject *answer;

  if (!json_parser_load_from_data (parser, text, -1, error))
    return FALSE;
  root = json_parser_get_root (parser);
  answer = root != NULL && JSON_NODE_HOLDS_OBJECT (root) ? json_node_get_object (root) : NULL;
  if (answer != NULL && json_object_has_member (answer, "left_out"))
    {
      row->left_out[peer] = g_strdup (json_object_get_string_member (answer, "left_out"));
    }
  else if (answer != NULL && json_object_has_member (answer, metric))
    {
      double value = json_object_get_double_member (answer, metric);
      const char *note = json_object_get_string_member_with_default (answer, "note", NULL);

      g_array_append_val (row->values[peer], value);
      g_free (row->note[peer]);
      row->note[peer] = g_strdup (note);
    }
  else
    {
      row->has_failed[peer] = TRUE;
      row->left_out[peer] = g_strdup_printf (_("it does not tell its “%s”"), metric);
    }

  return TRUE;
}

static gboolean
run_program (BenchRow     *row,
             BenchPeerId   peer,
             GPtrArray    *argv,
             GError      **error)
{
  g_autoptr(ProctorCommand) command = proctor_command_newv ((const char * const *) argv->pdata);
  g_autoptr(ProctorResult) result = NULL;
  g_autofree char *output = NULL;

  /* GLib up to 2.74 keeps much of what is freed for itself, which nobody could count. */
  if (strcmp (row->scenario->metric, "allocations") == 0)
    proctor_command_setenv (command, "G_SLICE", "always-malloc");
  proctor_command_set_timeout (command, TIMEOUT);
  proctor_command_set_drain_grace (command, DRAIN_GRACE);
  result = proctor_command_run_check (command, NULL, NULL, error);
  if (result == NULL)
    return FALSE;
  output = proctor_result_dup_stdout_utf8 (result, error);

  return output != NULL && take_answer (row, peer, output, error);
}

/* A peer that cannot do it this time is not asked again. */
static void
measure (BenchMeasure *self,
         BenchResults *results,
         BenchRow     *row,
         BenchPeerId   peer)
{
  g_autoptr(GPtrArray) argv = NULL;
  g_autoptr(GError) error = NULL;

  argv = dup_argv (self, row, peer, results->quick);
  if (!run_program (row, peer, argv, &error))
    {
      g_autofree char *title = bench_row_dup_title (row);

      row->has_failed[peer] = TRUE;
      row->left_out[peer] = g_strdup (error->message);
      if (self->shows_progress)
        g_printerr ("\r\033[K");
      tool_message ("%s, %s: %s", title, bench_peers[peer].title, error->message);
    }
}

static void
show_progress (BenchMeasure   *self,
               const BenchRow *row,
               BenchPeerId     peer,
               guint           done,
               guint           total)
{
  g_autofree char *title = bench_row_dup_title (row);

  if (self->shows_progress)
    g_printerr ("\r[%u/%u] %s: %s\033[K", done + 1, total, title, bench_peers[peer].title);
}

gboolean
bench_measure_all (BenchMeasure  *self,
                   BenchResults  *results,
                   GError       **error)
{
  guint total = results->rounds * results->rows->len;

  for (guint done = 0; done < total; done++)
    {
      BenchRow *row = g_ptr_array_index (results->rows, done % results->rows->len);

      if (strcmp (row->scenario->mode, "lines") == 0 &&
          !make_lines (self, bench_scenario_get_size (row->scenario, results->quick), error))
        return FALSE;
      for (guint i = 0; i < N_BENCH_PEERS; i++)
        {
          /* Another one is the first each time, in case that matters. */
          guint peer = (i + done / results->rows->len) % N_BENCH_PEERS;

          if (!results->has_peer[peer] || row->left_out[peer] != NULL)
            continue;
          show_progress (self, row, peer, done, total);
          measure (self, results, row, peer);
        }
    }
  if (self->shows_progress)
    g_printerr ("\r\033[K");

  return TRUE;
}
