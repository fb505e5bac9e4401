/* proctor-monitor: runs commands and watches them.
 *
 * It is at once the example of how to use the library in a GTK application:
 *
 *   monitor-job.c         a command, its process, and its end: start reading here
 *   monitor-output.c      live output that never stalls the window
 *   monitor-text-filter.c what of the output can be shown
 *   monitor-usage.c       what trees of processes use, read in a thread
 *   monitor-window.c      the list, and what the buttons do
 *   the other files       a widget each, its template beside it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Thread: MAIN. */

#include "config.h"

#include <glib/gi18n.h>
#include <locale.h>

#include "monitor-application.h"

int
main (int    argc,
      char **argv)
{
  g_autoptr(MonitorApplication) application = NULL;

  setlocale (LC_ALL, "");
  textdomain (GETTEXT_PACKAGE); /* the library has bound it */

  application = monitor_application_new ();
  return g_application_run (G_APPLICATION (application), argc, argv);
}
