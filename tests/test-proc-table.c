/* Lines of /proc/PID/stat, and who descends from whom.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include <unistd.h>

#include "base/proc-table.h"

#define FIELDS " 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 2200 23 24\n"
#define REST " 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 "

static void
test_parse (void)
{
  ProcEntry entry = { 0 };

  g_assert_true (proc_entry_parse ("12 (cat) S 3 4 5" REST "678 9 10\n", &entry));
  g_assert_cmpint (entry.pid, ==, 12);
  g_assert_cmpint (entry.parent, ==, 3);
  g_assert_cmpint (entry.group, ==, 4);
  g_assert_cmpint (entry.session, ==, 5);
  g_assert_cmpint (entry.state, ==, 'S');
  g_assert_cmpuint (entry.start_time, ==, 678);
  g_assert_cmpstr (entry.name, ==, "cat");
  g_assert_false (proc_entry_is_dead (&entry));

  g_assert_true (proc_entry_parse ("12 (a) b (c) Z) Z 3 4 5" REST "678", &entry));
  g_assert_cmpstr (entry.name, ==, "a) b (c) Z");
  g_assert_true (proc_entry_is_dead (&entry));
  g_assert_true (proc_entry_parse ("12 (\xff\n) R 3 4 5" REST "678", &entry));
  g_assert_cmpstr (entry.name, ==, "\xff\n");
}

/* Where the fields are counted from, and how many there have to be. */
static void
test_fields (void)
{
  static const struct
  {
    const char *line;
    gboolean good;
    pid_t pid;
    pid_t parent;
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
      ProcEntry entry = { 0 };

      g_assert_cmpint (proc_entry_parse (cases[i].line, &entry), ==, cases[i].good);
      g_assert_cmpint (entry.pid, ==, cases[i].pid);
      g_assert_cmpint (entry.parent, ==, cases[i].parent);
      g_assert_cmpuint (entry.start_time, ==, cases[i].good ? 2200 : 0);
    }
}

static void
test_malformed (void)
{
  static const char *const lines[] = {
    "", "12", "12 cat S 3 4 5", "12 (cat", "12 )cat( S", "12 (cat)", "12 (cat) S 3 4 5",
    "12 (cat) S x 4 5" REST "678",
  };
  ProcEntry entry = { .pid = 77 };

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    g_assert_false (proc_entry_parse (lines[i], &entry));
  g_assert_cmpint (entry.pid, ==, 77);
}

static void
test_self (void)
{
  g_autoptr(GArray) table = proc_table_read ();
  ProcEntry self;
  guint n = 0;

  g_assert_nonnull (table);
  g_assert_true (proc_entry_read (getpid (), &self));
  g_assert_cmpint (self.pid, ==, getpid ());
  g_assert_cmpint (self.parent, ==, getppid ());
  g_assert_cmpint (self.group, ==, getpgrp ());
  for (guint i = 0; i < table->len; i++)
    {
      const ProcEntry *entry = &g_array_index (table, ProcEntry, i);

      if (entry->pid != getpid ())
        continue;
      n++;
      g_assert_cmpint (entry->parent, ==, getppid ());
      g_assert_cmpuint (entry->start_time, >, 0);
    }
  g_assert_cmpuint (n, ==, 1);
  g_assert_false (proc_entry_read (G_MAXINT, &self));
}

/* In no order, over several generations; a parent that is younger than its child is none. */
static void
test_descendants (void)
{
  static const ProcEntry entries[] = {
    { .pid = 50, .parent = 40, .start_time = 9 }, /* of 40 */
    { .pid = 10, .parent = 1, .start_time = 5, .marked = TRUE },
    { .pid = 40, .parent = 30, .start_time = 8 },
    { .pid = 30, .parent = 10, .start_time = 5 },
    { .pid = 60, .parent = 40, .start_time = 7 }, /* older than 40 */
    { .pid = 70, .parent = 1, .start_time = 9 },
    { .pid = 80, .parent = 70, .start_time = 9 },
  };
  static const gboolean expected[] = { TRUE, TRUE, TRUE, TRUE, FALSE, FALSE, FALSE };
  g_autoptr(GArray) table = g_array_new (FALSE, FALSE, sizeof (ProcEntry));

  g_array_append_vals (table, entries, G_N_ELEMENTS (entries));
  proc_table_mark_descendants (table);
  for (guint i = 0; i < G_N_ELEMENTS (entries); i++)
    g_assert_cmpint (g_array_index (table, ProcEntry, i).marked, ==, expected[i]);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/proc-table/parse", test_parse);
  g_test_add_func ("/proc-table/fields", test_fields);
  g_test_add_func ("/proc-table/malformed", test_malformed);
  g_test_add_func ("/proc-table/self", test_self);
  g_test_add_func ("/proc-table/descendants", test_descendants);
  return g_test_run ();
}
