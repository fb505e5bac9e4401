/* What `proctor run` was asked to do.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

#include "run-attributes.h"
#include "run-ending.h"
#include "run-files.h"

G_BEGIN_DECLS

/* One command as it was given: the words of a program, or a script for the shell. */
typedef struct
{
  char *text;   /* as a shell would be given it */
  char **argv;  /* NULL: text is a shell script */
} RunCommand;

typedef struct
{
  gboolean capture;
  gboolean json;
  gboolean label;
  guint jobs;        /* G_MAXUINT: no bound */
  GTimeSpan timeout; /* 0: none */
  GTimeSpan grace;   /* until SIGKILL, however it is stopped */
  RunEnding ending;
  char *cwd;
  char **variables; /* K=V */
  GBytes *input;    /* NULL: none */
  RunAttributes *attributes;
  RunFiles *files;
  GPtrArray *commands; /* of owned RunCommand */
} RunOptions;

/* A verb that runs commands, with options of its own besides. */
typedef struct
{
  const char *name;
  const char *summary;         /* translated */
  const char *description;     /* translated; NULL: that of `run` */
  const GOptionEntry *entries; /* NULL: none */
  gboolean captures;           /* as if --capture was given */
} RunVerb;

/* Reads argv and the files that it names. NULL where the program ends here; then *exit_code says
 * how.
 */
RunOptions *run_options_parse (const RunVerb  *verb,
                               int             argc,
                               char          **argv,
                               int            *exit_code);
void run_options_free (RunOptions *self);

/* Whether the command's output goes through us, not straight to where ours goes. */
gboolean run_options_captures (const RunOptions *self);

/* Whether we are ourselves the other side of the command's terminal. */
gboolean run_options_is_interactive (const RunOptions *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RunOptions, run_options_free)

G_END_DECLS
