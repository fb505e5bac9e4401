/* What `proctor run` was asked to say of its commands' processes: as whom, and with which limits.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

#include <proctor/proctor.h>

G_BEGIN_DECLS

typedef struct _RunAttributes RunAttributes;

RunAttributes *run_attributes_new (void);
void run_attributes_free (RunAttributes *self);

/* The options; what is given is kept in @self, which must live as long as the group. */
GOptionGroup *run_attributes_get_option_group (RunAttributes *self);

/* The name that a program shall see as its own, or NULL for the one it was called by. */
const char *run_attributes_get_argv0 (const RunAttributes *self);

/* Whether a file that could not be found may be one of ours and not the program. */
gboolean run_attributes_misses_file (const RunAttributes *self);

void run_attributes_apply (const RunAttributes *self,
                           ProctorCommand      *command);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RunAttributes, run_attributes_free)

G_END_DECLS
