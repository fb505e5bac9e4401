/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: MAIN. */

#include "config.h"

#include "run-options.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <gio/gunixinputstream.h>
#include <glib/gi18n.h>

#include <proctor/proctor.h>

#include "tool.h"

#define DEFAULT_JOBS 32
#define DEFAULT_GRACE_SECONDS 5.0

/* Longer than any run and far from overflow when microseconds are added to a clock. */
#define MAX_SECONDS 1e9

/* The options as GOption gives them, before they are checked. */
typedef struct
{
  gboolean shell;
  gboolean capture;
  gboolean json;
  gboolean label;
  int jobs;
  double timeout;
  gboolean has_timeout;
  double grace;
  gboolean has_grace;
  RunEnding ending;
  char *cwd;
  char **variables;
  char *input_path;
  char *from_path;
  char **words;
  RunAttributes *attributes;
  RunFiles *files;
} RawOptions;

static void
raw_options_clear (RawOptions *raw)
{
  g_free (raw->cwd);
  g_strfreev (raw->variables);
  g_free (raw->input_path);
  g_free (raw->from_path);
  g_strfreev (raw->words);
  g_clear_pointer (&raw->attributes, run_attributes_free);
  run_ending_clear (&raw->ending);
  g_clear_pointer (&raw->files, run_files_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RawOptions, raw_options_clear)

static void
run_command_free (gpointer data)
{
  RunCommand *command = data;

  g_free (command->text);
  g_strfreev (command->argv);
  g_free (command);
}

void
run_options_free (RunOptions *self)
{
  g_free (self->cwd);
  g_strfreev (self->variables);
  g_clear_pointer (&self->input, g_bytes_unref);
  g_clear_pointer (&self->attributes, run_attributes_free);
  run_ending_clear (&self->ending);
  g_clear_pointer (&self->files, run_files_free);
  g_ptr_array_unref (self->commands);
  g_free (self);
}

gboolean
run_options_captures (const RunOptions *self)
{
  return self->capture || self->ending.max_output >= 0 || self->json || self->label ||
         (self->commands->len != 1 && !self->files->pipe);
}

gboolean
run_options_is_interactive (const RunOptions *self)
{
  return self->files->pty && self->files->stdin_path == NULL && self->files->stdout_path == NULL &&
         self->input == NULL && self->commands->len == 1 && !run_options_captures (self);
}

static gboolean
timeout_option_cb (const char  *option_name,
                   const char  *value,
                   gpointer     data,
                   GError     **error)
{
  RawOptions *raw = data;

  raw->has_timeout = TRUE;
  if (!tool_parse_seconds (value, &raw->timeout) || raw->timeout <= 0)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   _("“%s” is no number of seconds above 0 for %s"), value, option_name);
      return FALSE;
    }

  return TRUE;
}

static gboolean
grace_option_cb (const char  *option_name,
                 const char  *value,
                 gpointer     data,
                 GError     **error)
{
  RawOptions *raw = data;

  raw->has_grace = TRUE;
  if (!tool_parse_seconds (value, &raw->grace))
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   _("“%s” is no number of seconds for %s"), value, option_name);
      return FALSE;
    }

  return TRUE;
}

static gboolean
stop_plan_option_cb (const char  *option_name,
                     const char  *value,
                     gpointer     data,
                     GError     **error)
{
  RawOptions *raw = data;

  run_ending_clear (&raw->ending);
  raw->ending.plan = run_ending_parse_plan (value, error);
  return raw->ending.plan != NULL;
}

static gboolean
max_output_option_cb (const char  *option_name,
                      const char  *value,
                      gpointer     data,
                      GError     **error)
{
  RawOptions *raw = data;

  return run_ending_parse_max_output (&raw->ending, value, error);
}

static const char run_examples[] =
  "  proctor run ls -l /tmp\n"
  "  proctor run --shell 'ls /zzz' 'sleep 1; echo hello'\n"
  "  proctor run --label --jobs 4 --from commands.txt\n"
  "  printf 'b\\na\\n' | proctor run --input - sort\n"
  "  proctor run --timeout 10 --cwd /srv --env LC_ALL=C make\n"
  "  proctor run --user nobody --nice 10 --rlimit NOFILE=64 --no-new-privs ./untrusted\n"
  "  proctor run --timeout 60 --tree --stop-plan INT:2,TERM:5 --max-output 1M:tail make\n"
  "  proctor run --shell --pipe 'du -a' 'sort -n' 'tail -3'\n"
  "  proctor run --pty --stdout log top -b\n"
  "  proctor run --json --shell 'echo out; echo err >&2; exit 3'";

static char *
dup_description (void)
{
  return g_strdup_printf (
    "%s\n\n%s\n\n%s\n\n%s\n%s",
    _("Options end at the first word of the command. Without --shell all words are one command;\n"
      "with --shell each word is a script of its own for /bin/sh. A file given with --from has\n"
      "one script per line; empty lines and lines that begin with # are skipped."),
    _("One command behaves as if it had been run without proctor: same input, same output, same\n"
      "exit code; 128+N after signal N, 127 if it is not found, 126 if it cannot be executed,\n"
      "124 after a time-out, 125 if proctor itself has failed.\n"
      "Several commands run in parallel with no input; the output of each is printed in one piece\n"
      "when it has ended. The exit code is 1 if any of them failed."),
    _("Ctrl-C stops what runs: SIGTERM, then SIGKILL after the grace, or what the plan says.\n"
      "A second one kills at once."),
    _("Examples:"), run_examples);
}

static GOptionContext *
new_context (const RunVerb *verb,
             RawOptions    *raw)
{
  const GOptionEntry entries[] = {
    { "shell", 's', 0, G_OPTION_ARG_NONE, &raw->shell, N_("Each word is a shell script"), NULL },
    { "from", 'f', 0, G_OPTION_ARG_FILENAME, &raw->from_path,
      N_("Read shell scripts from FILE, one per line (-: from stdin)"), N_("FILE") },
    { "jobs", 'j', 0, G_OPTION_ARG_INT, &raw->jobs,
      N_("Run at most N at once (0: all; default: 32)"), N_("N") },
    { "timeout", 't', 0, G_OPTION_ARG_CALLBACK, (gpointer) timeout_option_cb,
      N_("Stop a command that runs longer"), N_("SECONDS") },
    { "grace", 0, 0, G_OPTION_ARG_CALLBACK, (gpointer) grace_option_cb,
      N_("Time between SIGTERM and SIGKILL (default: 5)"), N_("SECONDS") },
    { "stop-plan", 0, 0, G_OPTION_ARG_CALLBACK, (gpointer) stop_plan_option_cb,
      N_("Stop with these signals, each with the time until the next, then with KILL"),
      N_("SIGNAL:SECONDS,…") },
    { "tree", 0, 0, G_OPTION_ARG_NONE, &raw->ending.tree,
      N_("Stop a command together with all that descends from it"), NULL },
    { "max-output", 0, 0, G_OPTION_ARG_CALLBACK, (gpointer) max_output_option_cb,
      N_("Keep no more of each output; fail (default), or keep its head or tail"),
      N_("BYTES[:POLICY]") },
    { "cwd", 'C', 0, G_OPTION_ARG_FILENAME, &raw->cwd, N_("Run in this directory"), N_("DIR") },
    { "env", 'e', 0, G_OPTION_ARG_FILENAME_ARRAY, &raw->variables,
      N_("Set a variable; may be given several times"), N_("K=V") },
    { "input", 'i', 0, G_OPTION_ARG_FILENAME, &raw->input_path,
      N_("Give each command the content of FILE as stdin (-: our stdin)"), N_("FILE") },
    { "capture", 'c', 0, G_OPTION_ARG_NONE, &raw->capture,
      N_("Hold the output until the command has ended"), NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &raw->json,
      N_("Print the results as JSON, one object per line"), NULL },
    { "label", 'l', 0, G_OPTION_ARG_NONE, &raw->label,
      N_("Begin each line with the number of its command"), NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &raw->words, NULL, N_("COMMAND…") },
    G_OPTION_ENTRY_NULL,
  };
  g_autofree char *description =
    verb->description != NULL ? g_strdup (verb->description) : dup_description ();
  GOptionContext *context = g_option_context_new (NULL);
  GOptionGroup *group = g_option_group_new (verb->name, "", "", raw, NULL);

  if (verb->entries != NULL)
    g_option_group_add_entries (group, verb->entries);
  g_option_group_add_entries (group, entries);
  run_files_add_options (raw->files, group);
  g_option_group_set_translation_domain (group, GETTEXT_PACKAGE);
  g_option_context_set_main_group (context, group);
  g_option_context_add_group (context, run_attributes_get_option_group (raw->attributes));
  g_option_context_set_strict_posix (context, TRUE);
  g_option_context_set_summary (context, verb->summary);
  g_option_context_set_description (context, description);

  return context;
}

static char *
check_raw (const RawOptions *raw)
{
  if (raw->words == NULL && raw->from_path == NULL)
    return g_strdup (_("there is no command to run"));
  if (raw->jobs < 0)
    return g_strdup_printf (_("%d is no number of commands for --jobs"), raw->jobs);
  if (g_strcmp0 (raw->from_path, "-") == 0 && g_strcmp0 (raw->input_path, "-") == 0)
    return g_strdup (_("--from and --input cannot both be stdin"));
  if (run_attributes_get_argv0 (raw->attributes) != NULL
      && (raw->shell || raw->from_path != NULL))
    return g_strdup (_("--argv0 is for a command that is no shell script"));
  if (raw->has_grace && raw->ending.plan != NULL)
    return g_strdup (_("--grace and --stop-plan exclude each other"));
  if (raw->files->pipe && !raw->shell && raw->from_path == NULL)
    return g_strdup (_("--pipe wants shell scripts: --shell or --from"));
  for (char **variable = raw->variables; variable != NULL && *variable != NULL; variable++)
    if (strchr (*variable, '=') == NULL || **variable == '=')
      return g_strdup_printf (_("“%s” is not of the form K=V for --env"), *variable);
  /* A shell would take it for an option of its own. */
  for (char **word = raw->words; raw->shell && word != NULL && *word != NULL; word++)
    if (**word == '-')
      return g_strdup_printf (_("“%s” is no script; options stand before the first one"), *word);

  return NULL;
}

/* The whole of a file, or of stdin. */
static GBytes *
read_file (const char  *path,
           GError     **error)
{
  g_autoptr(GOutputStream) collected = NULL;
  g_autoptr(GInputStream) standard_input = NULL;
  g_autoptr(GError) local_error = NULL;
  char *content = NULL;
  gsize length = 0;

  if (strcmp (path, "-") != 0)
    {
      if (!g_file_get_contents (path, &content, &length, error))
        return NULL;
      return g_bytes_new_take (content, length);
    }

  collected = g_memory_output_stream_new_resizable ();
  standard_input = g_unix_input_stream_new (STDIN_FILENO, FALSE);
  if (g_output_stream_splice (collected, standard_input, G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET, NULL,
                              &local_error) < 0)
    {
      g_set_error (error, local_error->domain, local_error->code, _("cannot read stdin: %s"),
                   local_error->message);
      return NULL;
    }

  return g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (collected));
}

static void
add_script (GPtrArray *commands,
            char      *script)
{
  RunCommand *command = g_new0 (RunCommand, 1);

  command->text = script;
  g_ptr_array_add (commands, command);
}

static void
add_words (GPtrArray *commands,
           char     **words,
           gboolean   shell)
{
  RunCommand *command;

  if (shell)
    {
      for (char **word = words; *word != NULL; word++)
        add_script (commands, g_strdup (*word));
      return;
    }

  command = g_new0 (RunCommand, 1);
  command->argv = g_strdupv (words);
  command->text = proctor_shell_join ((const char * const *) words);
  g_ptr_array_add (commands, command);
}

static gboolean
add_lines (GPtrArray   *commands,
           const char  *path,
           GError     **error)
{
  g_autoptr(GBytes) content = read_file (path, error);
  const char *line;
  const char *end;
  gsize length;

  if (content == NULL)
    return FALSE;

  line = g_bytes_get_data (content, &length);
  end = line + length;
  if (length > 0 && memchr (line, '\0', length) != NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   _("“%s” holds a NUL byte and is no list of commands"), path);
      return FALSE;
    }

  while (line < end)
    {
      const char *newline = memchr (line, '\n', end - line);
      gsize line_length = (newline != NULL ? newline : end) - line;
      g_autofree char *script = g_strndup (line, line_length);
      char first;

      /* A file from Windows. */
      if (g_str_has_suffix (script, "\r"))
        script[line_length - 1] = '\0';
      first = script[strspn (script, " \t")];
      if (first != '\0' && first != '#')
        add_script (commands, g_steal_pointer (&script));
      line += line_length + 1;
    }

  return TRUE;
}

static RunOptions *
options_from_raw (RawOptions  *raw,
                  GError     **error)
{
  g_autoptr(RunOptions) self = g_new0 (RunOptions, 1);

  self->capture = raw->capture;
  self->json = raw->json;
  self->label = raw->label;
  /* Those of a pipe have to run at the same time. */
  self->jobs = raw->jobs == 0 || raw->files->pipe ? G_MAXUINT : (guint) raw->jobs;
  if (raw->has_timeout)
    self->timeout = MAX (1, MIN (raw->timeout, MAX_SECONDS) * G_USEC_PER_SEC);
  self->grace = MIN (raw->grace, MAX_SECONDS) * G_USEC_PER_SEC;
  self->ending = raw->ending;
  raw->ending.plan = NULL;
  run_ending_complete (&self->ending, self->grace);
  self->grace = run_ending_get_duration (&self->ending);
  self->cwd = g_steal_pointer (&raw->cwd);
  self->variables = g_steal_pointer (&raw->variables);
  self->attributes = g_steal_pointer (&raw->attributes);
  self->files = g_steal_pointer (&raw->files);
  self->commands = g_ptr_array_new_with_free_func (run_command_free);

  if (raw->words != NULL)
    add_words (self->commands, raw->words, raw->shell);
  if (raw->from_path != NULL && !add_lines (self->commands, raw->from_path, error))
    return NULL;
  if (raw->input_path != NULL && (self->input = read_file (raw->input_path, error)) == NULL)
    return NULL;

  return g_steal_pointer (&self);
}

/* `-j4` as people write it: GOption wants the value in a word of its own. Only the options before
 * the command, whose own are left alone.
 */
static GStrv
split_short_options (int    argc,
                     char **argv)
{
  static const char with_value[] = "fjtCeio";
  static const char * const long_with_value[] = {
    "--from", "--jobs", "--timeout", "--grace", "--cwd", "--env", "--input",
    "--stdin", "--stdout", "--stderr", "--format", "--output", NULL,
  };
  g_autoptr(GStrvBuilder) words = g_strv_builder_new ();
  int i = 0;

  g_strv_builder_add (words, argv[i++]);
  while (i < argc && argv[i][0] == '-' && argv[i][1] != '\0' && strcmp (argv[i], "--") != 0)
    {
      const char *word = argv[i++];
      gsize n = strcspn (word, with_value) + 1;
      gboolean is_long = word[1] == '-';
      gboolean takes_next =
        is_long ? g_strv_contains (long_with_value, word) : word[n - 1] != '\0' && word[n] == '\0';

      if (!is_long && word[n - 1] != '\0' && word[n] != '\0')
        {
          g_autofree char *option = g_strndup (word, n);

          g_strv_builder_add_many (words, option, word + n, NULL);
        }
      else
        {
          g_strv_builder_add (words, word);
        }
      if (takes_next && i < argc)
        g_strv_builder_add (words, argv[i++]);
    }
  while (i < argc)
    g_strv_builder_add (words, argv[i++]);

  return g_strv_builder_end (words);
}

RunOptions *
run_options_parse (const RunVerb  *verb,
                   int             argc,
                   char          **argv,
                   int            *exit_code)
{
  g_auto(RawOptions) raw = {
    .jobs = DEFAULT_JOBS,
    .grace = DEFAULT_GRACE_SECONDS,
    .attributes = run_attributes_new (),
    .ending.max_output = -1,
    .files = run_files_new (),
  };
  g_autoptr(GOptionContext) context = new_context (verb, &raw);
  g_autoptr(GError) error = NULL;
  g_autofree char *complaint = NULL;
  g_auto(GStrv) words = split_short_options (argc, argv);
  RunOptions *self;

  if (!g_option_context_parse_strv (context, &words, &error))
    {
      *exit_code = tool_usage_error (verb->name, error->message);
      return NULL;
    }
  raw.capture |= verb->captures;
  complaint = check_raw (&raw);
  if (complaint == NULL)
    complaint = run_files_dup_complaint (raw.files, raw.input_path != NULL);
  if (complaint != NULL)
    {
      *exit_code = tool_usage_error (verb->name, complaint);
      return NULL;
    }

  self = options_from_raw (&raw, &error);
  if (self == NULL)
    {
      tool_message ("%s", error->message);
      *exit_code = TOOL_EXIT_TROUBLE;
    }

  return self;
}
