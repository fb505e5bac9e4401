/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY. */

#include "config.h"

#include "process/proctor-process-private.h"

#include "base/base-thread.h"
#include "process/descendant.h"

/**
 * proctor_process_list_descendants:
 * @self: a process
 * @error: return location for an error
 *
 * Lists what descends from the process at this moment: its children, their children and so on, in
 * no order, without those that have ended and wait to be reaped.
 *
 * These are the processes that the system's table of processes links to it. With
 * %PROCTOR_COMMAND_OWN_TREE there are also those that have lost their parents but are known to
 * belong to the tree, which then may be there after the process itself has exited; without, there
 * are none any more.
 *
 * Errors: %G_IO_ERROR with the system's reason if that table cannot be read; %PROCTOR_ERROR_FORKED.
 *
 * Thread safety: any thread.
 *
 * Returns: (transfer container) (element-type ProctorDescendant): the descendants
 *
 * Since: 1.0
 */
GPtrArray *
proctor_process_list_descendants (ProctorProcess  *self,
                                  GError         **error)
{
  g_autoptr(GPtrArray) infos = NULL;
  g_autoptr(GArray) entries = NULL;

  g_return_val_if_fail (PROCTOR_IS_PROCESS (self), NULL);

  if (!program_check_not_forked (error))
    return NULL;
  entries = child_id_list_descendants (self->parts->child, error);
  if (entries == NULL)
    return NULL;

  infos = g_ptr_array_new_with_free_func ((GDestroyNotify) proctor_descendant_free);
  for (guint i = 0; i < entries->len; i++)
    g_ptr_array_add (infos, descendant_new (&g_array_index (entries, ProcEntry, i)));
  return g_steal_pointer (&infos);
}
