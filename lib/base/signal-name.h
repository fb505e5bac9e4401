/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* "SIGTERM" for 15, "SIGRTMIN+3" and the like; to be freed. The same in every language, unlike
 * g_strsignal().
 */
char *dup_signal_name (int signum);

G_END_DECLS
