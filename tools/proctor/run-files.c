/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: MAIN. */

#include "config.h"

#include "run-files.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <glib/gi18n.h>

RunFiles *
run_files_new (void)
{
  return g_new0 (RunFiles, 1);
}

void
run_files_free (RunFiles *self)
{
  g_free (self->stdin_path);
  g_free (self->stdout_path);
  g_free (self->stderr_path);
  g_free (self);
}

void
run_files_add_options (RunFiles     *self,
                       GOptionGroup *group)
{
  const GOptionEntry entries[] = {
    { "stdin", 0, 0, G_OPTION_ARG_FILENAME, &self->stdin_path,
      N_("Read the standard input from a file"), N_("PATH") },
    { "stdout", 0, 0, G_OPTION_ARG_FILENAME, &self->stdout_path,
      N_("Write the standard output to a file"), N_("PATH") },
    { "stderr", 0, 0, G_OPTION_ARG_FILENAME, &self->stderr_path,
      N_("Write the standard error to a file"), N_("PATH") },
    { "append", 0, 0, G_OPTION_ARG_NONE, &self->append,
      N_("Write after what these files hold"), NULL },
    { "pty", 0, 0, G_OPTION_ARG_NONE, &self->pty,
      N_("Run each command on a pseudo-terminal of its own"), NULL },
    { "pipe", 0, 0, G_OPTION_ARG_NONE, &self->pipe,
      N_("Connect the commands by pipes, as in a shell’s |"), NULL },
    { "pipefail", 0, 0, G_OPTION_ARG_NONE, &self->pipefail,
      N_("With --pipe: fail if any command fails"), NULL },
    G_OPTION_ENTRY_NULL,
  };

  g_option_group_add_entries (group, entries);
}

char *
run_files_dup_complaint (const RunFiles *self,
                         gboolean        has_input)
{
  if (has_input && self->stdin_path != NULL)
    return g_strdup (_("--input and --stdin cannot both be the standard input"));
  if (self->append && self->stdout_path == NULL && self->stderr_path == NULL)
    return g_strdup (_("--append wants --stdout or --stderr"));
  if (self->pipefail && !self->pipe)
    return g_strdup (_("--pipefail wants --pipe"));
  if (self->pipe && self->pty)
    return g_strdup (_("--pipe and --pty exclude each other"));

  return NULL;
}

static void
use_terminal (ProctorCommand *command)
{
  struct winsize size;

  proctor_command_set_stdin (command, PROCTOR_STDIO_PTY);
  proctor_command_set_stdout (command, PROCTOR_STDIO_PTY);
  proctor_command_set_stderr (command, PROCTOR_STDIO_PTY);
  if ((ioctl (STDIN_FILENO, TIOCGWINSZ, &size) == 0 ||
       ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) == 0) &&
      size.ws_row > 0 && size.ws_col > 0)
    proctor_command_set_window_size (command, size.ws_row, size.ws_col);
}

void
run_files_apply (const RunFiles *self,
                 ProctorCommand *command,
                 gboolean        is_first,
                 gboolean        is_last)
{
  if (self->pty)
    use_terminal (command);
  if (self->stdin_path != NULL && is_first)
    proctor_command_set_stdin_path (command, self->stdin_path);
  if (self->stdout_path != NULL && is_last)
    proctor_command_set_stdout_path (command, self->stdout_path, self->append);
  if (self->stderr_path != NULL)
    proctor_command_set_stderr_path (command, self->stderr_path, self->append);
}

gboolean
run_files_miss_file (const RunFiles *self)
{
  g_autofree char *out_folder =
    self->stdout_path != NULL ? g_path_get_dirname (self->stdout_path) : NULL;
  g_autofree char *err_folder =
    self->stderr_path != NULL ? g_path_get_dirname (self->stderr_path) : NULL;

  return (self->stdin_path != NULL && access (self->stdin_path, R_OK) < 0) ||
         (out_folder != NULL && access (out_folder, F_OK) < 0) ||
         (err_folder != NULL && access (err_folder, F_OK) < 0);
}
