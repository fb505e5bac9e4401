/* The entries of an environment while it is being made: those of a base, then changes by name. The
 * strings are not copied.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Thread: ANY, one at a time. The positions of the entries are in a hash table by name, with open
 * addressing and room for all that may come.
 */
typedef struct
{
  char **entries; /* NULL: removed */
  guint n_entries;
  guint32 *slots; /* 0: free; else a position, counted from 1 */
  guint mask;
} EnvironEntries;

/* For @n_most entries at most. */
void environ_entries_init (EnvironEntries *self,
                           guint           n_most);
void environ_entries_add_base (EnvironEntries     *self,
                               const char * const *base);

/* A changed variable keeps its place. @entry is NULL for one that is removed. */
void environ_entries_change (EnvironEntries *self,
                             const char     *name,
                             char           *entry);

/* The array, with NULL at the end, which the caller frees; @self is cleared. */
char **environ_entries_finish (EnvironEntries *self);

G_END_DECLS
