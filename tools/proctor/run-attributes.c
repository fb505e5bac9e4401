/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: MAIN. */

#include "config.h"

#include "run-attributes.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include <glib/gi18n.h>

#include "tool.h"

/* The library knows how many there can be; this bounds the memory for a range. */
#define MAX_CPU 65535

typedef struct
{
  int resource;
  guint64 soft;
  guint64 hard;
} Limit;

struct _RunAttributes
{
  char *user;
  char *group;
  char **extra_groups;
  char *cgroup;
  char *argv0;
  int umask; /* -1: ours */
  GArray *limits;  /* of Limit */
  GArray *cpus;    /* of guint */
  GArray *ignored; /* of int */
  ProctorAttributes given; /* of those below */
  ProctorAttributes optional;
  int nice;
  int oom_score_adj;
  ProctorIoClass io_class;
  int io_level;
  gboolean no_new_privs;
  gboolean die_with_parent;
};

RunAttributes *
run_attributes_new (void)
{
  RunAttributes *self = g_new0 (RunAttributes, 1);

  self->umask = -1;
  self->limits = g_array_new (FALSE, FALSE, sizeof (Limit));
  self->cpus = g_array_new (FALSE, FALSE, sizeof (guint));
  self->ignored = g_array_new (FALSE, FALSE, sizeof (int));

  return self;
}

void
run_attributes_free (RunAttributes *self)
{
  g_free (self->user);
  g_free (self->group);
  g_strfreev (self->extra_groups);
  g_free (self->cgroup);
  g_free (self->argv0);
  g_array_unref (self->limits);
  g_array_unref (self->cpus);
  g_array_unref (self->ignored);
  g_free (self);
}

static gboolean
fail_value (const char  *value,
            const char  *option_name,
            GError     **error)
{
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, _("“%s” is no value for %s"), value,
               option_name);
  return FALSE;
}

static gboolean
parse_integer (const char *text,
               gint64      lowest,
               gint64      highest,
               int        *result)
{
  gint64 value;

  if (!g_ascii_string_to_signed (text, 10, lowest, highest, &value, NULL))
    return FALSE;

  *result = (int) value;
  return TRUE;
}

static gboolean
groups_option_cb (const char  *option_name,
                  const char  *value,
                  gpointer     data,
                  GError     **error)
{
  RunAttributes *self = data;

  g_strfreev (self->extra_groups);
  self->extra_groups = value[0] != '\0' ? g_strsplit (value, ",", -1) : g_new0 (char *, 1);
  return TRUE;
}

static gboolean
umask_option_cb (const char  *option_name,
                 const char  *value,
                 gpointer     data,
                 GError     **error)
{
  RunAttributes *self = data;
  guint64 mask;

  if (!g_ascii_string_to_unsigned (value, 8, 0, 0777, &mask, NULL))
    return fail_value (value, option_name, error);

  self->umask = (int) mask;
  return TRUE;
}

static const struct
{
  const char *name;
  int resource;
} resources[] = {
  { "AS", RLIMIT_AS },           { "CORE", RLIMIT_CORE },
  { "CPU", RLIMIT_CPU },         { "DATA", RLIMIT_DATA },
  { "FSIZE", RLIMIT_FSIZE },     { "LOCKS", RLIMIT_LOCKS },
  { "MEMLOCK", RLIMIT_MEMLOCK }, { "MSGQUEUE", RLIMIT_MSGQUEUE },
  { "NICE", RLIMIT_NICE },       { "NOFILE", RLIMIT_NOFILE },
  { "NPROC", RLIMIT_NPROC },     { "RSS", RLIMIT_RSS },
  { "RTPRIO", RLIMIT_RTPRIO },   { "RTTIME", RLIMIT_RTTIME },
  { "STACK", RLIMIT_STACK },     { "SIGPENDING", RLIMIT_SIGPENDING },
};

static gboolean
parse_limit_value (const char *text,
                   guint64    *value)
{
  if (strcmp (text, "unlimited") == 0)
    {
      *value = PROCTOR_RLIMIT_INFINITY;
      return TRUE;
    }

  return g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT64 - 1, value, NULL);
}

static gboolean
parse_limit (const char *text,
             Limit      *limit)
{
  g_auto(GStrv) halves = g_strsplit (text, "=", 2);
  g_auto(GStrv) values = NULL;
  guint i = 0;

  if (g_strv_length (halves) != 2)
    return FALSE;
  while (i < G_N_ELEMENTS (resources)
         && g_ascii_strcasecmp (resources[i].name, halves[0]) != 0)
    i++;
  if (i == G_N_ELEMENTS (resources))
    return FALSE;

  limit->resource = resources[i].resource;
  values = g_strsplit (halves[1], ":", 2);
  if (values[0] == NULL || !parse_limit_value (values[0], &limit->soft))
    return FALSE;
  limit->hard = limit->soft;

  return (values[1] == NULL || parse_limit_value (values[1], &limit->hard))
         && limit->soft <= limit->hard;
}

static gboolean
rlimit_option_cb (const char  *option_name,
                  const char  *value,
                  gpointer     data,
                  GError     **error)
{
  RunAttributes *self = data;
  Limit limit;

  if (!parse_limit (value, &limit))
    return fail_value (value, option_name, error);

  g_array_append_val (self->limits, limit);
  return TRUE;
}

static gboolean
nice_option_cb (const char  *option_name,
                const char  *value,
                gpointer     data,
                GError     **error)
{
  RunAttributes *self = data;

  if (!parse_integer (value, -20, 19, &self->nice))
    return fail_value (value, option_name, error);

  self->given |= PROCTOR_ATTRIBUTE_NICE;
  return TRUE;
}

static gboolean
oom_option_cb (const char  *option_name,
               const char  *value,
               gpointer     data,
               GError     **error)
{
  RunAttributes *self = data;

  if (!parse_integer (value, -1000, 1000, &self->oom_score_adj))
    return fail_value (value, option_name, error);

  self->given |= PROCTOR_ATTRIBUTE_OOM_SCORE_ADJ;
  return TRUE;
}

/* "best-effort:5", "idle". */
static gboolean
io_option_cb (const char  *option_name,
              const char  *value,
              gpointer     data,
              GError     **error)
{
  RunAttributes *self = data;
  g_auto(GStrv) parts = g_strsplit (value, ":", 2);
  g_autoptr(GEnumClass) classes = g_type_class_ref (PROCTOR_TYPE_IO_CLASS);
  const GEnumValue *found = parts[0] != NULL ? g_enum_get_value_by_nick (classes, parts[0]) : NULL;

  if (found == NULL || (parts[1] != NULL && !parse_integer (parts[1], 0, 7, &self->io_level)))
    return fail_value (value, option_name, error);

  self->io_class = (ProctorIoClass) found->value;
  if (parts[1] == NULL)
    self->io_level = 0;
  self->given |= PROCTOR_ATTRIBUTE_IO_PRIORITY;
  return TRUE;
}

/* "0-3,6" */
static gboolean
cpus_option_cb (const char  *option_name,
                const char  *value,
                gpointer     data,
                GError     **error)
{
  RunAttributes *self = data;
  g_auto(GStrv) ranges = g_strsplit (value, ",", -1);

  g_array_set_size (self->cpus, 0);
  for (char **range = ranges; *range != NULL; range++)
    {
      g_auto(GStrv) ends = g_strsplit (*range, "-", 2);
      int first;
      int last;

      if (ends[0] == NULL || !parse_integer (ends[0], 0, MAX_CPU, &first))
        return fail_value (value, option_name, error);
      last = first;
      if (ends[1] != NULL && !parse_integer (ends[1], first, MAX_CPU, &last))
        return fail_value (value, option_name, error);
      for (guint cpu = (guint) first; cpu <= (guint) last; cpu++)
        g_array_append_val (self->cpus, cpu);
    }

  return self->cpus->len > 0 || fail_value (value, option_name, error);
}

static gboolean
ignore_option_cb (const char  *option_name,
                  const char  *value,
                  gpointer     data,
                  GError     **error)
{
  RunAttributes *self = data;
  int signum;

  if (!tool_parse_signal (value, &signum) || signum == SIGKILL || signum == SIGSTOP)
    return fail_value (value, option_name, error);

  g_array_append_val (self->ignored, signum);
  return TRUE;
}

static gboolean
optional_option_cb (const char  *option_name,
                    const char  *value,
                    gpointer     data,
                    GError     **error)
{
  RunAttributes *self = data;
  g_auto(GStrv) names = g_strsplit (value, ",", -1);
  g_autoptr(GFlagsClass) attributes = g_type_class_ref (PROCTOR_TYPE_ATTRIBUTES);

  for (char **name = names; *name != NULL; name++)
    {
      const GFlagsValue *found = g_flags_get_value_by_nick (attributes, *name);

      if (found == NULL)
        return fail_value (*name, option_name, error);
      self->optional |= (ProctorAttributes) found->value;
    }

  return TRUE;
}

GOptionGroup *
run_attributes_get_option_group (RunAttributes *self)
{
  const GOptionEntry entries[] = {
    { "user", 0, 0, G_OPTION_ARG_FILENAME, &self->user, N_("Run as this user"), N_("USER") },
    { "group", 0, 0, G_OPTION_ARG_FILENAME, &self->group, N_("Run as this group"), N_("GROUP") },
    { "extra-groups", 0, 0, G_OPTION_ARG_CALLBACK, (gpointer) groups_option_cb,
      N_("Be in these groups besides"), N_("GROUP,…") },
    { "umask", 0, 0, G_OPTION_ARG_CALLBACK, (gpointer) umask_option_cb,
      N_("Permissions that new files do not get"), N_("OCTAL") },
    { "rlimit", 0, 0, G_OPTION_ARG_CALLBACK, (gpointer) rlimit_option_cb,
      N_("Limit a resource; may be given several times"), N_("NAME=SOFT[:HARD]") },
    { "nice", 0, 0, G_OPTION_ARG_CALLBACK, (gpointer) nice_option_cb,
      N_("Niceness, from -20 to 19"), N_("N") },
    { "cpus", 0, 0, G_OPTION_ARG_CALLBACK, (gpointer) cpus_option_cb,
      N_("Run on these processors only"), N_("LIST") },
    { "io-priority", 0, 0, G_OPTION_ARG_CALLBACK, (gpointer) io_option_cb,
      N_("none, idle, best-effort:LEVEL or realtime:LEVEL"), N_("CLASS") },
    { "oom-score-adj", 0, 0, G_OPTION_ARG_CALLBACK, (gpointer) oom_option_cb,
      N_("Be killed sooner (1000) or later (-1000) when memory runs out"), N_("N") },
    { "cgroup", 0, 0, G_OPTION_ARG_FILENAME, &self->cgroup,
      N_("Begin in this cgroup, a directory of cgroup 2"), N_("DIR") },
    { "no-new-privs", 0, 0, G_OPTION_ARG_NONE, &self->no_new_privs,
      N_("Gain no privileges from set-user-ID programs"), NULL },
    { "die-with-parent", 0, 0, G_OPTION_ARG_NONE, &self->die_with_parent,
      N_("Be killed when proctor dies"), NULL },
    { "ignore-signal", 0, 0, G_OPTION_ARG_CALLBACK, (gpointer) ignore_option_cb,
      N_("Begin with this signal ignored; may be given several times"), N_("SIGNAL") },
    { "argv0", 0, 0, G_OPTION_ARG_FILENAME, &self->argv0,
      N_("What the program sees as its own name"), N_("NAME") },
    { "optional", 0, 0, G_OPTION_ARG_CALLBACK, (gpointer) optional_option_cb,
      N_("Do without these where they are refused: rlimits, nice …"), N_("ATTRIBUTE,…") },
    G_OPTION_ENTRY_NULL,
  };
  GOptionGroup *group = g_option_group_new ("process", _("Options for the commands’ processes:"),
                                            _("Show options for the commands’ processes"), self,
                                            NULL);

  g_option_group_add_entries (group, entries);
  g_option_group_set_translation_domain (group, GETTEXT_PACKAGE);

  return group;
}

const char *
run_attributes_get_argv0 (const RunAttributes *self)
{
  return self->argv0;
}

gboolean
run_attributes_misses_file (const RunAttributes *self)
{
  return self->cgroup != NULL && !g_file_test (self->cgroup, G_FILE_TEST_IS_DIR);
}

static void
apply_limits (const RunAttributes *self,
              ProctorCommand      *command)
{
  for (guint i = 0; i < self->limits->len; i++)
    {
      const Limit *limit = &g_array_index (self->limits, Limit, i);

      proctor_command_set_rlimit (command, limit->resource, limit->soft, limit->hard);
    }

  if ((self->given & PROCTOR_ATTRIBUTE_NICE) != 0)
    proctor_command_set_nice (command, self->nice);
  if ((self->given & PROCTOR_ATTRIBUTE_OOM_SCORE_ADJ) != 0)
    proctor_command_set_oom_score_adj (command, self->oom_score_adj);
  if ((self->given & PROCTOR_ATTRIBUTE_IO_PRIORITY) != 0)
    proctor_command_set_io_priority (command, self->io_class, self->io_level);
  proctor_command_set_cpu_affinity (command, (const guint *) (gpointer) self->cpus->data,
                                    self->cpus->len);
  proctor_command_set_cgroup (command, self->cgroup);
  proctor_command_set_optional (command, self->optional);
}

void
run_attributes_apply (const RunAttributes *self,
                      ProctorCommand      *command)
{
  proctor_command_set_user (command, self->user);
  proctor_command_set_group (command, self->group);
  proctor_command_set_extra_groups (command, (const char * const *) self->extra_groups);
  proctor_command_set_umask (command, self->umask);
  for (guint i = 0; i < self->ignored->len; i++)
    proctor_command_ignore_signal (command, g_array_index (self->ignored, int, i));
  if (self->die_with_parent)
    proctor_command_set_parent_death_signal (command, SIGKILL);
  if (self->no_new_privs)
    proctor_command_set_flags (command, proctor_command_get_flags (command)
                                          | PROCTOR_COMMAND_NO_NEW_PRIVS);
  apply_limits (self, command);
}
