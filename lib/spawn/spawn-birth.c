/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "spawn/spawn-birth.h"

#include "spawn/spawn-kernel.h"

SpawnBirth *
spawn_birth_new (void)
{
  SpawnBirth *self = g_new0 (SpawnBirth, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->birth_lock);
  self->pidfd = -1;

  return self;
}

SpawnBirth *
spawn_birth_ref (SpawnBirth *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
spawn_birth_unref (SpawnBirth *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_mutex_clear (&self->birth_lock);
  g_free (self);
}

/* The lock keeps the child from being reaped, so the pid cannot have been given to another process.
 * What remains, without pidfd, is an application that ignores SIGCHLD or reaps every child: then
 * the kernel drops the pid by itself.
 */
static void
kill_child_locked (SpawnBirth *self)
{
  int pidfd = g_atomic_int_get (&self->pidfd);
  int pid = g_atomic_int_get (&self->pid);

  if (pidfd >= 0)
    syscall (SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
  else if (pid > 0)
    kill (pid, SIGKILL);
}

void
spawn_birth_abort (SpawnBirth *self)
{
  g_mutex_lock (&self->birth_lock);
  g_atomic_int_set (&self->aborted, TRUE);
  if (self->killable)
    kill_child_locked (self);
  g_mutex_unlock (&self->birth_lock);
}

static void
set_ids_locked (SpawnBirth *self,
                pid_t       pid,
                int         pidfd)
{
  g_atomic_int_set (&self->pid, (int) pid);
  g_atomic_int_set (&self->pidfd, pidfd);
}

gboolean
spawn_birth_begin (SpawnBirth *self)
{
  gboolean aborted;

  g_mutex_lock (&self->birth_lock);
  aborted = g_atomic_int_get (&self->aborted);
  set_ids_locked (self, 0, -1);
  self->killable = !aborted;
  g_mutex_unlock (&self->birth_lock);

  return !aborted;
}

void
spawn_birth_publish (SpawnBirth *self,
                     pid_t       pid,
                     int         pidfd)
{
  g_mutex_lock (&self->birth_lock);
  set_ids_locked (self, pid, pidfd);
  if (g_atomic_int_get (&self->aborted))
    kill_child_locked (self);
  g_mutex_unlock (&self->birth_lock);
}

int
spawn_birth_end (SpawnBirth *self)
{
  int pidfd;

  g_mutex_lock (&self->birth_lock);
  self->killable = FALSE;
  pidfd = g_atomic_int_get (&self->pidfd);
  set_ids_locked (self, 0, -1);
  g_mutex_unlock (&self->birth_lock);

  return pidfd;
}
