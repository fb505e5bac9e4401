/* Running commands, for the verbs that do.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "run-options.h"

G_BEGIN_DECLS

/* Starts the service, runs them to their end, prints what is to be printed and gives the program's
 * exit code.
 */
int run_commands (const RunOptions *options);

G_END_DECLS
