/* A few low fd numbers, kept free for spawns of a program that has thousands of files open.
 *
 * A child does not copy the program's table of files as a whole where it can leave out its end
 * (CLOSE_RANGE_UNSHARE): what counts is the highest number that the child needs. New pipes get the
 * lowest number that is free, which is beyond all that is open; so they are moved down for the
 * spawn. With 15,000 open files that is a tenth of a millisecond instead of two.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "command/fd-plan.h"

G_BEGIN_DECLS

#define LOW_FDS_MAX 9 /* three spawns at once, with three pipes each */

/* What a spawn has of them. All zero is nothing. */
typedef struct
{
  int fds[LOW_FDS_MAX];
  guint n_fds;
} LowFds;

/* Thread: ANY. Reserves the numbers, with copies of @placeholder, if that was not done yet. What is
 * opened later gets higher ones.
 */
void low_fds_reserve (int placeholder);

/* If there is a source with a high number, and there are low ones for all those: moves them there,
 * and changes the mappings, and also @other if it is a source.
 */
void low_fds_take (LowFds    *self,
                   FdMapping *mappings,
                   guint      n_mappings,
                   int       *other,
                   int        placeholder);

/* After the spawn. */
void low_fds_give_back (LowFds *self,
                        int     placeholder);

G_END_DECLS
