/* What `proctor run` connects the commands to: files, a terminal, each other.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

#include <proctor/proctor.h>

G_BEGIN_DECLS

typedef struct
{
  gboolean pty;
  gboolean pipe;
  gboolean pipefail;
  gboolean append;
  char *stdin_path; /* nullable, as the others */
  char *stdout_path;
  char *stderr_path;
} RunFiles;

RunFiles *run_files_new (void);
void run_files_free (RunFiles *self);

/* The options; what is given is kept in @self, which must live as long as the group. */
void run_files_add_options (RunFiles     *self,
                            GOptionGroup *group);

/* What is wrong with them, for people; NULL where nothing is. */
char *run_files_dup_complaint (const RunFiles *self,
                               gboolean        has_input);

/* Sets what was asked for in place of what @command has. @is_first and @is_last: of a pipe. */
void run_files_apply (const RunFiles *self,
                      ProctorCommand *command,
                      gboolean        is_first,
                      gboolean        is_last);

/* Whether a file that could not be found may be one of ours and not the program. */
gboolean run_files_miss_file (const RunFiles *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RunFiles, run_files_free)

G_END_DECLS
