/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. Never changes. */

#include "config.h"

#include "process/descendant.h"

/**
 * ProctorDescendant:
 *
 * A descendant of a process, as [method@Process.list_descendants] has found it.
 *
 * It may have ended since, and its pid may be that of another process by now.
 *
 * Thread safety: any thread; it never changes.
 *
 * Since: 1.0
 */
struct _ProctorDescendant
{
  /* immutable after construction */
  GPid pid;
  GPid parent_pid;
  char *name; /* UTF-8 */
};

G_DEFINE_BOXED_TYPE (ProctorDescendant, proctor_descendant, proctor_descendant_copy,
                     proctor_descendant_free)

ProctorDescendant *
descendant_new (const ProcEntry *entry)
{
  ProctorDescendant *self = g_new (ProctorDescendant, 1);

  self->pid = entry->pid;
  self->parent_pid = entry->parent;
  self->name = g_utf8_make_valid (entry->name, -1);
  return self;
}

/**
 * proctor_descendant_copy:
 * @self: an info
 *
 * Copies an info.
 *
 * Thread safety: any thread.
 *
 * Returns: (transfer full): the same
 *
 * Since: 1.0
 */
ProctorDescendant *
proctor_descendant_copy (const ProctorDescendant *self)
{
  ProctorDescendant *copy;

  g_return_val_if_fail (self != NULL, NULL);

  copy = g_new (ProctorDescendant, 1);
  *copy = *self;
  copy->name = g_strdup (self->name);
  return copy;
}

/**
 * proctor_descendant_free:
 * @self: an info
 *
 * Frees an info.
 *
 * Thread safety: any thread.
 *
 * Since: 1.0
 */
void
proctor_descendant_free (ProctorDescendant *self)
{
  g_return_if_fail (self != NULL);

  g_free (self->name);
  g_free (self);
}

/**
 * proctor_descendant_get_pid:
 * @self: an info
 *
 * The process id.
 *
 * Thread safety: any thread.
 *
 * Returns: the pid
 *
 * Since: 1.0
 */
GPid
proctor_descendant_get_pid (const ProctorDescendant *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->pid;
}

/**
 * proctor_descendant_get_parent_pid:
 * @self: an info
 *
 * The process id of the parent. Where that has ended it is whoever has adopted the process.
 *
 * Thread safety: any thread.
 *
 * Returns: the pid
 *
 * Since: 1.0
 */
GPid
proctor_descendant_get_parent_pid (const ProctorDescendant *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->parent_pid;
}

/**
 * proctor_descendant_get_name:
 * @self: an info
 *
 * The name of the program, at most 15 bytes of it, as proc_pid_comm(5) has it. What is not UTF-8 is
 * replaced.
 *
 * Thread safety: any thread.
 *
 * Returns: (transfer none): the name
 *
 * Since: 1.0
 */
const char *
proctor_descendant_get_name (const ProctorDescendant *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->name;
}
