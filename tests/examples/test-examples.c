/* Runs the examples and compares what they print.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include <gio/gio.h>

#include <sys/syscall.h>

#include "../test-leaks.h"

typedef struct
{
  const char *name;
  const char *pattern; /* a regular expression for all of stdout */
} Example;

static const Example examples[] = {
  { "run-shell",
    "^\\['ls /zzz' exited with [12]\\]\n\\[stderr\\]\nls: .*/zzz'?: No such file or directory\n$" },
  { "gather",
    "^\\['ls /zzz' exited with [12]\\]\n\\[stderr\\]\nls: .*/zzz'?: No such file or directory\n"
    "\\['sleep 1; echo \"hello\"' exited with 0\\]\n\\[stdout\\]\nhello\n$" },
  { "shell-quoting",
    "^\\$ echo looking at 'somefile; echo this was not meant to run'\n"
    "looking at somefile; echo this was not meant to run\n$" },
  { "communicate-date", "^Current date: [0-9]{4}-[0-9]{2}-[0-9]{2}\n$" },
  { "date-protocol", "^Current date: [0-9]{4}-[0-9]{2}-[0-9]{2}\n$" },
  { "date-streams", "^Current date: [0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}\n$" },
  { "proxy", "^[0-9]+ 1000000\npeak: [0-9]+ KiB\n$" },
  { "child-watcher", "^ended with 3\nand blocking\n$" },
  { "worker-thread", "^hello from a worker thread\n$" },
  { "live-output",
    "^> one\n> two\n> no three\n[^\n]*exited with 4\n$" },
  { "from-gsubprocess", "^a\nb\nline 1\nline 2\nsignal 15\na\nb\nline 1\nline 2\nsignal 15\n$" },
  { "streams",
    "^1000000\na line is longer than 4 bytes; in pieces it is:\n\\[0123\\]\\[4567\\]\\[89\n\\]\n"
    "compressed: yes\n$" },
  { "stopping",
    "^the stubborn one: -9\nthe polite one: saved\nthe tree: nothing is left\n"
    "the slow one: timed out, (begun|nothing)\nthe cancelled one: it is gone\n$" },
  { "errors",
    "^[^\n]*no-such-program[^\n]*: No such file or directory\n"
    "[^\n]*/no/such/folder[^\n]*: No such file or directory\n"
    "exit code 3\n[^\n]*exited with 3:\nno room\n"
    "it has ended already\n0 exited with 0\n1 did not start\n$" },
  { "threads", "^from a thread\n$" },
};

/* The same in every language. */
#define TOUR \
  "bytes: 63 61 66 e9\n" \
  "line 1\nline 2\nline 3\n" \
  "UPPER CASE\n" \
  "codes: 0 1 2 3\n" \
  "stopped: -15\n" \
  "there is no such program\n" \
  "it has failed\n"

static gboolean
system_has_pidfds (void)
{
  int pidfd = (int) syscall (SYS_pidfd_open, getpid (), 0);

  if (pidfd >= 0)
    close (pidfd);
  return pidfd >= 0;
}

static void
test_example (gconstpointer data)
{
  const Example *example = data;
  g_autofree char *file_name = g_strconcat ("example-", example->name, NULL);
  g_autofree char *program = g_build_filename (EXAMPLES_DIR, file_name, NULL);
  char *argv[] = { program, NULL };
  g_autofree char *out = NULL;
  g_autofree char *err = NULL;
  g_autoptr(GError) error = NULL;
  int wait_status;

  deadline_start (g_test_get_path (), TEST_DEADLINE_SECONDS);
  if (g_str_equal (example->name, "child-watcher") && !system_has_pidfds ())
    {
      g_test_skip ("its watcher needs pidfds");
      return;
    }

  g_spawn_sync (NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out, &err, &wait_status, &error);
  g_assert_no_error (error);
  g_assert_true (g_spawn_check_wait_status (wait_status, &error));
  g_assert_cmpstr (err, ==, "");
  if (!g_regex_match_simple (example->pattern, out, G_REGEX_DOLLAR_ENDONLY, 0))
    g_error ("example %s printed:\n%s", example->name, out);
}

static char *
output_of (char **argv)
{
  g_autoptr(GError) error = NULL;
  char *out = NULL;
  int wait_status;

  deadline_start (g_test_get_path (), TEST_DEADLINE_SECONDS);
  g_spawn_sync (NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out, NULL, &wait_status,
                &error);
  g_assert_no_error (error);
  g_assert_true (g_spawn_check_wait_status (wait_status, &error));
  return out;
}

#define FIRST_ENDED "['echo first' exited with 0]\n[stdout]\nfirst\n"
#define SECOND_ENDED "['echo second' exited with 0]\n[stdout]\nsecond\n"

/* The guide shows them side by side. asyncio's tells of two that run at once as they end. */
static void
test_from_asyncio (void)
{
  g_autofree char *python = g_find_program_in_path ("python3");
  g_autofree char *here = output_of ((char *[]) { EXAMPLES_DIR "/example-from-asyncio", NULL });
  g_autofree char *output = NULL;
  g_autoptr(GString) there = NULL;

  g_assert_true (g_str_has_suffix (here, "there is no such program\n"));
  if (python == NULL)
    {
      g_test_skip ("there is no Python to compare with");
      return;
    }
  output = output_of ((char *[]) { python, EXAMPLES_SOURCES "/example-from-asyncio.py", NULL });
  there = g_string_new (output);
  g_string_replace (there, SECOND_ENDED FIRST_ENDED, FIRST_ENDED SECOND_ENDED, 1);
  g_assert_cmpstr (here, ==, there->str);
}

/* Much goes through, and little of it is ever held. */
static void
test_proxy_of_much (void)
{
  g_autofree char *n_bytes =
    g_strdup_printf ("%" G_GUINT64_FORMAT, (guint64) (test_scale () * 1024 * 1024 * 1024));
  g_autofree char *expected = output_of (
    (char *[]){ "sh", "-c", "yes 'A LINE OF TEXT' | head -c $1 | cksum", "sh", n_bytes, NULL });
  gint64 start = g_get_monotonic_time ();
  g_autofree char *out = output_of ((char *[]) { EXAMPLES_DIR "/example-proxy", n_bytes, NULL });
  double seconds = (double) (g_get_monotonic_time () - start) / G_TIME_SPAN_SECOND;
  const char *peak = strstr (out, "peak: ");

  g_assert_true (g_str_has_prefix (out, expected));
  g_assert_nonnull (peak);
  g_test_message ("%s bytes in %.1f s, %s", n_bytes, seconds, g_strchomp ((char *) peak));
  if (CHECK_MEMORY)
    g_assert_cmpint (g_ascii_strtoll (peak + strlen ("peak: "), NULL, 10), <, 32 * 1024);
}

/* In the language that the argument of this program names, and with the interpreter for it, if that
 * is named.
 */
static void
test_tour (gconstpointer data)
{
  const char *language = data;
  const char *interpreter = strchr (language, '=');
  g_autofree char *out = NULL;

  if (g_str_has_prefix (language, "python="))
    out = output_of (
      (char *[]){ (char *) interpreter + 1, EXAMPLES_SOURCES "/example-tour.py", NULL });
  else if (g_str_has_prefix (language, "javascript="))
    out = output_of (
      (char *[]){ (char *) interpreter + 1, EXAMPLES_SOURCES "/example-tour.js", NULL });
  else if (g_str_equal (language, "vala"))
    out = output_of ((char *[]){ EXAMPLES_DIR "/example-tour-vala", NULL });
  else
    out = output_of ((char *[]){ EXAMPLES_DIR "/example-tour", NULL });
  g_assert_cmpstr (out, ==, TOUR);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  deadline_start ("The start", TEST_DEADLINE_SECONDS);

  for (gsize i = 0; i < G_N_ELEMENTS (examples); i++)
    {
      g_autofree char *path = g_strconcat ("/examples/", examples[i].name, NULL);

      g_test_add_data_func (path, &examples[i], test_example);
    }

  g_test_add_func ("/examples/from-asyncio", test_from_asyncio);
  g_test_add_data_func ("/examples/tour/c", "c", test_tour);
  for (int i = 1; i < argc; i++)
    {
      g_autofree char *language = g_strndup (argv[i], strcspn (argv[i], "="));
      g_autofree char *path = g_strconcat ("/examples/tour/", language, NULL);

      g_test_add_data_func (path, argv[i], test_tour);
    }
  g_test_add_func ("/examples/proxy-of-much", test_proxy_of_much);

  return g_test_run ();
}
