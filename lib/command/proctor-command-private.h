/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <proctor/proctor.h>

#include "command/command-spec.h"

G_BEGIN_DECLS

/* The snapshot of what @self says now. Later changes of @self do not reach it. */
CommandSpec *proctor_command_dup_spec (ProctorCommand *self);

/* The spec to be changed: a copy if a snapshot has it, too. With one reference, ours, nobody else
 * can take a second one.
 */
CommandSpec *proctor_command_edit_spec (ProctorCommand *self);

/* The stream of the user's behind one of the three stdios, which the spec says is streamed; NULL:
 * none.
 */
GObject *proctor_command_get_stream (ProctorCommand *self,
                                     int             fd);
void proctor_command_set_stream (ProctorCommand *self,
                                 int             fd,
                                 gpointer        stream);
gboolean proctor_command_has_streams (ProctorCommand *self);

/* Words as a shell would need them, for people: UTF-8, and nothing that a terminal or a log would
 * take for something else.
 */
char *words_to_string (const char * const *words);

/* A command that is the same at this moment. */
ProctorCommand *proctor_command_copy (ProctorCommand *self);

/* A command that is the same but for its timeout. */
ProctorCommand *proctor_command_copy_with_timeout (ProctorCommand *self,
                                                   GTimeSpan       timeout);

G_END_DECLS
