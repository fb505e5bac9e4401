/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "inspect-text.h"

#include <inttypes.h>
#include <langinfo.h>

#include <glib/gi18n.h>

gint64
report_get_number (GVariant   *dict,
                   const char *name)
{
  gint64 value = 0;

  g_variant_lookup (dict, name, "x", &value);
  return value;
}

gboolean
report_get_boolean (GVariant   *dict,
                    const char *name)
{
  gboolean value = FALSE;

  g_variant_lookup (dict, name, "b", &value);
  return value;
}

const char *
report_get_string (GVariant   *dict,
                   const char *name)
{
  const char *value = "";

  g_variant_lookup (dict, name, "&s", &value);
  return value;
}

gboolean
report_has (GVariant   *dict,
            const char *name)
{
  g_autoptr(GVariant) value = g_variant_lookup_value (dict, name, NULL);

  return value != NULL;
}

GVariant *
report_dup_dict (GVariant   *dict,
                 const char *name)
{
  return g_variant_lookup_value (dict, name, G_VARIANT_TYPE_VARDICT);
}

GPtrArray *
report_dup_dicts (GVariant   *dict,
                  const char *name)
{
  g_autoptr(GVariant) array = g_variant_lookup_value (dict, name, G_VARIANT_TYPE ("aa{sv}"));
  GPtrArray *dicts = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);

  for (gsize i = 0; array != NULL && i < g_variant_n_children (array); i++)
    g_ptr_array_add (dicts, g_variant_get_child_value (array, i));
  return dicts;
}

char *
inspect_dup_duration (gint64 microseconds)
{
  gint64 seconds = MAX (0, microseconds) / G_USEC_PER_SEC;
  int tenths = (int) (MAX (0, microseconds) % G_USEC_PER_SEC / (G_USEC_PER_SEC / 10));

  if (seconds < 10)
    return g_strdup_printf (_("%d.%d s"), (int) seconds, tenths);
  if (seconds < 60)
    return g_strdup_printf (_("%d s"), (int) seconds);
  if (seconds < 3600)
    return g_strdup_printf (_("%d min %d s"), (int) (seconds / 60), (int) (seconds % 60));

  return g_strdup_printf (_("%d h %d min"), (int) MIN (G_MAXINT, seconds / 3600),
                          (int) (seconds % 3600 / 60));
}

char *
inspect_dup_count (gint64 count)
{
  const char *mark = nl_langinfo (THOUSEP);
  g_autofree char *digits = g_strdup_printf ("%" PRId64, (int64_t) MAX (0, count));
  g_autofree char *valid = g_utf8_make_valid (mark, -1);
  gsize length = strlen (digits);
  GString *text = g_string_new (NULL);

  for (gsize i = 0; i < length; i++)
    {
      if (i > 0 && (length - i) % 3 == 0)
        g_string_append (text, *valid != '\0' ? valid : ",");
      g_string_append_c (text, digits[i]);
    }
  return g_string_free (text, FALSE);
}

char *
inspect_dup_size (gint64 bytes)
{
  static const char units[] = "KMGTPE";
  double value = (double) MAX (0, bytes);
  guint unit = 0;

  if (bytes < 1024)
    return g_strdup_printf ("%d", (int) MAX (0, bytes));
  for (value /= 1024; value >= 1024 && unit + 1 < strlen (units); value /= 1024)
    unit++;

  return g_strdup_printf ("%.*f%c", value < 10 && value != (int) value ? 1 : 0, value, units[unit]);
}
