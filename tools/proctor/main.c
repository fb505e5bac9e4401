/* The program: finds the verb and hands over to it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: MAIN. */

#include "config.h"

#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <glib/gi18n.h>

#include "tool.h"

typedef struct
{
  const char *name;
  const char *summary;
  int (* main) (int    argc,
                char **argv);
} Verb;

static const Verb verbs[] = {
  { "run", N_("Run commands: one, or many in parallel"), verb_run },
  { "trace", N_("Run commands, and tell where their time goes"), verb_trace },
  { "tree", N_("Show what descends from a process"), verb_tree },
  { "doctor", N_("Try out what this system lets programs do with processes"), verb_doctor },
#ifdef PROCTOR_HAVE_INSPECT
  { "inspect", N_("Look into running programs that allow it"), verb_inspect },
#endif
#ifdef PROCTOR_HAVE_BENCH
  { "bench", N_("Measure the library beside its peers"), verb_bench },
#endif
};

static const Verb *
find_verb (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (verbs); i++)
    if (strcmp (verbs[i].name, name) == 0)
      return &verbs[i];

  return NULL;
}

static char *
dup_verb_list (void)
{
  GString *list = g_string_new (_("Verbs:"));

  for (gsize i = 0; i < G_N_ELEMENTS (verbs); i++)
    g_string_append_printf (list, "\n  %-10s %s", verbs[i].name, _(verbs[i].summary));
  g_string_append_printf (list, "\n\n%s\n%s\n%s\n%s\n\n%s",
                          _("Examples:"),
                          "  proctor run ls -l /tmp",
                          "  proctor run --shell 'ls /zzz' 'sleep 1; echo hello'",
                          "  proctor run --help",
                          _("The manual page proctor(1) has the rest."));

  return g_string_free (list, FALSE);
}

static GOptionContext *
new_context (gboolean *version)
{
  const GOptionEntry entries[] = {
    { "version", 0, 0, G_OPTION_ARG_NONE, version, N_("Print the version and exit"), NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autofree char *verb_list = dup_verb_list ();
  GOptionContext *context = g_option_context_new (_("VERB …"));

  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  g_option_context_set_summary (context, _("Runs and minds processes."));
  g_option_context_set_description (context, verb_list);

  return context;
}

static int
run_verb (int    argc,
          char **argv)
{
  const Verb *verb = find_verb (argv[0]);
  g_autofree char *message = NULL;
  g_autofree char *program_name = NULL;

  if (verb == NULL)
    {
      message = g_strdup_printf (_("there is no verb “%s”"), argv[0]);
      return tool_usage_error (NULL, message);
    }

  program_name = g_strconcat ("proctor ", verb->name, NULL);
  g_set_prgname (program_name);

  return verb->main (argc, argv);
}

/* Nothing of ours may lie where a command would take it for its stdin, stdout or stderr. What is
 * put there instead gives the same error as a closed file to those who read or write it.
 */
static void
fill_closed_files (void)
{
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    if (fcntl (fd, F_GETFD) < 0)
      open ("/dev/null", (fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
}

/* GLib prints a “?” for what the locale's characters have not, and our quotes are not in ASCII. */
static void
print_transliterated (FILE       *file,
                      const char *text)
{
  const char *charset;
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  g_autofree char *target = NULL;
  g_autofree char *converted = NULL;

  g_get_console_charset (&charset);
  target = g_strconcat (charset, "//TRANSLIT", NULL);
  converted = g_convert_with_fallback (valid, -1, target, "UTF-8", "?", NULL, NULL, NULL);
  fputs (converted != NULL ? converted : valid, file);
  fflush (file);
}

static void
print_cb (const char *text)
{
  print_transliterated (stdout, text);
}

static void
print_error_cb (const char *text)
{
  print_transliterated (stderr, text);
}

static void
choose_language (void)
{
  setlocale (LC_ALL, "");
  textdomain (GETTEXT_PACKAGE); /* the library has bound it */
  if (g_get_console_charset (NULL))
    return;

  g_set_print_handler (print_cb);
  g_set_printerr_handler (print_error_cb);
}

int
main (int    argc,
      char **argv)
{
  gboolean version = FALSE;
  g_autoptr(GOptionContext) context = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *help = NULL;
  char **own_argv = argv;
  int own_argc = 1;
  int verb_index;

  fill_closed_files ();
  choose_language ();
  g_set_prgname ("proctor");

  /* What stands before the verb is ours, the verb parses the rest: its words are often another
   * program's options.
   */
  while (own_argc < argc && argv[own_argc][0] == '-')
    own_argc++;
  verb_index = own_argc;

  context = new_context (&version);
  if (!g_option_context_parse (context, &own_argc, &own_argv, &error))
    return tool_usage_error (NULL, error->message);
  if (version)
    {
      g_print ("proctor %s\n", PROCTOR_VERSION);
      return 0;
    }
  if (verb_index < argc)
    return run_verb (argc - verb_index, argv + verb_index);

  help = g_option_context_get_help (context, TRUE, NULL);
  g_printerr ("%s", help);

  return TOOL_EXIT_USAGE;
}
