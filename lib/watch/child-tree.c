/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Thread: ANY, with the child's reap_lock. */

#include "config.h"

#include "watch/child-tree.h"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/proc-table.h"
#include "spawn/spawn-features.h"

/* A tree that is killed may grow meanwhile; whoever was born is killed in the next round. */
#define KILL_ROUNDS 8

/* What is known of the tree, from the surest to the weakest:
 *
 * 1. its cgroup, which nothing leaves by itself;
 * 2. the leader's process group, until the leader is reaped: after that the number may come to mean
 *    another group;
 * 3. whoever descends from the leader, from a member of the group (or of the session, if the leader
 *    leads one) or from a member that is known, by the parents that /proc names.
 *
 * Whoever was found once stays known by a pidfd, or by pid and start time where there are none. A
 * descendant that lost its parents before anybody looked, and has left the group, is found by the
 * cgroup only.
 */
typedef struct
{
  pid_t pid;
  guint64 start_time;
  int pidfd; /* or -1 */
  gboolean in_group;
} TreeMember;

struct _ChildTree
{
  pid_t leader;
  TreeCgroup *cgroup;   /* owned; nullable */
  GArray *members;      /* of TreeMember; without the leader */
  int last_signal;      /* 0: the tree was not asked to end */
  gboolean group_is_ours; /* the leader was not reaped */
};

static void
clear_member (gpointer data)
{
  TreeMember *member = data;

  if (member->pidfd >= 0)
    close (member->pidfd);
}

ChildTree *
child_tree_new (pid_t       leader,
                TreeCgroup *cgroup)
{
  ChildTree *self = g_new0 (ChildTree, 1);

  self->leader = leader;
  if (cgroup != NULL && tree_cgroup_contains (cgroup, leader))
    self->cgroup = cgroup;
  else
    g_clear_pointer (&cgroup, tree_cgroup_free);
  self->members = g_array_new (FALSE, FALSE, sizeof (TreeMember));
  g_array_set_clear_func (self->members, clear_member);
  self->group_is_ours = TRUE;
  return self;
}

void
child_tree_free (ChildTree *self)
{
  g_array_unref (self->members);
  g_clear_pointer (&self->cgroup, tree_cgroup_free);
  g_free (self);
}

gboolean
child_tree_get_peak_memory (ChildTree *self,
                            guint64   *ret_bytes)
{
  return self->cgroup != NULL && tree_cgroup_get_peak_memory (self->cgroup, ret_bytes);
}

/* ---- members */

/* That pid and start time are those of a process that has not ended. */
static gboolean
is_alive (pid_t   pid,
          guint64 start_time)
{
  ProcEntry entry;

  return proc_entry_read (pid, &entry) && entry.start_time == start_time &&
         !proc_entry_is_dead (&entry);
}

/* Where a signal of the program's disturbs the question it is taken for alive, and asked again. */
static gboolean
member_is_alive (const TreeMember *member)
{
  struct pollfd exit = { .fd = member->pidfd, .events = POLLIN };

  if (member->pidfd >= 0)
    return poll (&exit, 1, 0) <= 0;
  return is_alive (member->pid, member->start_time);
}

/* Without a pidfd nothing excludes that the process ends between the look and the signal, and that
 * its pid is given away at once: so it is looked at last.
 */
static void
signal_member (const TreeMember *member,
               int               signum)
{
  if (member->pidfd >= 0)
    syscall (SYS_pidfd_send_signal, member->pidfd, signum, NULL, 0);
  else if (is_alive (member->pid, member->start_time))
    kill (member->pid, signum);
}

static TreeMember *
find_known (ChildTree       *self,
            const ProcEntry *entry)
{
  for (guint i = 0; i < self->members->len; i++)
    {
      TreeMember *member = &g_array_index (self->members, TreeMember, i);

      if (member->pid == entry->pid && member->start_time == entry->start_time)
        return member;
    }

  return NULL;
}

/* The pidfd is that of the process in the entry if that is still there afterwards. One that is
 * known already may have left the group, or come into it.
 */
static void
note_member (ChildTree       *self,
             const ProcEntry *entry)
{
  TreeMember member = {
    .pid = entry->pid,
    .start_time = entry->start_time,
    .pidfd = -1,
    .in_group = entry->group == self->leader,
  };
  TreeMember *known = find_known (self, entry);

  if (known != NULL)
    {
      known->in_group = member.in_group;
      return;
    }
  if (spawn_features_get ()->pidfd)
    member.pidfd = (int) syscall (SYS_pidfd_open, entry->pid, 0);
  if (!is_alive (entry->pid, entry->start_time))
    {
      clear_member (&member);
      return;
    }

  g_array_append_val (self->members, member);
}

static void
forget_the_dead (ChildTree *self)
{
  for (guint i = self->members->len; i > 0; i--)
    {
      if (!member_is_alive (&g_array_index (self->members, TreeMember, i - 1)))
        g_array_remove_index_fast (self->members, i - 1);
    }
}

/* ---- finding them */

static gboolean
pids_contain (const GArray *pids,
              pid_t         pid)
{
  for (guint i = 0; i < pids->len; i++)
    {
      if (g_array_index (pids, pid_t, i) == pid)
        return TRUE;
    }

  return FALSE;
}

/* Who is added is in the list a second time, after it was given its pidfd: so that is not one of a
 * process that got the pid since the first list.
 */
static void
find_in_cgroup (ChildTree *self)
{
  g_autoptr(GArray) before = tree_cgroup_list (self->cgroup);
  g_autoptr(GArray) after = NULL;
  guint n_known = self->members->len;

  for (guint i = 0; before != NULL && i < before->len; i++)
    {
      pid_t pid = g_array_index (before, pid_t, i);
      ProcEntry entry;

      if (pid != self->leader && proc_entry_read (pid, &entry) && !proc_entry_is_dead (&entry))
        note_member (self, &entry);
    }

  if (self->members->len == n_known)
    return;
  after = tree_cgroup_list (self->cgroup);
  for (guint i = self->members->len; i > n_known; i--)
    {
      if (after == NULL ||
          !pids_contain (after, g_array_index (self->members, TreeMember, i - 1).pid))
        g_array_remove_index (self->members, i - 1);
    }
}

static void
mark_known (ChildTree *self,
            GArray    *table)
{
  for (guint i = 0; i < table->len; i++)
    {
      ProcEntry *entry = &g_array_index (table, ProcEntry, i);

      entry->marked = find_known (self, entry) != NULL ||
                      (self->group_is_ours &&
                       (entry->pid == self->leader || entry->group == self->leader ||
                        entry->session == self->leader));
    }
}

static void
find_in_table (ChildTree *self,
               GArray    *table)
{
  mark_known (self, table);
  proc_table_mark_descendants (table);

  for (guint i = 0; i < table->len; i++)
    {
      const ProcEntry *entry = &g_array_index (table, ProcEntry, i);

      if (entry->marked && entry->pid != self->leader && entry->pid != getpid () &&
          !proc_entry_is_dead (entry))
        note_member (self, entry);
    }
}

/* How many are new; they are the last ones. */
static guint
find_members (ChildTree *self)
{
  g_autoptr(GArray) table = NULL;
  guint n_known;

  forget_the_dead (self);
  n_known = self->members->len;
  if (self->cgroup != NULL)
    find_in_cgroup (self);
  else if ((table = proc_table_read ()) != NULL)
    find_in_table (self, table);
  return self->members->len - n_known;
}

void
child_tree_mark (ChildTree *self,
                 GArray    *table)
{
  forget_the_dead (self);
  if (self->cgroup != NULL)
    find_in_cgroup (self);
  else
    find_in_table (self, table);
  mark_known (self, table);
}

/* ---- signals */

/* Those of the group get it with the group, once. One may have left it a moment ago: SIGKILL, which
 * nobody can see twice, goes to each of them, too.
 */
static void
signal_all (ChildTree *self,
            int        signum)
{
  if (self->group_is_ours)
    kill (-self->leader, signum);
  for (guint i = 0; i < self->members->len; i++)
    {
      const TreeMember *member = &g_array_index (self->members, TreeMember, i);

      if (!self->group_is_ours || !member->in_group || signum == SIGKILL)
        signal_member (member, signum);
    }
}

static void
kill_all (ChildTree *self)
{
  for (guint i = 0; i < KILL_ROUNDS; i++)
    {
      guint n_new = find_members (self);

      if (i > 0 && n_new == 0)
        return;
      if (self->cgroup != NULL)
        tree_cgroup_kill (self->cgroup);
      signal_all (self, SIGKILL);
    }
}

gboolean
child_tree_signal (ChildTree *self,
                   int        signum)
{
  ProcEntry leader;

  if (signum != SIGCONT && signum != SIGSTOP)
    self->last_signal = signum;

  if (signum == SIGKILL)
    {
      kill_all (self);
    }
  else
    {
      find_members (self);
      signal_all (self, signum);
    }

  return !self->group_is_ours || !proc_entry_read (self->leader, &leader) ||
         leader.group == self->leader;
}

void
child_tree_leader_exits (ChildTree *self)
{
  if (self->last_signal == SIGKILL)
    kill_all (self);
  else if (self->cgroup == NULL && self->last_signal == 0)
    find_members (self);
  else if (self->cgroup == NULL)
    child_tree_has_survivors (self);
}

void
child_tree_leader_is_gone (ChildTree *self)
{
  self->group_is_ours = FALSE;
}

gboolean
child_tree_has_survivors (ChildTree *self)
{
  guint n_new;

  if (self->last_signal == 0)
    return FALSE;

  n_new = find_members (self);
  for (guint i = self->members->len - n_new; i < self->members->len; i++)
    signal_member (&g_array_index (self->members, TreeMember, i), self->last_signal);
  return self->members->len > 0;
}
