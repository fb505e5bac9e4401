/* `proctor bench`: measures the library beside its peers.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: MAIN. */

#include "config.h"

#include <string.h>

#include <gio/gio.h>
#include <glib/gi18n.h>

#include "bench-measure.h"
#include "bench-plot.h"
#include "bench-table.h"
#include "tool.h"

#define DEFAULT_ROUNDS 5
#define MAX_ROUNDS 1000

typedef struct
{
  gboolean list;
  gboolean quick;
  int rounds; /* 0: not said */
  char *peers;
  char *peer_dir;
  char *json_path;
  char *plot_path;
  char **from_paths;
  char **names;
} Options;

static void
options_clear (Options *options)
{
  g_free (options->peers);
  g_free (options->peer_dir);
  g_free (options->json_path);
  g_free (options->plot_path);
  g_strfreev (options->from_paths);
  g_strfreev (options->names);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

static gboolean
parse_options (Options  *options,
               int       argc,
               char    **argv,
               GError  **error)
{
  const GOptionEntry entries[] = {
    { "peers", 'p', 0, G_OPTION_ARG_STRING, &options->peers,
      N_("Measure these only: floor, libuv, asyncio, gsubprocess, proctor"), N_("LIST") },
    { "rounds", 'r', 0, G_OPTION_ARG_INT, &options->rounds, N_("How often (default: 5, quick: 1)"),
      N_("N") },
    { "quick", 'q', 0, G_OPTION_ARG_NONE, &options->quick,
      N_("Do little: it shows that all works, not how fast"), NULL },
    { "json", 0, 0, G_OPTION_ARG_FILENAME, &options->json_path,
      N_("Write all figures there, “-” for stdout"), N_("FILE") },
    { "plot", 0, 0, G_OPTION_ARG_FILENAME, &options->plot_path,
      N_("Draw the ratios there, as SVG"), N_("FILE") },
    { "from", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->from_paths,
      N_("Measure nothing; show what --json has written there (or in several files)"), N_("FILE") },
    { "peer-dir", 0, 0, G_OPTION_ARG_FILENAME, &options->peer_dir,
      N_("Where the programs to measure are"), N_("FOLDER") },
    { "list", 'l', 0, G_OPTION_ARG_NONE, &options->list, N_("Say what can be measured"), NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->names, NULL, NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr(GOptionContext) context = g_option_context_new (_("[SCENARIO…]"));

  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  g_option_context_set_summary (
    context,
    _("Measures Proctor, in turn with a bare vfork loop, libuv, asyncio and GSubprocess."));

  if (!g_option_context_parse (context, &argc, &argv, error))
    return FALSE;
  if (options->rounds < 0 || options->rounds > MAX_ROUNDS)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   _("%d is no number of rounds from 1 to %d"), options->rounds, MAX_ROUNDS);
      return FALSE;
    }

  return TRUE;
}

static void
print_list (void)
{
  for (gsize i = 0; i < bench_n_scenarios; i++)
    g_print ("%-15s %s\n", bench_scenarios[i].name, _ (bench_scenarios[i].summary));
}

static gboolean
choose_scenarios (BenchResults   *results,
                  const Options  *options,
                  GError        **error)
{
  if (options->names == NULL)
    for (gsize i = 0; i < bench_n_scenarios; i++)
      bench_results_add_scenario (results, &bench_scenarios[i]);

  for (gsize i = 0; options->names != NULL && options->names[i] != NULL; i++)
    {
      const BenchScenario *scenario = bench_scenario_find (options->names[i]);

      if (scenario == NULL)
        {
          g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                       _("there is no scenario “%s”; --list says what there is"),
                       options->names[i]);
          return FALSE;
        }
      if (!g_strv_contains ((const char * const *) options->names + i + 1, options->names[i]))
        bench_results_add_scenario (results, scenario);
    }

  return TRUE;
}

static gboolean
parse_peers (const Options  *options,
             gboolean       *wanted,
             GError        **error)
{
  g_auto(GStrv) names = options->peers != NULL ? g_strsplit (options->peers, ",", -1) : NULL;

  for (guint peer = 0; peer < N_BENCH_PEERS; peer++)
    wanted[peer] = names == NULL;
  for (gsize i = 0; names != NULL && names[i] != NULL; i++)
    {
      guint peer = 0;

      while (peer < N_BENCH_PEERS && strcmp (bench_peers[peer].name, names[i]) != 0)
        peer++;
      if (peer == N_BENCH_PEERS)
        {
          g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, _("there is no peer “%s”"),
                       names[i]);
          return FALSE;
        }
      wanted[peer] = TRUE;
    }

  return TRUE;
}

static void
find_peers (BenchMeasure   *measure,
            BenchResults   *results,
            const gboolean *wanted)
{
  for (guint peer = 0; peer < N_BENCH_PEERS; peer++)
    if (wanted[peer])
      {
        bench_measure_find_peer (measure, results, peer);
        if (results->missing[peer] != NULL)
          tool_message (_("%s is left out: %s"), bench_peers[peer].title, results->missing[peer]);
      }
}

static gboolean
print_results (BenchResults   *results,
               const Options  *options,
               GError        **error)
{
  gboolean json_to_stdout = g_strcmp0 (options->json_path, "-") == 0;
  g_autofree char *json = options->json_path != NULL ? bench_json_dup (results) : NULL;
  g_autofree char *table = bench_table_dup (results);

  g_print ("%s%s", json_to_stdout ? json : table, json_to_stdout ? "\n" : "");
  if (json != NULL && !json_to_stdout && !g_file_set_contents (options->json_path, json, -1, error))
    return FALSE;

  return options->plot_path == NULL || bench_plot_write (results, options->plot_path, error);
}

/* A peer's failure is the peer's; ours is a failure of the benchmark. */
static gboolean
has_proctor_failed (BenchResults *results)
{
  for (guint i = 0; i < results->rows->len; i++)
    {
      const BenchRow *row = g_ptr_array_index (results->rows, i);

      if (row->has_failed[BENCH_PEER_PROCTOR])
        return TRUE;
    }

  return FALSE;
}

static gboolean
measure (BenchResults   *results,
         const Options  *options,
         const gboolean *wanted,
         GError        **error)
{
  g_autoptr(BenchMeasure) measure = bench_measure_new (options->peer_dir, error);

  if (measure == NULL)
    return FALSE;
  find_peers (measure, results, wanted);

  return bench_measure_all (measure, results, error);
}

static gboolean
read_files (BenchResults   *results,
            const Options  *options,
            const gboolean *wanted,
            GError        **error)
{
  results->is_read = TRUE;
  for (gsize i = 0; options->from_paths[i] != NULL; i++)
    if (!bench_results_read (results, options->from_paths[i], wanted, error))
      return FALSE;
  bench_results_drop_empty_rows (results);

  return TRUE;
}

int
verb_bench (int    argc,
            char **argv)
{
  g_auto(Options) options = { 0 };
  gboolean wanted[N_BENCH_PEERS];
  g_autoptr(BenchResults) results = NULL;
  g_autoptr(GError) error = NULL;

  if (!parse_options (&options, argc, argv, &error))
    return tool_usage_error ("bench", error->message);
  if (options.list)
    {
      print_list ();
      return 0;
    }
  if (options.rounds == 0)
    options.rounds = options.quick ? 1 : DEFAULT_ROUNDS;
  results = bench_results_new ((guint) options.rounds, options.quick);
  if (!choose_scenarios (results, &options, &error) || !parse_peers (&options, wanted, &error))
    return tool_usage_error ("bench", error->message);

  if (!(options.from_paths != NULL ? read_files (results, &options, wanted, &error)
                                   : measure (results, &options, wanted, &error)) ||
      !print_results (results, &options, &error))
    {
      tool_message ("%s", error->message);
      return TOOL_EXIT_TROUBLE;
    }

  return has_proctor_failed (results) ? 1 : 0;
}
