/* What every verb of the program uses: its messages and its exit codes.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Exit codes of the program itself, as env(1), timeout(1) and the shells have them. */
#define TOOL_EXIT_USAGE 2
#define TOOL_EXIT_TIMED_OUT 124
#define TOOL_EXIT_TROUBLE 125
#define TOOL_EXIT_NOT_EXECUTABLE 126
#define TOOL_EXIT_NOT_FOUND 127
#define TOOL_EXIT_SIGNAL_BASE 128

/* A message on stderr, after the program's name. */
void tool_message (const char *format,
                   ...) G_GNUC_PRINTF (1, 2);

/* A message about how the program was called; returns the exit code for it. */
int tool_usage_error (const char *verb,
                      const char *message);

/* How many columns of a terminal it takes. */
guint tool_get_text_width (const char *text);

/* "TERM", "SIGTERM" or "15", in any case; FALSE: none of these. */
gboolean tool_parse_signal (const char *text,
                            int        *signum);

/* A finite number, not below 0, with a point in every language; FALSE: it is none. */
gboolean tool_parse_seconds (const char *text,
                             double     *seconds);

/* The verbs: each gets its own argv, with its own name first, and gives the exit code. */
int verb_run (int    argc,
              char **argv);
int verb_doctor (int    argc,
                 char **argv);
int verb_bench (int    argc,
                char **argv);
int verb_trace (int    argc,
                char **argv);
int verb_inspect (int    argc,
                  char **argv);
int verb_tree (int    argc,
               char **argv);

G_END_DECLS
