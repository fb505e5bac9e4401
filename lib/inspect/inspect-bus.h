/* A connection of our own to the session bus, and the name there under which a program is found.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "inspect/inspect-calls.h"

G_BEGIN_DECLS

/* Thread: INSPECT. */
typedef struct _InspectBus InspectBus;

/* @error NULL: the program can be found there; else it cannot, also when that has been so: the
 * connection is lost. Not called after inspect_bus_close().
 */
typedef void (*InspectBusFunc) (const GError *error,
                                gpointer      data);

/* The address of the session bus, as far as there is one already: none is started. To be freed.
 * Thread: ANY.
 */
char *inspect_bus_dup_address (void);

/* @func is called later, in some seconds at most. */
InspectBus *inspect_bus_open (const char     *address,
                              InspectCalls   *calls,
                              InspectBusFunc  func,
                              gpointer        data);

/* Ends it and lets go of it; what is left to be done counts as pending of @calls. */
void inspect_bus_close (InspectBus *self);

G_END_DECLS
