/* The inside of a SpawnBirth, for the parent half.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "spawn/spawn.h"

G_BEGIN_DECLS

/* The spawner sleeps in clone while somebody else wants to end the child, so the child's id cannot
 * be handed over by the spawner: the kernel itself writes it here before the child runs its first
 * instruction.
 *
 * An abort may come between the spawner's last look at `aborted` and that moment. The abort sets
 * `aborted` and then reads the id; the kernel writes the id and then the child reads `aborted`
 * (spawn-child.c). So one of the two sees the other. A forked child sees a copy of `aborted`
 * instead, but then the spawner is awake and looks once more when it publishes the id.
 */
struct _SpawnBirth
{
  gatomicrefcount ref_count;

  /* atomic; the ids are also written by the kernel */
  int aborted;
  int pidfd; /* -1 while there is none */
  int pid;   /* 0 while it is not known: with CLONE_PIDFD the kernel has no place to write it to */

  /* guarded by birth_lock */
  GMutex birth_lock;
  gboolean killable; /* the ids are those of a child that nobody can have reaped yet */
};

/* FALSE if it was aborted. Otherwise the ids are empty and from now on, until spawn_birth_end(), an
 * abort uses them.
 */
gboolean spawn_birth_begin (SpawnBirth *self);

/* For a spawner that is not asleep. @pidfd may be -1. Kills the child if an abort came before. */
void spawn_birth_publish (SpawnBirth *self,
                          pid_t       pid,
                          int         pidfd);

/* To be called before the child is reaped and its pidfd closed or handed out. Returns the pidfd or
 * -1. The value means nothing where the clone failed: the kernel may have written the number of a
 * fd that it then did not make.
 */
int spawn_birth_end (SpawnBirth *self);

G_END_DECLS
