/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY, but the user database may be slow: a spawner thread in practice. */

#include "config.h"

#include "command/identity-plan.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/command-validate.h"

#define FIRST_BUFFER_SIZE 1024
#define FIRST_N_GROUPS 32

/* A user as far as it is known. */
typedef struct
{
  char *name; /* NULL: only the number is known */
  uid_t uid;
  gid_t gid; /* counts if there is a name */
} User;

static gboolean
is_number (const char *text)
{
  return text[0] != '\0' && text[strspn (text, "0123456789")] == '\0';
}

/* The highest number means "do not change" to the kernel, so nobody has it. */
static gboolean
parse_id (const char *text,
          guint32    *id)
{
  guint64 value;

  if (!g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT32 - 1, &value, NULL))
    return FALSE;

  *id = (guint32) value;
  return TRUE;
}

/* Some systems say these of a name that nobody has; see getpwnam (3). */
static gboolean
is_unknown (int errnum)
{
  return errnum == 0 || errnum == ENOENT || errnum == ESRCH || errnum == EBADF || errnum == EPERM;
}

/* @errnum: negative if the database has no such name. */
static gboolean
fail_lookup (const char  *name,
             gboolean     is_group,
             int          errnum,
             GError     **error)
{
  g_autofree char *shown = g_filename_display_name (name);

  if (errnum < 0 && is_group)
    return command_fail (error, _("There is no group “%s”"), shown);
  if (errnum < 0)
    return command_fail (error, _("There is no user “%s”"), shown);

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errnum),
               is_group ? _("Could not look up the group “%s”: %s")
                        : _("Could not look up the user “%s”: %s"),
               shown, g_strerror (errnum));
  return FALSE;
}

/* By name, or by @uid where @name is NULL. 0, an errno, or -1 for "there is none". */
static int
find_user (const char *name,
           uid_t       uid,
           User       *user)
{
  gsize size = FIRST_BUFFER_SIZE;

  for (;;)
    {
      g_autofree char *buffer = g_malloc (size);
      struct passwd entry;
      struct passwd *found = NULL;
      int errnum = name != NULL ? getpwnam_r (name, &entry, buffer, size, &found)
                                : getpwuid_r (uid, &entry, buffer, size, &found);

      if (errnum == ERANGE)
        {
          size *= 2;
          continue;
        }
      if (errnum == EINTR)
        continue;
      if (found == NULL)
        return is_unknown (errnum) ? -1 : errnum;

      *user = (User) { .name = g_strdup (entry.pw_name), .uid = entry.pw_uid, .gid = entry.pw_gid };
      return 0;
    }
}

static int
find_group (const char *name,
            gid_t      *gid)
{
  gsize size = FIRST_BUFFER_SIZE;

  for (;;)
    {
      g_autofree char *buffer = g_malloc (size);
      struct group entry;
      struct group *found = NULL;
      int errnum = getgrnam_r (name, &entry, buffer, size, &found);

      if (errnum == ERANGE)
        {
          size *= 2;
          continue;
        }
      if (errnum == EINTR)
        continue;
      if (found == NULL)
        return is_unknown (errnum) ? -1 : errnum;

      *gid = entry.gr_gid;
      return 0;
    }
}

static gboolean
resolve_user (const char  *text,
              User        *user,
              GError     **error)
{
  guint32 uid = 0;
  int errnum;

  if (is_number (text) && !parse_id (text, &uid))
    return command_fail (error, _("The user number %s is out of range"), text);

  errnum = find_user (is_number (text) ? NULL : text, uid, user);
  if (errnum == 0)
    return TRUE;

  /* A number needs no entry. */
  if (is_number (text) && errnum < 0)
    {
      *user = (User) { .uid = uid };
      return TRUE;
    }

  return fail_lookup (text, FALSE, errnum, error);
}

static gboolean
resolve_group (const char  *text,
               gid_t       *gid,
               GError     **error)
{
  int errnum;

  if (is_number (text))
    {
      guint32 number;

      if (!parse_id (text, &number))
        return command_fail (error, _("The group number %s is out of range"), text);
      *gid = number;
      return TRUE;
    }

  errnum = find_group (text, gid);
  if (errnum == 0)
    return TRUE;

  return fail_lookup (text, TRUE, errnum, error);
}

static gboolean
resolve_extra_groups (IdentityPlan  *self,
                      const GStrv    names,
                      GError       **error)
{
  guint n = g_strv_length (names);

  self->set_extra_groups = TRUE;
  self->extra_groups = g_new (gid_t, n + 1);
  self->n_extra_groups = n;
  for (guint i = 0; i < n; i++)
    {
      if (!resolve_group (names[i], &self->extra_groups[i], error))
        return FALSE;
    }

  return TRUE;
}

/* What initgroups (3) would set; a user without an entry is in its own group only. */
static void
use_groups_of_user (IdentityPlan *self,
                    const User   *user)
{
  int n = FIRST_N_GROUPS;

  self->set_extra_groups = TRUE;
  if (user->name == NULL)
    {
      self->extra_groups = g_memdup2 (&self->gid, sizeof self->gid);
      self->n_extra_groups = 1;
      return;
    }

  self->extra_groups = g_new (gid_t, n);
  while (getgrouplist (user->name, self->gid, self->extra_groups, &n) < 0)
    {
      /* The C library says how many there are, others do not have to. */
      n = MAX (n, FIRST_N_GROUPS) * 2;
      self->extra_groups = g_renew (gid_t, self->extra_groups, n);
    }
  self->n_extra_groups = (guint) n;
}

static int
compare_gids (const void *a,
              const void *b)
{
  gid_t left = *(const gid_t *) a;
  gid_t right = *(const gid_t *) b;

  return (left > right) - (left < right);
}

/* Setting groups needs a privilege even where it would change nothing, and who runs a command as
 * himself does not have it.
 */
static void
drop_groups_we_have (IdentityPlan *self)
{
  g_autofree gid_t *ours = NULL;
  int n = getgroups (0, NULL);

  if (n < 0 || (guint) n != self->n_extra_groups)
    return;

  ours = g_new (gid_t, n + 1);
  n = getgroups (n, ours);
  if (n < 0 || (guint) n != self->n_extra_groups)
    return;

  qsort (ours, (gsize) n, sizeof ours[0], compare_gids);
  qsort (self->extra_groups, (gsize) n, sizeof ours[0], compare_gids);
  if (memcmp (ours, self->extra_groups, (gsize) n * sizeof ours[0]) == 0)
    self->set_extra_groups = FALSE;
}

static gboolean
resolve_with_user (IdentityPlan             *self,
                   const CommandAttributes  *attributes,
                   const User               *user,
                   GError                  **error)
{
  self->set_user = TRUE;
  self->uid = user->uid;

  if (!self->set_group)
    {
      if (user->name == NULL)
        return command_fail (error,
                             _("User %s is not in the user database, so a group must be set, too"),
                             attributes->user);
      self->set_group = TRUE;
      self->gid = user->gid;
    }
  if (attributes->extra_groups == NULL)
    use_groups_of_user (self, user);

  return TRUE;
}

gboolean
identity_plan_init (IdentityPlan             *self,
                    const CommandAttributes  *attributes,
                    GError                  **error)
{
  *self = (IdentityPlan) { 0 };

  if (attributes->group != NULL)
    {
      self->set_group = TRUE;
      if (!resolve_group (attributes->group, &self->gid, error))
        return FALSE;
    }
  if (attributes->extra_groups != NULL
      && !resolve_extra_groups (self, attributes->extra_groups, error))
    return FALSE;
  if (attributes->user != NULL)
    {
      User user = { 0 };
      gboolean done;

      if (!resolve_user (attributes->user, &user, error))
        return FALSE;
      done = resolve_with_user (self, attributes, &user, error);
      g_free (user.name);
      if (!done)
        return FALSE;
    }

  if (self->set_extra_groups)
    drop_groups_we_have (self);

  return TRUE;
}

void
identity_plan_clear (IdentityPlan *self)
{
  g_clear_pointer (&self->extra_groups, g_free);
  self->n_extra_groups = 0;
}

gboolean
identity_plan_is_empty (const IdentityPlan *self)
{
  return !self->set_user && !self->set_group && !self->set_extra_groups;
}
