/* A program that knows nothing of the library's translations: prints what the library says of a
 * program that is not there, asked from two threads at once, and of a pipe that is too large.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <locale.h>

#include <proctor/proctor.h>

static gpointer
run_nothing (gpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ProctorCommand) command = proctor_command_new ("/no/such/program", NULL);
  g_autoptr(ProctorResult) result = proctor_command_run (command, NULL, NULL, &error);

  g_assert_null (result);

  return g_strdup (error->message);
}

int
main (int    argc,
      char **argv)
{
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(ProctorCommand) command = proctor_command_new ("true", NULL);
  g_autoptr(ProctorResult) result = NULL;
  GThread *thread;

  setlocale (LC_ALL, "");

  if (!proctor_init (&error))
    g_error ("%s", error->message);

  thread = g_thread_new ("asks", run_nothing, NULL);
  first = run_nothing (NULL);
  second = g_thread_join (thread);
  g_assert_cmpstr (first, ==, second);

  proctor_command_set_pipe_size (command, G_MAXUINT32);
  result = proctor_command_run (command, NULL, NULL, &error);
  g_assert_null (result);
  g_print ("%s\n%s\n", first, error->message);

  return 0;
}
