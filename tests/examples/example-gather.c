/* Two commands at the same time, in a main loop: the whole takes as long as the longer of them.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <proctor/proctor.h>

static const char *scripts[] = { "ls /zzz", "sleep 1; echo \"hello\"" };

static void
show (const char    *script,
      ProctorResult *result)
{
  g_autofree char *out = proctor_result_dup_stdout_utf8 (result, NULL);
  g_autofree char *err = proctor_result_dup_stderr_utf8 (result, NULL);

  if (proctor_result_get_error (result) != NULL)
    {
      g_print ("['%s' did not start: %s]\n", script, proctor_result_get_error (result)->message);
      return;
    }

  g_print ("['%s' exited with %d]\n", script, proctor_result_get_returncode (result));
  if (out != NULL && *out != '\0')
    g_print ("[stdout]\n%s", out);
  if (err != NULL && *err != '\0')
    g_print ("[stderr]\n%s", err);
}

/* guide: gather */
static void
gathered (GObject      *source,
          GAsyncResult *async_result,
          gpointer      loop)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) results = proctor_gather_finish (async_result, &error);

  if (results == NULL)
    g_printerr ("%s\n", error->message);
  else
    for (guint i = 0; i < results->len; i++)
      show (scripts[i], g_ptr_array_index (results, i));
  g_main_loop_quit (loop);
}

int
main (void)
{
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr(ProctorCommand) first = proctor_command_new_shell (scripts[0]);
  g_autoptr(ProctorCommand) second = proctor_command_new_shell (scripts[1]);
  ProctorCommand *commands[] = { first, second };

  proctor_gather_async (commands, G_N_ELEMENTS (commands), 0, NULL, gathered, loop);
  g_main_loop_run (loop);
  return 0;
}
/* guide: end */
