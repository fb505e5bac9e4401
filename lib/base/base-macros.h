/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

/* The Type that @pointer, the address of its @member, lies in. */
#define CONTAINER_OF(pointer, Type, member) \
  ((Type *) (gpointer) ((char *) (pointer) - G_STRUCT_OFFSET (Type, member)))
