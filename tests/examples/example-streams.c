/* Streams with little memory: feeding as fast as a process reads, lines longer than the limit, and
 * a stream of GIO.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <proctor/proctor.h>

/* guide: feed */
static gboolean
feed (ProctorProcess  *process,
      GError         **error)
{
  ProctorStreamWriter *input = proctor_process_get_stdin (process);

  for (int i = 0; i < 1000000; i++)
    {
      char line[32];
      int length = g_snprintf (line, sizeof line, "%d\n", i);

      /* The first never waits; the second does, while more than the high mark is queued. */
      proctor_stream_writer_queue (input, line, (gsize) length);
      if (!proctor_stream_writer_drain (input, NULL, error))
        return FALSE;
    }

  /* Sends what is left, closes the pipe, and waits for both. */
  return g_output_stream_close (G_OUTPUT_STREAM (input), NULL, error);
}
/* guide: end */

static gboolean
count (GError **error)
{
  g_autoptr(ProctorCommand) command = proctor_command_new ("wc", "-l", NULL);
  g_autoptr(ProctorProcess) process = NULL;
  g_autofree char *line = NULL;

  proctor_command_set_stdin (command, PROCTOR_STDIO_PIPE);
  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  process = proctor_command_spawn (command, NULL, error);
  if (process == NULL || !feed (process, error))
    return FALSE;

  line =
    proctor_stream_reader_read_line_utf8 (proctor_process_get_stdout (process), NULL, error);
  if (line == NULL)
    return FALSE;
  g_print ("%s", line);
  return proctor_process_wait_check (process, NULL, error);
}

/* guide: long-lines */
static gboolean
long_lines (GError **error)
{
  g_autoptr(ProctorCommand) command = proctor_command_new ("echo", "0123456789", NULL);
  g_autoptr(ProctorProcess) process = NULL;
  g_autoptr(GError) overrun = NULL;
  g_autofree char *line = NULL;
  ProctorStreamReader *output;

  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  proctor_command_set_limit (command, 4);
  process = proctor_command_spawn (command, NULL, error);
  if (process == NULL)
    return FALSE;

  output = proctor_process_get_stdout (process);
  line = proctor_stream_reader_read_line_utf8 (output, NULL, &overrun);
  if (g_error_matches (overrun, PROCTOR_ERROR, PROCTOR_ERROR_LIMIT_OVERRUN))
    g_print ("a line is longer than %" G_GSIZE_FORMAT " bytes; in pieces it is:\n",
             proctor_stream_reader_get_limit (output));

  /* Nothing was lost, and the reader goes on. */
  proctor_stream_reader_set_long_lines (output, PROCTOR_LONG_LINES_SPLIT);
  for (;;)
    {
      g_autoptr(GBytes) piece = proctor_stream_reader_read_line (output, NULL, error);

      if (piece == NULL)
        return FALSE;
      if (g_bytes_get_size (piece) == 0)
        break;
      g_print ("[%.*s]", (int) g_bytes_get_size (piece),
               (const char *) g_bytes_get_data (piece, NULL));
    }
  g_print ("\n");
  return proctor_process_wait_check (process, NULL, error);
}
/* guide: end */

/* guide: gio */
static gboolean
compressed (GError **error)
{
  g_autoptr(ProctorCommand) command = proctor_command_new ("seq", "100000", NULL);
  g_autoptr(GZlibCompressor) zlib = g_zlib_compressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP, 6);
  g_autoptr(ProctorProcess) process = NULL;
  g_autoptr(GOutputStream) memory = g_memory_output_stream_new_resizable ();
  g_autoptr(GInputStream) input = NULL;
  gssize n_bytes;

  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  process = proctor_command_spawn (command, NULL, error);
  if (process == NULL)
    return FALSE;

  input = g_converter_input_stream_new (G_INPUT_STREAM (proctor_process_get_stdout (process)),
                                        G_CONVERTER (zlib));
  n_bytes = g_output_stream_splice (memory, input, G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET, NULL,
                                    error);
  if (n_bytes < 0)
    return FALSE;
  g_print ("compressed: %s\n", n_bytes < 588895 ? "yes" : "no");
  return proctor_process_wait_check (process, NULL, error);
}
/* guide: end */

int
main (void)
{
  g_autoptr(GError) error = NULL;

  if (!count (&error) || !long_lines (&error) || !compressed (&error))
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }
  return 0;
}
