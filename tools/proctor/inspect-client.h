/* Programs that can be looked into, and the way to them: the session bus, or a socket of their own.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Thread: MAIN. A program that was found; nobody has talked to it yet. */
typedef struct
{
  int pid;
  char *socket_path;          /* NULL: it is on the bus */
  GDBusConnection *connection; /* owned; NULL: not connected */
} InspectedProgram;

void inspected_program_free (InspectedProgram *self);

/* Those of this user, by their pids; an empty array where there is none. What is in the way of
 * finding any is an error only where none is found.
 */
GPtrArray *inspect_client_find_programs (GError **error);

/* Whether @name is that of its executable or its first argument. */
gboolean inspected_program_has_name (const InspectedProgram *self,
                                     const char             *name);

/* "demo (4711)", as far as it is known from outside; to be freed. */
char *inspected_program_dup_title (const InspectedProgram *self);

/* The report, as the library makes it. None of these waits longer than some seconds for a program
 * that does not answer, but for the last, which waits for the end of the process.
 */
GVariant *inspected_program_look (InspectedProgram  *self,
                                  GError           **error);
gboolean inspected_program_signal (InspectedProgram  *self,
                                   int                pid,
                                   int                signum,
                                   GError           **error);
char *inspected_program_stop (InspectedProgram  *self,
                              int                pid,
                              GError           **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (InspectedProgram, inspected_program_free)

G_END_DECLS
