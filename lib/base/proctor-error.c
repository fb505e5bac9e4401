/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include <proctor/proctor.h>

G_DEFINE_QUARK (proctor-error-quark, proctor_error)
