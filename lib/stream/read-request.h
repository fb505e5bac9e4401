/* What a reader is asked for, and whether what it holds is an answer. Pure.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

#include "io/byte-queue.h"

G_BEGIN_DECLS

typedef enum
{
  READ_SOME,    /* up to `length` bytes, at least one, to `buffer` */
  READ_CHUNK,   /* whatever lies in one piece, without a copy */
  READ_LINE,    /* up to and with a line feed */
  READ_LINES,   /* all the complete lines that there are, at least one */
  READ_UNTIL,   /* up to and with the separator */
  READ_EXACTLY, /* `length` bytes */
  READ_TO_END,
} ReadKind;

/* Thread: the owner's. */
typedef struct
{
  /* the question */
  ReadKind kind;
  gsize length;
  guint8 *buffer;     /* borrowed, of READ_SOME */
  GBytes *separator;  /* owned, of READ_UNTIL */
  gsize limit;        /* of a line or record, without its end */
  gboolean split;     /* lines longer than that come in pieces */
  gboolean utf8;      /* the answer has to be text */

  /* between two looks */
  gsize searched;     /* so much of what is held has no end of a line or record in it */

  /* the answer: one of the two */
  gsize n_read;       /* of READ_SOME; 0 at the end */
  GBytes *bytes;      /* of all others, owned; empty at the end */
  GError *error;      /* owned; nothing was taken out then */
  gsize consumed;     /* with LIMIT_OVERRUN: how much has been looked at */
} ReadRequest;

/* Whether the request is answered, from what @held has. @ended: nothing will come any more. Takes
 * the answer out of @held.
 */
gboolean read_request_try (ReadRequest *self,
                           ByteQueue   *held,
                           gboolean     ended);

/* Whether the arrival of these bytes, or so many in all, is worth another try. */
gboolean read_request_is_worth_a_try (const ReadRequest *self,
                                      const guint8      *data,
                                      gsize              length,
                                      gsize              held);

void read_request_clear (ReadRequest *self);

G_END_DECLS
