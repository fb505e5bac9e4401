/* What our end of a child's stdin, stdout or stderr is.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

typedef enum
{
  PIPE_KIND_PIPE,     /* or anything else that is read or written, and closed */
  PIPE_KIND_SOCKET,   /* its end is a shutdown */
  PIPE_KIND_TERMINAL, /* the master of a pseudo-terminal: EIO is its end, an end is a character */
} PipeKind;
