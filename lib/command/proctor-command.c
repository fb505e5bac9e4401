/* The builder of a command: it edits a CommandSpec that nobody else holds, and lends it to spawns
 * as a snapshot.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: the one that sets the command; ANY may spawn one that nobody sets any more. */

#include "config.h"

#include "command/proctor-command-private.h"

/**
 * ProctorCommand:
 *
 * `ProctorCommand` describes what shall run: a program or a shell script, its environment, working
 * directory and files.
 *
 * A command starts nothing by itself. [method@Command.spawn] starts it and gives a [class@Process],
 * [method@Command.run] starts it, feeds it and collects its output. There are three ways to make
 * one:
 *
 * - [ctor@Command.new] with the program and its arguments, each of them a string;
 * - [ctor@Command.newv] with a whole argument vector, which is also what language bindings call
 *   `new`;
 * - [ctor@Command.new_shell] with a script for `/bin/sh`. Put foreign words into a script only
 *   through [func@shell_quote]; an argument vector has no such danger and is to be preferred.
 *
 * ```c
 * g_autoptr(ProctorCommand) command = proctor_command_new ("sort", "-n", NULL);
 *
 * proctor_command_set_cwd (command, "/srv/data");
 * proctor_command_setenv (command, "LC_ALL", "C");
 * proctor_command_set_stdin_path (command, "numbers.txt");
 * ```
 *
 * [First steps](first-steps.html) shows whole programs.
 *
 * ## Bytes, not text
 *
 * Arguments, variables and paths are bytes as the system knows them. They need not be UTF-8, and
 * they reach the child as they were given.
 *
 * ## Finding the program
 *
 * A program's name without `/` is looked up in the `PATH` of the *child's* environment, and in
 * `/bin:/usr/bin` if that has none. Empty entries of `PATH` are skipped; directories and files that
 * cannot be executed are passed over. A program given as a path is used as it is. Whatever is
 * relative, a program's path, an entry of `PATH` or the path of a standard file, is meant as seen
 * from the child's working directory. A script that does not begin with `#!` is not run by a shell;
 * that is an error of the spawn.
 *
 * ## Environment
 *
 * The child's environment is a base and changes to it. The base is this program's own environment
 * *at the time of the spawn*, unless [method@Command.set_environ] or [method@Command.clear_environ]
 * gave another. The changes of [method@Command.setenv] and [method@Command.unsetenv] are applied to
 * it in the order in which they were made. If a base holds a variable twice, the first one counts.
 *
 * ## Standard files
 *
 * Each of stdin, stdout and stderr is connected as its [enum@Stdio] says, or to a file by its path;
 * the later call counts. With %PROCTOR_STDIO_DEFAULT it depends on the call: a spawn lets the child
 * inherit the file of this program, while a run captures stdout and stderr and connects stdin to
 * the input or to `/dev/null`. All other file descriptors are closed in the child, unless
 * %PROCTOR_COMMAND_INHERIT_FDS is set.
 *
 * ## Snapshots
 *
 * A spawn takes a snapshot of the command at the moment of the call. What is set afterwards
 * concerns later spawns only, and dropping the command changes nothing for children that were
 * started from it. So one command can be spawned any number of times, also several times at once,
 * with changes in between.
 *
 * ## Errors
 *
 * Setters never fail. A command that cannot be run as it is described (no program, a limit of 0,
 * two settings that exclude each other …) fails when it is spawned, with
 * %PROCTOR_ERROR_INVALID_COMMAND and a message that names the value. Values of environment
 * variables never appear in messages.
 *
 * ## Threads
 *
 * A command belongs to one thread at a time while it is being set. As long as nobody sets it, any
 * number of threads may spawn it.
 *
 * Since: 1.0
 */
struct _ProctorCommand
{
  GObject parent_instance;

  /* The pointer and, while nobody else has a reference to it, what it points to: touched only by
   * the thread that sets the command. A shared spec is immutable.
   */
  CommandSpec *spec;

  /* The thread that sets the command. Not in the spec, which a worker may let go of. */
  GObject *streams[3]; /* owned; NULL: none */
};

G_DEFINE_FINAL_TYPE (ProctorCommand, proctor_command, G_TYPE_OBJECT)

static void
proctor_command_finalize (GObject *object)
{
  ProctorCommand *self = PROCTOR_COMMAND (object);

  command_spec_unref (self->spec);
  for (guint i = 0; i < G_N_ELEMENTS (self->streams); i++)
    g_clear_object (&self->streams[i]);

  G_OBJECT_CLASS (proctor_command_parent_class)->finalize (object);
}

static void
proctor_command_class_init (ProctorCommandClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = proctor_command_finalize;
}

static void
proctor_command_init (ProctorCommand *self)
{
  self->spec = command_spec_new ();
}

CommandSpec *
proctor_command_dup_spec (ProctorCommand *self)
{
  return command_spec_ref (self->spec);
}

GObject *
proctor_command_get_stream (ProctorCommand *self,
                            int             fd)
{
  return self->streams[fd];
}

gboolean
proctor_command_has_streams (ProctorCommand *self)
{
  return self->streams[0] != NULL || self->streams[1] != NULL || self->streams[2] != NULL;
}

void
proctor_command_set_stream (ProctorCommand *self,
                            int             fd,
                            gpointer        stream)
{
  g_set_object (&self->streams[fd], stream);
}

ProctorCommand *
proctor_command_copy (ProctorCommand *self)
{
  ProctorCommand *copy = g_object_new (PROCTOR_TYPE_COMMAND, NULL);

  command_spec_unref (copy->spec);
  copy->spec = command_spec_ref (self->spec);
  for (guint i = 0; i < G_N_ELEMENTS (copy->streams); i++)
    g_set_object (&copy->streams[i], self->streams[i]);
  return copy;
}

CommandSpec *
proctor_command_edit_spec (ProctorCommand *self)
{
  if (!g_atomic_ref_count_compare (&self->spec->ref_count, 1))
    {
      CommandSpec *copy = command_spec_copy (self->spec);

      command_spec_unref (self->spec);
      self->spec = copy;
    }

  return self->spec;
}

/**
 * proctor_command_new: (skip)
 * @program: (type filename) (nullable): the name or path of the program; it is also the child's
 *   `argv[0]`
 * @...: the arguments of the program, each a string, ended by %NULL
 *
 * Makes a command that runs a program with these arguments.
 *
 * Every argument reaches the program as it is given; no shell is involved.
 *
 * Errors: %PROCTOR_ERROR_INVALID_COMMAND at the spawn where there is no program: %NULL, or an empty
 * name.
 *
 * Thread safety: any thread.
 *
 * Returns: (transfer full): a new command
 *
 * Since: 1.0
 */
ProctorCommand *
proctor_command_new (const char *program,
                     ...)
{
  g_autoptr(GPtrArray) argv = g_ptr_array_new ();
  va_list args;

  va_start (args, program);
  for (const char *argument = program; argument != NULL; argument = va_arg (args, const char *))
    g_ptr_array_add (argv, (gpointer) argument);
  va_end (args);
  g_ptr_array_add (argv, NULL);

  return proctor_command_newv ((const char * const *) argv->pdata);
}

/**
 * proctor_command_newv: (rename-to proctor_command_new)
 * @argv: (array zero-terminated=1) (element-type filename) (nullable): the program's name or path,
 *   which is also the child's `argv[0]`, and its arguments
 *
 * Makes a command that runs a program with these arguments.
 *
 * Every argument reaches the program as it is given; no shell is involved.
 *
 * Errors: %PROCTOR_ERROR_INVALID_COMMAND at the spawn where there is no program: no arguments at
 * all, or an empty name.
 *
 * Thread safety: any thread.
 *
 * Returns: (transfer full): a new command
 *
 * Since: 1.0
 */
ProctorCommand *
proctor_command_newv (const char * const *argv)
{
  ProctorCommand *self = g_object_new (PROCTOR_TYPE_COMMAND, NULL);

  self->spec->argv = g_strdupv ((GStrv) argv);

  return self;
}

/**
 * proctor_command_new_shell:
 * @script: (type filename): what the shell shall do
 *
 * Makes a command that runs `/bin/sh -c script`.
 *
 * The shell reads the whole of @script as code. Foreign words in it, such as file names, must be
 * quoted with [func@shell_quote]. Shells take a script that begins with `-` or `+` for an option; a
 * space before it helps. [method@Command.set_executable] chooses another shell.
 *
 * Thread safety: any thread.
 *
 * Returns: (transfer full): a new command
 *
 * Since: 1.0
 */
ProctorCommand *
proctor_command_new_shell (const char *script)
{
  ProctorCommand *self;

  g_return_val_if_fail (script != NULL, NULL);

  self = g_object_new (PROCTOR_TYPE_COMMAND, NULL);
  self->spec->shell_script = g_strdup (script);

  return self;
}

/* Takes @fd. */
static void
set_executable (ProctorCommand *self,
                const char     *path,
                SharedFd       *fd)
{
  CommandSpec *spec = proctor_command_edit_spec (self);

  command_spec_set_string (&spec->executable, path);
  g_clear_pointer (&spec->executable_fd, shared_fd_unref);
  spec->executable_fd = fd;
  spec->executable_fd_released = FALSE;
}

/**
 * proctor_command_set_executable:
 * @self: a command
 * @executable: (type filename) (nullable): the name or path of the file to run, or %NULL for the
 *   one that `argv[0]` names
 *
 * Sets the file to be run, where it is not the one that the child sees as its `argv[0]`.
 *
 * A name without `/` is looked up in `PATH` as any program. For a shell command this is the shell
 * to use, and also its `argv[0]`; %NULL is `/bin/sh`.
 *
 * Errors: %PROCTOR_ERROR_INVALID_COMMAND at the spawn for an empty name.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_set_executable (ProctorCommand *self,
                                const char     *executable)
{
  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  set_executable (self, executable, NULL);
}

/**
 * proctor_command_set_executable_fd:
 * @self: a command
 * @fd: an open file descriptor of a program
 *
 * Sets the file to be run as one that is open already, instead of what was set before; the child
 * sees its `argv[0]` as it was given.
 *
 * Nothing is looked up, and nobody can put another file into its place. It may be open for reading
 * or with O_PATH. The child does not get the file descriptor, unless the file begins with `#!`:
 * then the interpreter has to open it, as `/dev/fd/N`, and it stays open under a number that the
 * library chooses. A script must be open for reading.
 *
 * The command duplicates @fd, so it may be closed as soon as this returns. What the command holds
 * is shared by its spawns, and closed when the command and the spawns from it are done with it.
 *
 * Errors: at the spawn, %PROCTOR_ERROR_INVALID_COMMAND if @fd is not open, and what the system says
 * if it could not be duplicated or is not a program.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_set_executable_fd (ProctorCommand *self,
                                   int             fd)
{
  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  set_executable (self, NULL, shared_fd_new_dup (fd));
}

/**
 * proctor_command_take_executable_fd:
 * @self: a command
 * @fd: an open file descriptor of a program, which is the command's from now on
 *
 * Does what [method@Command.set_executable_fd] does, without duplicating @fd.
 *
 * The command closes it when it and the spawns from it are done with it. @fd becomes close-on-exec,
 * unless it is 0, 1 or 2.
 *
 * Errors: at the spawn, %PROCTOR_ERROR_INVALID_COMMAND if @fd is not open, and what the system says
 * if it is not a program.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_take_executable_fd (ProctorCommand *self,
                                    int             fd)
{
  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  set_executable (self, NULL, shared_fd_new_take (fd));
}
/**
 * proctor_command_set_flags:
 * @self: a command
 * @flags: all the flags that shall be set
 *
 * Sets the flags of the command, instead of those it had.
 *
 * Errors: %PROCTOR_ERROR_INVALID_COMMAND at the spawn for unknown flags, and for
 * %PROCTOR_COMMAND_NEW_SESSION together with a process group.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Since: 1.0
 */
void
proctor_command_set_flags (ProctorCommand      *self,
                           ProctorCommandFlags  flags)
{
  g_return_if_fail (PROCTOR_IS_COMMAND (self));

  proctor_command_edit_spec (self)->flags = flags;
}

/**
 * proctor_command_get_flags:
 * @self: a command
 *
 * Gets the flags of the command as they were set; a new command has none.
 *
 * Thread safety: the thread that the command belongs to.
 *
 * Returns: the flags
 *
 * Since: 1.0
 */
ProctorCommandFlags
proctor_command_get_flags (ProctorCommand *self)
{
  g_return_val_if_fail (PROCTOR_IS_COMMAND (self), PROCTOR_COMMAND_NONE);

  return self->spec->flags;
}
