/* Whether what is held answers a read: every place of a separator, every way to cut the bytes into
 * chunks and every limit, against a plain model of what asyncio's StreamReader does.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include <string.h>

#include <proctor/proctor.h>

#include "stream/read-request.h"
#include "test-leaks.h"

#define MAX_LENGTH 11

/* ---- the model: looks at all bytes that there are, as one piece, from the beginning */

typedef enum
{
  WAIT,
  TAKE,
  OVERRUN,
  INCOMPLETE,
} Verdict;

typedef struct
{
  Verdict verdict;
  gsize length;   /* to be taken */
  gsize consumed; /* with OVERRUN */
} Expected;

/* What is read, and how. */
typedef struct
{
  ReadKind kind;
  const char *separator;
  gsize limit;
  gsize length;
  gboolean split;
} Question;

static Expected
too_long (const Question *question,
          gsize           consumed)
{
  if (question->split)
    return (Expected){ TAKE, question->limit, 0 };
  return (Expected){ OVERRUN, 0, consumed };
}

static Expected
expect_record (const Question *question,
               const char     *data,
               gsize           length,
               gboolean        ended)
{
  gsize separator = strlen (question->separator);
  gsize possible = length + 1 > separator ? length + 1 - separator : 0;

  for (gsize i = 0; i < possible; i++)
    {
      if (memcmp (data + i, question->separator, separator) == 0)
        return i <= question->limit ? (Expected){ TAKE, i + separator, 0 } : too_long (question, i);
    }
  if (possible > question->limit)
    return too_long (question, possible);
  if (!ended)
    return (Expected){ WAIT, 0, 0 };
  return question->kind == READ_UNTIL ? (Expected){ INCOMPLETE, 0, 0 }
                                      : (Expected){ TAKE, length, 0 };
}

static Expected
expect_lines (const Question *question,
              const char     *data,
              gsize           length,
              gboolean        ended)
{
  gsize start = 0;

  for (gsize i = 0; i < length && i - start <= question->limit; i++)
    {
      if (data[i] == '\n')
        start = i + 1;
    }
  if (start == 0)
    return expect_record (question, data, length, ended);
  if (ended && length - start <= question->limit &&
      memchr (data + start, '\n', length - start) == NULL)
    start = length;
  return (Expected){ TAKE, start, 0 };
}

static Expected
expect (const Question *question,
        const char     *data,
        gsize           length,
        gboolean        ended)
{
  switch (question->kind)
    {
    case READ_LINES:
      return expect_lines (question, data, length, ended);
    case READ_EXACTLY:
      if (length >= question->length)
        return (Expected){ TAKE, question->length, 0 };
      return (Expected){ ended ? INCOMPLETE : WAIT, 0, 0 };
    case READ_TO_END:
      return (Expected){ ended ? TAKE : WAIT, length, 0 };
    case READ_SOME:
      if (length == 0 && !ended)
        return (Expected){ WAIT, 0, 0 };
      return (Expected){ TAKE, MIN (length, question->length), 0 };
    default:
      return expect_record (question, data, length, ended);
    }
}

/* ---- bytes that come chunk by chunk */

typedef struct
{
  const char *data;
  gsize length;
  guint cuts;    /* bit i: a chunk ends behind byte i */
  gsize arrived;
  gsize taken;
  ByteQueue held;
} Flow;

static gboolean
flow_has_ended (const Flow *self)
{
  return self->arrived == self->length;
}

/* How many bytes have come. */
static gsize
flow_next_chunk (Flow *self)
{
  gsize length = 1;
  ByteChunk *chunk;

  while (self->arrived + length < self->length &&
         (self->cuts & (1u << (self->arrived + length - 1))) == 0)
    length++;
  chunk = byte_chunk_new (length);
  memcpy (chunk->data, self->data + self->arrived, length);
  chunk->end = length;
  byte_queue_append_chunk (&self->held, chunk);
  self->arrived += length;
  return length;
}

static void
flow_check_held (Flow *self)
{
  gsize done = self->taken;

  g_assert_cmpuint (self->held.length, ==, self->arrived - self->taken);
  for (const ByteChunk *chunk = self->held.first; chunk != NULL; chunk = chunk->next)
    {
      g_assert_true (
        memcmp (chunk->data + chunk->start, self->data + done, chunk->end - chunk->start) == 0);
      done += chunk->end - chunk->start;
    }
}

static void
flow_take (Flow  *self,
           gsize  length)
{
  g_bytes_unref (byte_queue_take (&self->held, length));
  self->taken += length;
}

/* One look, compared. Whether there is an answer. */
static gboolean
look (Flow           *flow,
      const Question *question,
      ReadRequest    *request,
      gboolean        ended)
{
  Expected expected =
    expect (question, flow->data + flow->taken, flow->arrived - flow->taken, ended);
  gboolean answered = read_request_try (request, &flow->held, ended);
  gsize length;
  const char *data;

  g_assert_cmpint (answered, ==, expected.verdict != WAIT);
  if (expected.verdict == TAKE && question->kind != READ_SOME)
    {
      g_assert_no_error (request->error);
      data = g_bytes_get_data (request->bytes, &length);
      g_assert_cmpuint (length, ==, expected.length);
      g_assert_true (length == 0 || memcmp (data, flow->data + flow->taken, length) == 0);
    }
  else
    {
      g_assert_null (request->bytes);
    }

  if (expected.verdict == TAKE)
    {
      flow->taken += expected.length;
    }
  else if (expected.verdict == OVERRUN)
    {
      g_assert_error (request->error, PROCTOR_ERROR, PROCTOR_ERROR_LIMIT_OVERRUN);
      g_assert_cmpuint (request->consumed, ==, expected.consumed);
    }
  else if (expected.verdict == INCOMPLETE)
    {
      g_assert_error (request->error, PROCTOR_ERROR, PROCTOR_ERROR_INCOMPLETE_READ);
    }
  flow_check_held (flow);
  return answered;
}

/* One read, with as many looks as chunks that it needs. After an error it goes on behind what is in
 * the way.
 */
static void
read_one (Flow           *flow,
          const Question *question)
{
  char buffer[MAX_LENGTH + 2];
  ReadRequest request = {
    .kind = question->kind,
    .length = question->length,
    .buffer = (guint8 *) buffer,
    .limit = question->limit,
    .split = question->split,
  };
  gboolean answered;

  if (question->kind == READ_UNTIL)
    request.separator = g_bytes_new_static (question->separator, strlen (question->separator));

  answered = look (flow, question, &request, FALSE);
  while (!answered && !flow_has_ended (flow))
    {
      gsize length = flow_next_chunk (flow);
      gboolean worth =
        read_request_is_worth_a_try (&request, (const guint8 *) flow->data + flow->arrived - length,
                                     length, flow->held.length);

      answered = look (flow, question, &request, FALSE);
      /* Nobody would have looked. */
      g_assert_true (worth || !answered);
    }
  if (!answered)
    g_assert_true (look (flow, question, &request, TRUE));

  if (request.error != NULL)
    flow_take (flow, request.consumed > 0 ? request.consumed : flow->held.length);
  read_request_clear (&request);
}

static void
read_all (const Question *question,
          const char     *data,
          gsize           length,
          guint           cuts)
{
  Flow flow = { .data = data, .length = length, .cuts = cuts };

  while (!flow_has_ended (&flow) || flow.held.length > 0)
    read_one (&flow, question);
  /* At the end nothing is a proper answer, again and again; an incomplete record as well. */
  read_one (&flow, question);
  read_one (&flow, question);
  g_assert_cmpuint (flow.taken, ==, length);
  byte_queue_clear (&flow.held);
}

/* All ways to cut it; with a smaller scale only some of them. */
static void
read_with_all_cuts (const Question *question,
                    const char     *data,
                    gsize           length)
{
  guint n_cuts = 1u << (length > 0 ? length - 1 : 0);
  guint step = test_scale () >= 1 ? 1 : (guint) (1 / test_scale ());

  for (guint cuts = step > 1 ? (guint) g_test_rand_int_range (0, (gint32) step) : 0; cuts < n_cuts;
       cuts += step)
    read_all (question, data, length, cuts);
}

/* ---- the table */

static const char *separators[] = { "\n", "ab", "aa", "aba", "aab", "aaa" };

/* With every limit that makes a difference; one that is beyond all bytes stands for all larger
 * ones. In pieces or as an error makes a difference only where the limit can be exceeded.
 */
static void
read_with_all_limits (ReadKind    kind,
                      const char *separator,
                      const char *data,
                      gsize       length)
{
  for (gsize limit = 1; limit <= length + 1; limit++)
    for (guint split = 0; split < (limit <= length ? 2 : 1); split++)
      {
        Question question = {
          .kind = kind, .separator = separator, .limit = limit, .split = split == 1
        };

        read_with_all_cuts (&question, data, length);
      }
}

/* One separator, or none, at every place, among bytes that look like its beginning. Where those
 * would be a separator themselves, and also around a line feed, they are not at all like it.
 */
static void
test_one_separator (gconstpointer separator_data)
{
  const char *separator = separator_data;
  gsize separator_length = strlen (separator);
  gboolean is_line_feed = separator[0] == '\n';
  const char fillers[] = { 'x', is_line_feed ? '\r' : separator[0], '\0' };
  gboolean is_one_letter = strspn (separator, fillers + 1) == separator_length;
  gsize max_length = MAX (8, scaled (MAX_LENGTH));

  deadline_start (g_test_get_path (), TEST_DEADLINE_SECONDS);
  for (gsize length = 0; length <= max_length; length++)
    for (gsize place = 0; place <= length; place++)
      for (guint filler = 0; filler < 2; filler++)
        {
          char data[MAX_LENGTH + 1];

          if (!is_line_feed && (filler == 0) != is_one_letter)
            continue;
          memset (data, fillers[filler], sizeof data);
          if (place + separator_length <= length)
            memcpy (data + place, separator, separator_length);
          else if (place + separator_length > length + 1)
            continue; /* none is none, wherever it is not */
          read_with_all_limits (READ_UNTIL, separator, data, length);
          if (is_line_feed && filler == 0)
            {
              read_with_all_limits (READ_LINE, separator, data, length);
              read_with_all_limits (READ_LINES, separator, data, length);
            }
        }
}

/* All words of two letters; all cuts where they are short, some where they are long. */
static void
read_all_words (ReadKind    kind,
                const char *separator,
                const char *letters,
                gsize       max_length,
                guint       n_cuts)
{
  deadline_start (g_test_get_path (), TEST_DEADLINE_SECONDS);
  for (gsize length = 0; length <= max_length; length++)
    for (guint word = 0; word < 1u << length; word++)
      {
        char data[MAX_LENGTH + 1];

        for (gsize i = 0; i < length; i++)
          data[i] = letters[word >> i & 1];
        for (gsize limit = 1; limit <= length + 1; limit++)
          for (guint split = 0; split < 2; split++)
            {
              Question question = {
                .kind = kind, .separator = separator, .limit = limit, .split = split == 1
              };

              if (n_cuts == 0)
                read_with_all_cuts (&question, data, length);
              for (guint i = 0; i < n_cuts; i++)
                read_all (&question, data, length,
                          (guint) g_test_rand_int () & ((1u << MAX_LENGTH) - 1));
            }
      }
}

static void
test_lines (void)
{
  read_all_words (READ_LINE, "\n", "x\n", 7, 0);
  read_all_words (READ_LINE, "\n", "x\n", scaled (MAX_LENGTH), 2);
}

static void
test_many_lines (void)
{
  read_all_words (READ_LINES, "\n", "x\n", 7, 0);
  read_all_words (READ_LINES, "\n", "x\n", scaled (MAX_LENGTH), 2);
}

static void
test_records (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (separators); i++)
    {
      const char *letters = separators[i][0] == '\n' ? "x\n" : "ab";

      read_all_words (READ_UNTIL, separators[i], letters, 6, 0);
      read_all_words (READ_UNTIL, separators[i], letters, scaled (MAX_LENGTH), 1);
    }
}

static void
test_lengths (void)
{
  static const ReadKind kinds[] = { READ_EXACTLY, READ_SOME, READ_TO_END };

  for (guint kind = 0; kind < G_N_ELEMENTS (kinds); kind++)
    for (gsize length = 0; length <= MAX_LENGTH; length++)
      for (gsize wanted = 1; wanted <= MAX_LENGTH + 1; wanted++)
        {
          Question question = {
            .kind = kinds[kind], .separator = "", .limit = 1, .length = wanted
          };

          read_with_all_cuts (&question, "abcdefghijkl", length);
        }
}

static void
test_nothing_at_once (void)
{
  ReadRequest request = { .kind = READ_EXACTLY, .limit = 1 };
  ByteQueue held = { 0 };

  g_assert_true (read_request_try (&request, &held, FALSE));
  g_assert_cmpuint (g_bytes_get_size (request.bytes), ==, 0);
  read_request_clear (&request);
}

/* ---- where the cuts must not matter: the lines are what a split of all text gives */

static void
test_cuts_do_not_matter (void)
{
  static const char text[] = "ab\n\nc\nd\n\nefg";
  gsize length = strlen (text);
  g_auto(GStrv) parts = g_strsplit (text, "\n", -1);

  for (guint cuts = 0; cuts < 1u << (length - 1); cuts++)
    {
      Flow flow = { .data = text, .length = length, .cuts = cuts };

      for (guint i = 0; parts[i] != NULL; i++)
        {
          g_autofree char *line = g_strconcat (parts[i], parts[i + 1] != NULL ? "\n" : "", NULL);
          ReadRequest request = { .kind = READ_LINE, .limit = 3 };

          while (!read_request_try (&request, &flow.held, flow_has_ended (&flow)))
            flow_next_chunk (&flow);
          g_assert_cmpmem (g_bytes_get_data (request.bytes, NULL), g_bytes_get_size (request.bytes),
                           line, strlen (line));
          read_request_clear (&request);
        }
      g_assert_cmpuint (flow.held.length, ==, 0);
      byte_queue_clear (&flow.held);
    }
}

/* ---- text */

/* Characters of one to four bytes. */
#define TEXT_LINE "aä€𝄞"

static void
read_text (ReadKind    kind,
           const char *text,
           guint       cuts,
           const char * const *expected)
{
  Flow flow = { .data = text, .length = strlen (text), .cuts = cuts };

  for (guint i = 0; expected[i] != NULL; i++)
    {
      ReadRequest request = { .kind = kind, .limit = 100, .utf8 = TRUE };

      while (!read_request_try (&request, &flow.held, flow_has_ended (&flow)))
        flow_next_chunk (&flow);
      g_assert_no_error (request.error);
      g_assert_cmpmem (g_bytes_get_data (request.bytes, NULL), g_bytes_get_size (request.bytes),
                       expected[i], strlen (expected[i]));
      read_request_clear (&request);
    }
  g_assert_cmpuint (flow.held.length, ==, 0);
  byte_queue_clear (&flow.held);
}

static void
test_text_across_chunks (void)
{
  static const char * const lines[] = { TEXT_LINE "\n", "é", NULL };
  static const char * const all[] = { TEXT_LINE "\né", NULL };

  for (guint cuts = 0; cuts < 1u << 12; cuts++)
    {
      read_text (READ_LINE, TEXT_LINE "\né", cuts, lines);
      read_text (READ_TO_END, TEXT_LINE "\né", cuts, all);
    }
}

/* What is no text is an error that takes nothing, and can be read as bytes. */
static void
test_no_text (void)
{
  static const struct { const char *bytes; gsize length;
  } bad[] = {
    { "\xff\n", 2 }, { "a\xc3\n", 3 },        { "a\xe2\x82\n", 4 },  { "\xc0\x80\n", 3 },
    { "a\0b\n", 4 }, { "\xed\xa0\x80\n", 4 }, { "\xf0\x9d\x84", 3 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    for (guint cuts = 0; cuts < 1u << (bad[i].length - 1); cuts++)
      for (guint lines = 0; lines < 2; lines++)
        {
          Flow flow = { .data = bad[i].bytes, .length = bad[i].length, .cuts = cuts };
          ReadRequest request = { .kind = lines ? READ_LINES : READ_LINE,
                                  .limit = 100,
                                  .utf8 = TRUE };
          ReadRequest again = { .kind = READ_LINE, .limit = 100 };

          while (!read_request_try (&request, &flow.held, flow_has_ended (&flow)))
            flow_next_chunk (&flow);
          g_assert_error (request.error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
          g_assert_null (request.bytes);
          flow_check_held (&flow);
          read_request_clear (&request);

          g_assert_true (read_request_try (&again, &flow.held, TRUE));
          g_assert_cmpmem (g_bytes_get_data (again.bytes, NULL), g_bytes_get_size (again.bytes),
                           bad[i].bytes, bad[i].length);
          read_request_clear (&again);
          byte_queue_clear (&flow.held);
        }
}

/* A long line of text in pieces: no character is cut, whatever its length and the limit. */
static void
test_text_in_pieces (void)
{
  static const char text[] = "a𝄞ä€𝄞𝄞€€äa𝄞bc𝄞";
  gsize length = strlen (text);

  for (gsize limit = 4; limit <= length + 1; limit++)
    for (guint round = 0; round < 200; round++)
      {
        /* Cuts further behind than there are bits are not made. */
        Flow flow = { .data = text, .length = length };
        gsize done = 0;
        GRand *random = g_rand_new_with_seed (round);

        while (done < length)
          {
            ReadRequest request = {
              .kind = READ_LINE, .limit = limit, .split = TRUE, .utf8 = TRUE
            };
            gsize size;

            while (!read_request_try (&request, &flow.held, flow.arrived == length))
              {
                gsize wanted = (gsize) g_rand_int_range (random, 1, 6);
                gsize piece = MIN (length - flow.arrived, wanted);
                ByteChunk *chunk = byte_chunk_new (piece);

                memcpy (chunk->data, text + flow.arrived, piece);
                chunk->end = piece;
                byte_queue_append_chunk (&flow.held, chunk);
                flow.arrived += piece;
              }
            g_assert_no_error (request.error);
            size = g_bytes_get_size (request.bytes);
            g_assert_cmpuint (size, >, 0);
            g_assert_cmpuint (size, <=, limit);
            if (done + size < length)
              g_assert_cmpuint (size + 3, >=, limit);
            g_assert_true (memcmp (g_bytes_get_data (request.bytes, NULL), text + done, size) == 0);
            done += size;
            read_request_clear (&request);
          }
        byte_queue_clear (&flow.held);
        g_rand_free (random);
      }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  deadline_start ("The read request's test", TEST_DEADLINE_SECONDS);

  for (guint i = 0; i < G_N_ELEMENTS (separators); i++)
    {
      g_autofree char *path =
        g_strdup_printf ("/read-request/one-separator/%s", i == 0 ? "line-feed" : separators[i]);

      g_test_add_data_func (path, separators[i], test_one_separator);
    }
  g_test_add_func ("/read-request/lines", test_lines);
  g_test_add_func ("/read-request/many-lines", test_many_lines);
  g_test_add_func ("/read-request/records", test_records);
  g_test_add_func ("/read-request/lengths", test_lengths);
  g_test_add_func ("/read-request/nothing-at-once", test_nothing_at_once);
  g_test_add_func ("/read-request/cuts-do-not-matter", test_cuts_do_not_matter);
  g_test_add_func ("/read-request/text-across-chunks", test_text_across_chunks);
  g_test_add_func ("/read-request/no-text", test_no_text);
  g_test_add_func ("/read-request/text-in-pieces", test_text_in_pieces);

  return g_test_run ();
}
