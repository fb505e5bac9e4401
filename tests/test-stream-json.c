/* A JSON parser on a reader: in the thread that has it, and in one that it is handed to.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include <json-glib/json-glib.h>

#include "stream-testing.h"

typedef struct
{
  JsonParser *parser;
  ProctorStreamReader *reader;
  GError **error;
} Parsing;

static gpointer
parse_thread (gpointer data)
{
  Parsing *self = data;

  return GINT_TO_POINTER (json_parser_load_from_stream (
    self->parser, G_INPUT_STREAM (self->reader), NULL, self->error));
}

/* The parser's own asynchronous way does this in a thread that is GIO's, and stays. */
static gboolean
way_parse (JsonParser           *parser,
           ProctorStreamReader  *reader,
           GError              **error)
{
  Parsing parsing = { parser, reader, error };

  if (!way->is_async)
    return json_parser_load_from_stream (parser, G_INPUT_STREAM (reader), NULL, error);

  return GPOINTER_TO_INT (g_thread_join (g_thread_new ("parser", parse_thread, &parsing)));
}

static char *
make_document (guint n_members)
{
  GString *text = g_string_new ("[");

  for (guint i = 0; i < n_members; i++)
    g_string_append_printf (text, "%s\n  { \"number\": %u, \"name\": \"ä\" }", i > 0 ? "," : "",
                            i);
  g_string_append (text, "\n]\n");
  return g_string_free (text, FALSE);
}

static void
test_parse (void)
{
  guint n_members = scaled (20000);
  g_autofree char *document = make_document (n_members);
  g_autoptr(JsonParser) parser = json_parser_new ();
  g_autoptr(GError) error = NULL;
  g_auto(Talk) talk = { 0 };
  JsonArray *array;

  talk_start (&talk, child_command ("chop", "5", NULL), 1000);
  queue_text (talk.in, document);
  proctor_stream_writer_write_eof (talk.in);
  g_assert_true (way_parse (parser, talk.out, &error));
  g_assert_no_error (error);

  array = json_node_get_array (json_parser_get_root (parser));
  g_assert_cmpuint (json_array_get_length (array), ==, n_members);
  for (guint i = 0; i < n_members; i++)
    {
      JsonObject *member = json_array_get_object_element (array, i);

      g_assert_cmpint (json_object_get_int_member (member, "number"), ==, i);
      g_assert_cmpstr (json_object_get_string_member (member, "name"), ==, "ä");
    }
  assert_rest (&talk, "");
  assert_returncode (talk.process, 0);
}

/* One document in each line, and after them no JSON at all. */
static void
test_lines (void)
{
  g_auto(Talk) talk = { 0 };
  g_autoptr(JsonParser) parser = json_parser_new ();
  g_autoptr(GError) error = NULL;

  talk_start (&talk, child_command ("cat", NULL), 0);
  feed (&talk, "{\"a\": 1}\n{\"a\": 2}\nno JSON");
  for (int i = 1; i <= 2; i++)
    {
      g_autofree char *line = way_read_line_utf8 (talk.out, NULL, &error);
      g_autoptr(JsonNode) node = json_from_string (line, &error);

      g_assert_no_error (error);
      g_assert_cmpint (json_object_get_int_member (json_node_get_object (node), "a"), ==, i);
    }
  feed_end (&talk);
  g_assert_false (way_parse (parser, talk.out, &error));
  g_assert_true (error->domain == JSON_PARSER_ERROR);
}

int
main (int    argc,
      char **argv)
{
  static const ApiTest tests[] = {
    { "parse", test_parse, ALL_WAYS },
    { "lines", test_lines, ALL_WAYS },
  };

  return RUN_API_TESTS (argc, argv, "stream-json", tests);
}
