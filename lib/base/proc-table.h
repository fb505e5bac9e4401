/* The processes of the system, as proc(5) tells of them.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <sys/types.h>

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  pid_t pid;
  pid_t parent;
  pid_t group;
  pid_t session;
  char state;         /* 'R', 'S' …; 'Z' has ended */
  guint64 start_time; /* in ticks since boot: with the pid, this process and no later one */
  char name[64];      /* its first bytes; need not be UTF-8 */
  gboolean marked;    /* the caller's */
} ProcEntry;

/* A line of /proc/PID/stat. */
gboolean proc_entry_parse (const char *line,
                           ProcEntry  *entry);

/* FALSE if there is no such process. */
gboolean proc_entry_read (pid_t      pid,
                          ProcEntry *entry);

/* Whether it has ended and waits to be reaped. */
gboolean proc_entry_is_dead (const ProcEntry *entry);

/* All, in no order; NULL with errno where /proc cannot be read. A process may end while this is
 * read.
 */
GArray *proc_table_read (void);

/* Marks whatever descends from a marked entry. */
void proc_table_mark_descendants (GArray *table);

G_END_DECLS
