/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: MAIN. */

#include "config.h"

#include "run-ending.h"

#include <signal.h>
#include <string.h>

#include <glib/gi18n.h>

#include "tool.h"

/* Longer than any run and far from overflow when microseconds are added to a clock. */
#define MAX_SECONDS 1e9

#define DEFAULT_STEP_SECONDS 5.0

void
run_ending_clear (RunEnding *self)
{
  g_clear_pointer (&self->plan, proctor_stop_plan_free);
}

static gboolean
add_step (ProctorStopPlan  *plan,
          const char       *text,
          GError          **error)
{
  const char *colon = strchr (text, ':');
  gsize name_length = colon != NULL ? (gsize) (colon - text) : strlen (text);
  g_autofree char *name = g_strndup (text, name_length);
  int signum = 0;
  double seconds = DEFAULT_STEP_SECONDS;

  if (!tool_parse_signal (name, &signum))
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   _("“%s” is no signal for a step of --stop-plan"), name);
      return FALSE;
    }
  if (colon != NULL && !tool_parse_seconds (colon + 1, &seconds))
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   _("“%s” is no number of seconds for a step of --stop-plan"), colon + 1);
      return FALSE;
    }

  proctor_stop_plan_add_step (plan, signum, MIN (seconds, MAX_SECONDS) * G_USEC_PER_SEC);
  return TRUE;
}

ProctorStopPlan *
run_ending_parse_plan (const char  *text,
                       GError     **error)
{
  g_autoptr(ProctorStopPlan) plan = proctor_stop_plan_new ();
  g_auto(GStrv) steps = g_strsplit (text, ",", -1);

  if (*steps == NULL && !add_step (plan, text, error))
    return NULL;
  for (char **step = steps; *step != NULL; step++)
    {
      if (!add_step (plan, *step, error))
        return NULL;
    }

  return g_steal_pointer (&plan);
}

static gboolean
parse_policy (const char          *text,
              ProctorOutputPolicy *policy)
{
  static const char * const names[] = {
    [PROCTOR_OUTPUT_POLICY_FAIL] = "fail",
    [PROCTOR_OUTPUT_POLICY_KEEP_HEAD] = "head",
    [PROCTOR_OUTPUT_POLICY_KEEP_TAIL] = "tail",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      if (strcmp (text, names[i]) != 0)
        continue;
      *policy = (ProctorOutputPolicy) i;
      return TRUE;
    }

  return FALSE;
}

static gboolean
parse_bytes (const char *text,
             gint64     *bytes)
{
  static const char units[] = "KMG";
  gsize length = strlen (text);
  const char *unit = length > 0 ? strchr (units, text[length - 1]) : NULL;
  guint shift = unit != NULL ? 10 * (guint) (unit - units + 1) : 0;
  g_autofree char *digits = g_strndup (text, unit != NULL ? length - 1 : length);

  if (!g_ascii_string_to_signed (digits, 10, 0, G_MAXINT64 >> shift, bytes, NULL))
    return FALSE;

  *bytes <<= shift;
  return TRUE;
}

gboolean
run_ending_parse_max_output (RunEnding   *self,
                             const char  *text,
                             GError     **error)
{
  g_auto(GStrv) parts = g_strsplit (text, ":", 2);

  if (parts[0] != NULL && parse_bytes (parts[0], &self->max_output) &&
      (parts[1] == NULL || parse_policy (parts[1], &self->policy)))
    return TRUE;

  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               _("“%s” is not of the form BYTES, BYTES:fail, BYTES:head or BYTES:tail for "
                 "--max-output"),
               text);
  return FALSE;
}

void
run_ending_complete (RunEnding *self,
                     GTimeSpan  grace)
{
  if (self->plan != NULL)
    return;

  self->plan = proctor_stop_plan_new ();
  if (grace > 0)
    proctor_stop_plan_add_step (self->plan, SIGTERM, grace);
}

GTimeSpan
run_ending_get_duration (const RunEnding *self)
{
  GTimeSpan duration = 0;
  GTimeSpan time;
  int signum;

  for (guint i = 0; proctor_stop_plan_get_step (self->plan, i, &signum, &time); i++)
    {
      if (signum == SIGKILL)
        break;
      duration += time;
    }

  return duration;
}

void
run_ending_apply (const RunEnding *self,
                  ProctorCommand  *command)
{
  proctor_command_set_stop_plan (command, self->plan);
  proctor_command_set_output_limit (command, self->max_output, self->policy);
  if (self->tree)
    proctor_command_set_flags (command,
                               proctor_command_get_flags (command) | PROCTOR_COMMAND_OWN_TREE);
}
