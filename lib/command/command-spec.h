/* What to run, as plain data. A ProctorCommand edits one; a spawn takes a reference and from then
 * on nobody changes it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

#include <proctor/proctor-enums.h>

#include "command/command-attributes.h"
#include "command/command-files.h"
#include "command/command-policy.h"
#include "command/shared-fd.h"

G_BEGIN_DECLS

#define COMMAND_DEFAULT_LIMIT 65536
#define COMMAND_SHELL "/bin/sh"
#define COMMAND_NO_PROCESS_GROUP (-1)

/* A GTimeSpan that was not set. Other negative values mean "no bound". */
#define COMMAND_TIME_UNSET G_MININT64

typedef struct
{
  char *name;
  char *value; /* NULL: the variable is removed */
} CommandEnvChange;

/* Thread: the snapshot is immutable and may be read by any thread; before it was shared it belongs
 * to one thread, as the ProctorCommand that edits it does.
 */
typedef struct
{
  gatomicrefcount ref_count; /* first, as it is not copied */

  GStrv argv;         /* as given; NULL for a shell command */
  char *shell_script; /* NULL unless it is a shell command */
  char *executable;   /* nullable */
  SharedFd *executable_fd; /* owned; nullable: instead of `executable` */
  gboolean executable_fd_released; /* there was one, and the command has given it back */
  char *cwd;          /* nullable: the program's own */

  GStrv environ;           /* the base; NULL: the program's own at the time of the spawn */
  GPtrArray *env_changes;  /* of CommandEnvChange, applied in order to the base */

  CommandFiles files;
  ProctorCommandFlags flags;
  CommandAttributes attributes;
  CommandPolicy policy;
  int process_group; /* 0: its own; COMMAND_NO_PROCESS_GROUP: the program's */
  gsize limit;
  GTimeSpan timeout;     /* microseconds of a run; COMMAND_TIME_UNSET or negative: none */
  GTimeSpan drain_grace; /* microseconds; COMMAND_TIME_UNSET: the call's; negative: no bound */
} CommandSpec;

CommandSpec *command_spec_new (void);
CommandSpec *command_spec_copy (const CommandSpec *self);
CommandSpec *command_spec_ref (CommandSpec *self);
void command_spec_unref (CommandSpec *self);

/* Gives up the fd of the executable; a spec that had one is marked. */
void command_spec_release_executable_fd (CommandSpec *self);

/* For who keeps a snapshot beyond the spawn: replaces it by one without the fds that were given to
 * the command, so that they can be closed. Whether it had any.
 */
gboolean command_spec_let_go_of_fds (CommandSpec **self);

/* Replaces a string of a spec by a copy of @value, which may be NULL. */
void command_spec_set_string (char       **slot,
                              const char  *value);

/* What the child gets as its arguments: the command's own, or, for a shell command, what is then
 * put into @shell_argv. Either belongs to @self.
 */
#define COMMAND_SHELL_ARGV_LENGTH 4

const char * const *command_spec_get_argv (const CommandSpec  *self,
                                           const char         *shell_argv[COMMAND_SHELL_ARGV_LENGTH]);

/* All that can be wrong with a command and seen without asking the system. INVALID_COMMAND names
 * the value.
 */
gboolean command_spec_validate (const CommandSpec  *self,
                                GError            **error);

/* The command as a person would type it, for messages: `sh -c …` is shown as its script. No
 * environment. UTF-8.
 */
char *command_spec_describe (const CommandSpec *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CommandSpec, command_spec_unref)

G_END_DECLS
