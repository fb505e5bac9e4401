/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: the owner's. Pure data, no lock, no I/O. */

#include "config.h"

#include "stream/read-request.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include <proctor/proctor.h>

void
read_request_clear (ReadRequest *self)
{
  g_clear_pointer (&self->separator, g_bytes_unref);
  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_clear_error (&self->error);
}

static const guint8 *
get_separator (const ReadRequest *self,
               gsize             *ret_length)
{
  if (self->kind == READ_UNTIL)
    return g_bytes_get_data (self->separator, ret_length);

  *ret_length = 1;
  return (const guint8 *) "\n";
}

/* ---- text */

static gboolean
check_utf8 (ReadRequest  *self,
            const guint8 *data,
            gsize         length)
{
  const char *end;

  if (g_utf8_validate_len ((const char *) data, length, &end))
    return TRUE;

  self->error = g_error_new (G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                             _("The text is not valid UTF-8 at byte %lu"),
                             (gulong) (end - (const char *) data));
  return FALSE;
}

/* Takes @length bytes as the answer. What cannot be the answer goes back to where it was. */
static gboolean
answer (ReadRequest *self,
        ByteQueue   *held,
        gsize        length)
{
  gsize size;
  const guint8 *data;
  ByteQueue back = { 0 };

  self->bytes = byte_queue_take (held, length);
  if (!self->utf8)
    return TRUE;

  data = g_bytes_get_data (self->bytes, &size);
  if (!check_utf8 (self, data, size))
    {
      byte_queue_append_chunk (&back, byte_chunk_new_from_bytes (g_steal_pointer (&self->bytes)));
      byte_queue_prepend_queue (held, &back);
    }
  return TRUE;
}

/* ---- lines and records */

static gboolean
overrun (ReadRequest *self,
         gsize        consumed,
         gboolean     found)
{
  self->consumed = consumed;
  if (found)
    self->error = g_error_new (PROCTOR_ERROR, PROCTOR_ERROR_LIMIT_OVERRUN,
                               g_dngettext (GETTEXT_PACKAGE,
                                            "The separator was found, but what is before it is "
                                            "longer than the limit of %lu byte",
                                            "The separator was found, but what is before it is "
                                            "longer than the limit of %lu bytes",
                                            self->limit),
                               (gulong) self->limit);
  else
    self->error = g_error_new (PROCTOR_ERROR, PROCTOR_ERROR_LIMIT_OVERRUN,
                               g_dngettext (GETTEXT_PACKAGE,
                                            "No separator was found within the limit of %lu byte",
                                            "No separator was found within the limit of %lu bytes",
                                            self->limit),
                               (gulong) self->limit);
  return TRUE;
}

static gboolean
incomplete (ReadRequest *self,
            gsize        held)
{
  self->error = g_error_new (PROCTOR_ERROR, PROCTOR_ERROR_INCOMPLETE_READ,
                             g_dngettext (GETTEXT_PACKAGE,
                                          "The stream ended after %lu byte, before what was to be "
                                          "read was complete",
                                          "The stream ended after %lu bytes, before what was to be "
                                          "read was complete",
                                          held),
                             (gulong) held);
  return TRUE;
}

/* A line's piece of @limit bytes must not cut a character into two, where it is to be text: at most
 * three bytes less.
 */
static gsize
piece_length (const ReadRequest *self,
              const ByteQueue   *held)
{
  gsize length = self->limit;
  const ByteChunk *chunk = held->first;

  if (!self->utf8 || length < 4)
    return length;

  for (guint back = 0; back <= 3; back++)
    {
      gsize position = length - back;
      gsize passed = 0;

      for (chunk = held->first;
           passed + (chunk->end - chunk->start) <= position && chunk->next != NULL;
           chunk = chunk->next)
        passed += chunk->end - chunk->start;
      if (position >= held->length ||
          (chunk->data[chunk->start + position - passed] & 0xC0) != 0x80)
        return position;
    }
  return length;
}

/* A line without an end is a line at the stream's end; a record without its separator is not
 * complete.
 */
static gboolean
try_at_the_end (ReadRequest *self,
                ByteQueue   *held)
{
  if (self->kind == READ_UNTIL)
    return incomplete (self, held->length);
  return answer (self, held, held->length);
}

static gboolean
try_record (ReadRequest *self,
            ByteQueue   *held,
            gboolean     ended)
{
  gsize length;
  const guint8 *separator = get_separator (self, &length);
  gsize position;

  if (byte_queue_find (held, self->searched, separator, length, &position))
    {
      if (position <= self->limit)
        return answer (self, held, position + length);
      return self->split ? answer (self, held, piece_length (self, held))
                         : overrun (self, position, TRUE);
    }

  /* The last bytes may be the beginning of a separator. */
  self->searched = held->length >= length ? held->length - length + 1 : 0;
  if (self->searched > self->limit)
    return self->split ? answer (self, held, piece_length (self, held))
                       : overrun (self, self->searched, FALSE);
  return ended && try_at_the_end (self, held);
}

/* The end of the last line among those that are held and not too long; 0 if there is none. In one
 * pass, however many there are.
 */
static gsize
end_of_complete_lines (const ReadRequest *self,
                       const ByteQueue   *held)
{
  gsize end = 0;
  gsize passed = 0;

  for (const ByteChunk *chunk = held->first; chunk != NULL; chunk = chunk->next)
    {
      const guint8 *start = chunk->data + chunk->start;
      const guint8 *place = start;

      while ((place = memchr (place, '\n', chunk->end - (gsize) (place - chunk->data))) != NULL)
        {
          gsize position = passed + (gsize) (place - start);

          if (position - end > self->limit)
            return end;
          end = position + 1;
          place++;
        }
      passed += chunk->end - chunk->start;
    }
  return end;
}

static gboolean
try_lines (ReadRequest *self,
           ByteQueue   *held,
           gboolean     ended)
{
  gsize end = end_of_complete_lines (self, held);

  if (end > 0)
    {
      /* What is behind them belongs to them only if nothing follows it any more. */
      if (ended && held->length - end <= self->limit)
        end = held->length;
      return answer (self, held, end);
    }
  return try_record (self, held, ended);
}

/* ---- all */

gboolean
read_request_try (ReadRequest *self,
                  ByteQueue   *held,
                  gboolean     ended)
{
  switch (self->kind)
    {
    case READ_SOME:
      if (held->length == 0 && !ended)
        return FALSE;
      self->n_read = byte_queue_read (held, self->buffer, self->length);
      return TRUE;

    case READ_CHUNK:
      if (held->length == 0 && !ended)
        return FALSE;
      return answer (self, held, held->length > 0 ? held->first->end - held->first->start : 0);

    case READ_LINE:
    case READ_UNTIL:
      return try_record (self, held, ended);

    case READ_LINES:
      return try_lines (self, held, ended);

    case READ_EXACTLY:
      if (held->length >= self->length)
        return answer (self, held, self->length);
      return ended && incomplete (self, held->length);

    case READ_TO_END:
      return ended && answer (self, held, held->length);

    default:
      g_return_val_if_reached (FALSE);
    }
}

gboolean
read_request_is_worth_a_try (const ReadRequest *self,
                             const guint8      *data,
                             gsize              length,
                             gsize              held)
{
  const guint8 *separator;
  gsize separator_length;

  switch (self->kind)
    {
    case READ_LINE:
    case READ_LINES:
    case READ_UNTIL:
      separator = get_separator (self, &separator_length);
      return held > self->limit || memchr (data, separator[separator_length - 1], length) != NULL;

    case READ_EXACTLY:
      return held >= self->length;

    case READ_TO_END:
      return FALSE;

    case READ_SOME:
    case READ_CHUNK:
    default:
      return TRUE;
    }
}
