/* Two commands joined through this program, which changes the lines on their way: producer | this
 * program | consumer. However much it is, little of it is held at a time: the producer is read only
 * as fast as the consumer reads.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <string.h>

#include <proctor/proctor.h>

/* Lines are gathered to pieces of this size, since handing over each one by itself would cost more
 * than changing it.
 */
#define PIECE_SIZE (128 * 1024)

static ProctorProcess *
start_producer (const char  *n_bytes,
                GError     **error)
{
  g_autoptr(ProctorCommand) command =
    proctor_command_new ("sh", "-c", "yes 'a line of text' | head -c \"$1\"", "sh", n_bytes, NULL);

  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  return proctor_command_spawn (command, NULL, error);
}

static ProctorProcess *
start_consumer (GError **error)
{
  g_autoptr(ProctorCommand) command = proctor_command_new ("cksum", NULL);

  proctor_command_set_stdin (command, PROCTOR_STDIO_PIPE);
  proctor_command_set_stdout (command, PROCTOR_STDIO_PIPE);
  return proctor_command_spawn (command, NULL, error);
}

static void
add_in_capitals (GByteArray *piece,
                 const char *line,
                 gsize       length)
{
  guint start = piece->len;

  g_byte_array_append (piece, (const guint8 *) line, (guint) length);
  for (guint i = start; i < piece->len; i++)
    piece->data[i] = (guint8) g_ascii_toupper ((char) piece->data[i]);
}

static gboolean
transform (ProctorStreamReader  *from,
           ProctorStreamWriter  *to,
           GError              **error)
{
  g_autoptr(GByteArray) piece = g_byte_array_new ();
  const char *line;
  gsize length;
  GError *wrong = NULL;

  while (proctor_stream_reader_next_line (from, &line, &length, NULL, &wrong))
    {
      add_in_capitals (piece, line, length);
      if (piece->len < PIECE_SIZE)
        continue;

      /* Waits for room: that is what holds back the producer, too. */
      if (!g_output_stream_write_all (G_OUTPUT_STREAM (to), piece->data, piece->len, NULL, NULL,
                                      error))
        return FALSE;
      g_byte_array_set_size (piece, 0);
    }
  if (wrong != NULL)
    {
      g_propagate_error (error, wrong);
      return FALSE;
    }

  return g_output_stream_write_all (G_OUTPUT_STREAM (to), piece->data, piece->len, NULL, NULL,
                                    error) &&
         g_output_stream_close (G_OUTPUT_STREAM (to), NULL, error);
}

static char *
run_proxy (const char  *n_bytes,
           GError     **error)
{
  g_autoptr(ProctorProcess) producer = start_producer (n_bytes, error);
  g_autoptr(ProctorProcess) consumer = producer != NULL ? start_consumer (error) : NULL;

  if (consumer == NULL ||
      !transform (proctor_process_get_stdout (producer), proctor_process_get_stdin (consumer),
                  error) ||
      !proctor_process_wait_check (producer, NULL, error))
    return NULL;

  return proctor_stream_reader_read_line_utf8 (proctor_process_get_stdout (consumer), NULL, error);
}

/* The most memory that this program has needed. */
static void
print_memory (void)
{
  g_autofree char *status = NULL;
  const char *peak;

  if (g_file_get_contents ("/proc/self/status", &status, NULL, NULL) &&
      (peak = strstr (status, "VmHWM:")) != NULL)
    g_print ("peak: %d KiB\n", (int) g_ascii_strtoll (peak + strlen ("VmHWM:"), NULL, 10));
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *sum = run_proxy (argc > 1 ? argv[1] : "1000000", &error);

  if (sum == NULL)
    {
      g_printerr ("%s\n", error != NULL ? error->message : "The consumer has printed nothing");
      return 1;
    }
  g_print ("%s", sum);
  print_memory ();
  return 0;
}
