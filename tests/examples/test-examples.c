/* Runs the examples and compares what they print.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include <gio/gio.h>

typedef struct
{
  const char *name;
  const char *pattern; /* a regular expression for all of stdout */
} Example;

static const Example examples[] = {
  { "run-shell",
    "^\\['ls /zzz' exited with [12]\\]\n\\[stderr\\]\nls: .*/zzz'?: No such file or directory\n$" },
  { "gather",
    "^\\['ls /zzz' exited with [12]\\]\n\\[stderr\\]\nls: .*/zzz'?: No such file or directory\n"
    "\\['sleep 1; echo \"hello\"' exited with 0\\]\n\\[stdout\\]\nhello\n$" },
  { "shell-quoting",
    "^\\$ echo looking at 'somefile; echo this was not meant to run'\n"
    "looking at somefile; echo this was not meant to run\n$" },
  { "communicate-date", "^Current date: [0-9]{4}-[0-9]{2}-[0-9]{2}\n$" },
  { "worker-thread", "^hello from a worker thread\n$" },
};

static void
test_example (gconstpointer data)
{
  const Example *example = data;
  g_autofree char *file_name = g_strconcat ("example-", example->name, NULL);
  g_autofree char *program = g_build_filename (EXAMPLES_DIR, file_name, NULL);
  char *argv[] = { program, NULL };
  g_autofree char *out = NULL;
  g_autofree char *err = NULL;
  g_autoptr(GError) error = NULL;
  int wait_status;

  g_spawn_sync (NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out, &err, &wait_status, &error);
  g_assert_no_error (error);
  g_assert_true (g_spawn_check_wait_status (wait_status, &error));
  g_assert_cmpstr (err, ==, "");
  if (!g_regex_match_simple (example->pattern, out, G_REGEX_DOLLAR_ENDONLY, 0))
    g_error ("example %s printed:\n%s", example->name, out);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (examples); i++)
    {
      g_autofree char *path = g_strconcat ("/examples/", examples[i].name, NULL);

      g_test_add_data_func (path, &examples[i], test_example);
    }

  return g_test_run ();
}
