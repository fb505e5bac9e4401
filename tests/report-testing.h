/* For tests that look at a child from inside: what the child program `report` says of itself.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <string.h>

#include <glib.h>

/* The value of a member as it stands in the report; the caller frees it. */
static inline char *
report_get (const char *report,
            const char *key)
{
  g_autofree char *begin = g_strdup_printf ("\n\"%s\": ", key);
  const char *found = strstr (report, begin);
  gsize length;

  if (found == NULL)
    g_error ("There is no %s in the report: %s", key, report);

  found += strlen (begin);
  length = strcspn (found, "\n");
  if (found[length - 1] == ',')
    length--;

  return g_strndup (found, length);
}

static inline gint64
report_get_number (const char *report,
                   const char *key)
{
  g_autofree char *value = report_get (report, key);

  return g_ascii_strtoll (value, NULL, 10);
}

#define assert_report(report, key, expected) \
  G_STMT_START \
  { \
    g_autofree char *value_ = report_get (report, key); \
    if (strcmp (value_, (expected)) != 0) \
      g_error ("%s is %s instead of %s in %s", key, value_, (expected), report); \
  } \
  G_STMT_END

/* Whether a list of numbers has this one. */
static inline gboolean
report_has_number (const char *report,
                   const char *key,
                   int         number)
{
  g_autofree char *value = report_get (report, key);
  g_autofree char *spaced = g_strdup_printf (" %.*s,", (int) strlen (value) - 2, value + 1);
  g_autofree char *wanted = g_strdup_printf (" %d,", number);

  return strstr (spaced, wanted) != NULL;
}

/* The same child, apart from what differs between any two: its ids become what they are to each
 * other.
 */
static inline char *
report_normalize (const char *report)
{
  static const char * const ids[] = { "sid", "pgid", "terminal_session" };
  g_autofree char *pid = report_get (report, "pid");
  GString *text = g_string_new (report);
  g_autofree char *old = g_strdup_printf ("\n\"pid\": %s,", pid);

  g_string_replace (text, old, "\n\"pid\": own,", 0);
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      g_autofree char *own = g_strdup_printf ("\n\"%s\": %s,", ids[i], pid);
      g_autofree char *named = g_strdup_printf ("\n\"%s\": own,", ids[i]);

      g_string_replace (text, own, named, 0);
    }

  return g_string_free (text, FALSE);
}
