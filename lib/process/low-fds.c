/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "process/low-fds.h"

#include <fcntl.h>
#include <unistd.h>

/* To copy so many files costs next to nothing. */
#define HIGHEST_LOW_FD 127

/* Those that no spawn has at the moment; they are open on the placeholder. */
static GMutex low_fds_lock;
static int free_fds[LOW_FDS_MAX]; /* guarded by low_fds_lock */
static guint n_free;              /* guarded by low_fds_lock */
static guint n_reserved;          /* guarded by low_fds_lock; free, or lent to a spawn */

/* A program that had opened too much before has no low numbers to give; it may have some later. */
static void
reserve_locked (int placeholder)
{
  while (n_reserved < LOW_FDS_MAX)
    {
      int fd = fcntl (placeholder, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

      if (fd < 0)
        return;
      if (fd > HIGHEST_LOW_FD)
        {
          close (fd);
          return;
        }
      free_fds[n_free++] = fd;
      n_reserved++;
    }
}

void
low_fds_reserve (int placeholder)
{
  g_mutex_lock (&low_fds_lock);
  reserve_locked (placeholder);
  g_mutex_unlock (&low_fds_lock);
}

static gboolean
take_numbers (LowFds *self,
              guint   n,
              int     placeholder)
{
  g_mutex_lock (&low_fds_lock);
  reserve_locked (placeholder);
  if (n <= n_free)
    {
      for (; self->n_fds < n; self->n_fds++)
        self->fds[self->n_fds] = free_fds[--n_free];
    }
  g_mutex_unlock (&low_fds_lock);

  return self->n_fds == n;
}

/* Sources that are equal stay so, for the fd plan's sake. */
static guint
count_high (const FdMapping *mappings,
            guint            n_mappings)
{
  guint n = 0;

  for (guint i = 0; i < n_mappings; i++)
    {
      gboolean is_new = mappings[i].source > HIGHEST_LOW_FD;

      for (guint j = 0; j < i; j++)
        is_new &= mappings[j].source != mappings[i].source;
      n += is_new;
    }
  return n;
}

void
low_fds_take (LowFds    *self,
              FdMapping *mappings,
              guint      n_mappings,
              int       *other,
              int        placeholder)
{
  guint n_used = 0;
  guint n_high;

  if (n_mappings > 2 * LOW_FDS_MAX)
    return;
  n_high = count_high (mappings, n_mappings);
  if (n_high == 0 || n_high > LOW_FDS_MAX || !take_numbers (self, n_high, placeholder))
    return;

  for (guint i = 0; i < n_mappings; i++)
    {
      int source = mappings[i].source;
      int low;

      if (source <= HIGHEST_LOW_FD)
        continue;
      low = self->fds[n_used++];
      /* It is no open fd, which the spawn will say, or the program has lowered its limit since the
       * numbers were reserved. Mappings with this source, and those behind it, stay as they are.
       */
      if (dup3 (source, low, O_CLOEXEC) < 0)
        return;
      if (*other == source)
        *other = low;
      for (guint j = i; j < n_mappings; j++)
        {
          if (mappings[j].source == source)
            mappings[j].source = low;
        }
    }
}

void
low_fds_give_back (LowFds *self,
                   int     placeholder)
{
  for (guint i = 0; i < self->n_fds; i++)
    dup3 (placeholder, self->fds[i], O_CLOEXEC);

  g_mutex_lock (&low_fds_lock);
  while (self->n_fds > 0)
    free_fds[n_free++] = self->fds[--self->n_fds];
  g_mutex_unlock (&low_fds_lock);
}
