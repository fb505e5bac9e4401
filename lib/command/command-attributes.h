/* What a command says of its child beside program, environment and files: as whom it runs, and with
 * which limits. Plain data.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

#include <proctor/proctor-enums.h>

G_BEGIN_DECLS

#define COMMAND_KEEP_UMASK (-1)

typedef struct
{
  int resource;
  guint64 soft;
  guint64 hard;
} CommandRlimit;

/* Thread: as the CommandSpec that it is a part of. The child reads it between clone and exec, so
 * there are plain arrays only.
 */
typedef struct
{
  char *user;         /* a name or a number; nullable: the program's own */
  char *group;        /* nullable: the user's, or the program's own */
  GStrv extra_groups; /* nullable: the user's, or the program's own */
  int umask;          /* COMMAND_KEEP_UMASK: the program's own */

  int *ignored_signals; /* as they were given */
  guint n_ignored_signals;
  int parent_death_signal; /* 0: none */

  ProctorAttributes set;      /* which of the following count, CONTROLLING_TERMINAL excepted */
  ProctorAttributes optional; /* those that may fail */

  CommandRlimit *rlimits; /* one for each resource */
  guint n_rlimits;
  int nice;
  guint *cpus;
  guint n_cpus;
  ProctorIoClass io_class;
  int io_level;
  int oom_score_adj;
  char *cgroup; /* the path of its directory */
} CommandAttributes;

void command_attributes_init (CommandAttributes *self);
void command_attributes_clear (CommandAttributes *self);

/* Makes @self, which holds nothing yet, a copy. */
void command_attributes_copy (CommandAttributes       *self,
                              const CommandAttributes *other);

/* Makes these as they are in a new command. */
void command_attributes_unset (CommandAttributes *self,
                               ProctorAttributes  attributes);

/* Setting the limits of a resource again replaces them. */
void command_attributes_set_rlimit (CommandAttributes *self,
                                    CommandRlimit      rlimit);

/* INVALID_COMMAND names the value that cannot be. */
gboolean command_attributes_validate (const CommandAttributes  *self,
                                      GError                  **error);

/* "NOFILE" for RLIMIT_NOFILE; NULL for what is not known here. */
const char *command_rlimit_get_name (int resource);

G_END_DECLS
