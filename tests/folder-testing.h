/* A folder for one test, and what it leaves there.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>
#include <glib/gstdio.h>

/* Among those for temporary files; the caller removes it. */
static inline char *
test_folder_new (const char *name_template)
{
  g_autoptr(GError) error = NULL;
  char *folder = g_dir_make_tmp (name_template, &error);

  g_assert_no_error (error);
  return folder;
}

/* With its files. Takes @folder. */
static inline void
test_folder_remove (char *folder)
{
  g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      g_assert_cmpint (g_remove (path), ==, 0);
    }
  g_assert_cmpint (g_rmdir (folder), ==, 0);
  g_free (folder);
}
