/* The tool's view of /proc.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: MAIN. */

#include "config.h"

#include <unistd.h>

#include "../tools/proctor/process-table.h"

#define FIELDS " 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 2200 23 24\n"

static void
test_parse (void)
{
  static const struct
  {
    const char *line;
    gboolean good;
    GPid pid;
    GPid parent;
  } cases[] = {
    { "12 (sleep) S 4" FIELDS, TRUE, 12, 4 },
    { "12 (a b) c) S 4" FIELDS, TRUE, 12, 4 },
    { "12 (x) R 9 ) S 4" FIELDS, TRUE, 12, 4 },
    { "12 (sleep) S 4 5 6", FALSE, 0, 0 },
    { "12 (sleep)", FALSE, 0, 0 },
    { "", FALSE, 0, 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      ProcessEntry entry = { 0 };

      g_assert_cmpint (process_entry_parse (cases[i].line, &entry), ==, cases[i].good);
      g_assert_cmpint (entry.pid, ==, cases[i].pid);
      g_assert_cmpint (entry.parent, ==, cases[i].parent);
      g_assert_cmpuint (entry.start_time, ==, cases[i].good ? 2200 : 0);
    }
}

static void
test_read (void)
{
  g_autoptr(GArray) table = process_table_read ();
  guint found = 0;

  for (guint i = 0; i < table->len; i++)
    {
      const ProcessEntry *entry = &g_array_index (table, ProcessEntry, i);

      if (entry->pid != getpid ())
        continue;
      found++;
      g_assert_cmpint (entry->parent, ==, getppid ());
      g_assert_cmpuint (entry->start_time, >, 0);
    }
  g_assert_cmpuint (found, ==, 1);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/process-table/parse", test_parse);
  g_test_add_func ("/process-table/read", test_read);

  return g_test_run ();
}
