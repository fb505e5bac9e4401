/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. One thread's own while it is made, never changed afterwards. */

#include "config.h"

#include "diagnose/finding.h"

/**
 * ProctorFinding:
 *
 * One thing that [func@diagnose] has looked at: its name, how it stands, a sentence about it, and,
 * where it is not good, the way out.
 *
 * Thread safety: any thread; it never changes.
 *
 * Since: 1.0
 */
struct _ProctorFinding
{
  /* immutable once it is given out */
  const char *name; /* static */
  ProctorFindingState state;
  char *sentence;
  char *way_out;    /* nullable */
  GVariant *values; /* a{sv} */
};

G_DEFINE_BOXED_TYPE (ProctorFinding, proctor_finding, proctor_finding_copy, proctor_finding_free)

ProctorFinding *
finding_new (const char *name)
{
  ProctorFinding *self = g_new0 (ProctorFinding, 1);

  self->name = name;
  self->sentence = g_strdup ("");
  self->values = g_variant_ref_sink (g_variant_new ("a{sv}", NULL));
  return self;
}

void
finding_say (ProctorFinding      *self,
             ProctorFindingState  state,
             char                *way_out,
             const char          *format,
             ...)
{
  va_list args;

  g_free (self->sentence);
  va_start (args, format);
  self->sentence = g_strdup_vprintf (format, args);
  va_end (args);

  g_free (self->way_out);
  self->way_out = way_out;
  self->state = state;
}

void
finding_set (ProctorFinding *self,
             const char     *key,
             GVariant       *value)
{
  g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT (self->values);

  g_variant_dict_insert_value (&dict, key, value);
  g_variant_unref (self->values);
  self->values = g_variant_ref_sink (g_variant_dict_end (&dict));
}

/**
 * proctor_finding_copy:
 * @self: a finding
 *
 * Copies a finding.
 *
 * Returns: (transfer full): the same
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
ProctorFinding *
proctor_finding_copy (const ProctorFinding *self)
{
  ProctorFinding *copy;

  g_return_val_if_fail (self != NULL, NULL);

  copy = g_new (ProctorFinding, 1);
  *copy = *self;
  copy->sentence = g_strdup (self->sentence);
  copy->way_out = g_strdup (self->way_out);
  g_variant_ref (copy->values);
  return copy;
}

/**
 * proctor_finding_free:
 * @self: a finding
 *
 * Frees a finding.
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
void
proctor_finding_free (ProctorFinding *self)
{
  g_return_if_fail (self != NULL);

  g_free (self->sentence);
  g_free (self->way_out);
  g_variant_unref (self->values);
  g_free (self);
}

/**
 * proctor_finding_get_name:
 * @self: a finding
 *
 * What was looked at, such as `pidfd` or `file-descriptors`: a name that is not translated.
 *
 * Returns: (transfer none): the name
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
const char *
proctor_finding_get_name (const ProctorFinding *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->name;
}

/**
 * proctor_finding_get_state:
 * @self: a finding
 *
 * How it stands.
 *
 * Returns: the state
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
ProctorFindingState
proctor_finding_get_state (const ProctorFinding *self)
{
  g_return_val_if_fail (self != NULL, PROCTOR_FINDING_BROKEN);

  return self->state;
}

/**
 * proctor_finding_get_sentence:
 * @self: a finding
 *
 * What was found, in one sentence in the user's language.
 *
 * Returns: (transfer none): the sentence
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
const char *
proctor_finding_get_sentence (const ProctorFinding *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->sentence;
}

/**
 * proctor_finding_get_way_out:
 * @self: a finding
 *
 * What can be done about it, in the user's language.
 *
 * Returns: (transfer none) (nullable): the way out; %NULL where there is nothing to be done
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
const char *
proctor_finding_get_way_out (const ProctorFinding *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->way_out;
}

/**
 * proctor_finding_get_values:
 * @self: a finding
 *
 * What was seen, for machines: a dictionary of the type `a{sv}`. Its keys depend on the finding's
 * name; proctor(1) lists them.
 *
 * Returns: (transfer none): the values
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
GVariant *
proctor_finding_get_values (const ProctorFinding *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->values;
}
