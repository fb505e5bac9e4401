/* Thread: CHILD. Everything here runs between clone (or fork) and execve; so does all that is in
 * child-attributes.c and child-report.h, under the same rules, and nothing else does.
 *
 * After a clone this code runs in the parent's memory, beside all of its other threads, while the
 * thread that spawned sleeps. So: no malloc, no stdio, no lock, no function of GLib's, no return.
 * Of the C library only syscall() and errno are used, both of which the parent has called before,
 * so that the dynamic linker has nothing to look up (and loops are written so that the compiler
 * does not make a memset of them). errno is the parent's; it restores it. Sanitizers must not
 * instrument these files: their run time would take the child for the thread whose memory it
 * borrows.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "spawn/child-attributes.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/resource.h>

#include "spawn/child-report.h"
#include "spawn/spawn-kernel.h"

#define FIRST_FD_TO_CLOSE 3
#define LAST_FD (~0U)

/* Closes nothing of the parent's: the table becomes the child's own first, without the fds from
 * @first on.
 */
IN_CHILD static int
unshare_files (unsigned first)
{
  return syscall (SYS_close_range, first, LAST_FD, CLOSE_RANGE_UNSHARE) == 0 ? 0 : errno;
}

/* Signals */

/* The kernel's struct sigaction differs between architectures, but it is never larger than this,
 * its first word is the handler (the second on MIPS), and with zeros everywhere it is SIG_DFL
 * without flags.
 */
#define SIGACTION_WORDS 16
#ifdef __mips__
#define SIGACTION_HANDLER_WORD 1
#else
#define SIGACTION_HANDLER_WORD 0
#endif

static const unsigned long default_action[SIGACTION_WORDS];
static const unsigned long ignoring_action[SIGACTION_WORDS] = { [SIGACTION_HANDLER_WORD] = 1 };
static const KernelSigset empty_mask;

/* execve would do it for handled signals, but one that arrives between the unblocking and execve
 * would run a handler of the parent's. What is ignored stays ignored (nohup), apart from two that
 * programs ignore for themselves.
 */
IN_CHILD static void
reset_signals (const SpawnChildJob *job)
{
  if (job->without_handlers)
    {
      syscall (SYS_rt_sigaction, SIGPIPE, default_action, NULL, KERNEL_SIGSET_BYTES);
      syscall (SYS_rt_sigaction, SIGXFSZ, default_action, NULL, KERNEL_SIGSET_BYTES);
      return;
    }

  for (int signum = 1; signum < _NSIG; signum++)
    {
      unsigned long action[SIGACTION_WORDS];
      unsigned long handler;

      if (syscall (SYS_rt_sigaction, signum, NULL, action, KERNEL_SIGSET_BYTES) != 0)
        continue;

      handler = action[SIGACTION_HANDLER_WORD];
      if (handler == (unsigned long) SIG_DFL)
        continue;
      if (handler == (unsigned long) SIG_IGN && signum != SIGPIPE && signum != SIGXFSZ)
        continue;

      syscall (SYS_rt_sigaction, signum, default_action, NULL, KERNEL_SIGSET_BYTES);
    }
}

IN_CHILD static void
ignore_signals (SpawnChildJob *job)
{
  const CommandAttributes *attributes = job->request->attributes;

  for (guint i = 0; attributes != NULL && i < attributes->n_ignored_signals; i++)
    {
      enter_step (job, SPAWN_STEP_SIGNALS, (int) i);
      if (syscall (SYS_rt_sigaction, attributes->ignored_signals[i], ignoring_action, NULL,
                   KERNEL_SIGSET_BYTES)
          != 0)
        fail (job, errno);
    }
}

/* Closing what the child shall not have */

IN_CHILD static gboolean
is_kept (const SpawnChildJob *job,
         unsigned             fd)
{
  guint low = 0;
  guint high = job->n_kept;

  while (low < high)
    {
      guint middle = low + (high - low) / 2;

      if ((unsigned) job->kept[middle] == fd)
        return TRUE;
      if ((unsigned) job->kept[middle] < fd)
        low = middle + 1;
      else
        high = middle;
    }

  return FALSE;
}

/* What getdents64 gives; the C library has no name for it that may be used here. */
typedef struct
{
  guint64 inode;
  gint64 offset;
  unsigned short length;
  unsigned char type;
  char name[];
} KernelDirent;

/* The number that @name is, or LAST_FD if it is none ("." and ".."). */
IN_CHILD static unsigned
parse_fd (const char *name)
{
  unsigned fd = 0;

  if (*name == '\0')
    return LAST_FD;
  for (; *name != '\0'; name++)
    {
      if (*name < '0' || *name > '9')
        return LAST_FD;
      fd = fd * 10 + (unsigned) (*name - '0');
    }

  return fd;
}

/* Entries that go away while the directory is read do not confuse the kernel: the offset is the
 * fd's number.
 */
IN_CHILD static gboolean
close_listed (const SpawnChildJob *job)
{
  union
  {
    KernelDirent alignment;
    char bytes[2048];
  } buffer;
  long length;
  int directory;

  directory = (int) syscall (SYS_openat, AT_FDCWD, "/proc/self/fd",
                             O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  if (directory < 0)
    return FALSE;

  while ((length = syscall (SYS_getdents64, directory, buffer.bytes, sizeof buffer)) > 0)
    {
      for (long offset = 0; offset < length;)
        {
          const KernelDirent *entry = (const void *) (buffer.bytes + offset);
          unsigned fd = parse_fd (entry->name);

          if (fd != LAST_FD && fd >= FIRST_FD_TO_CLOSE && fd != (unsigned) directory
              && !is_kept (job, fd))
            syscall (SYS_close, fd);
          offset += entry->length;
        }
    }

  syscall (SYS_close, directory);
  return length == 0;
}

IN_CHILD static void
close_up_to_limit (const SpawnChildJob *job)
{
  struct rlimit64 limit;

  if (syscall (SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit) != 0)
    return;
  for (unsigned fd = FIRST_FD_TO_CLOSE; fd < limit.rlim_cur && fd < LAST_FD; fd++)
    {
      if (!is_kept (job, fd))
        syscall (SYS_close, fd);
    }
}

IN_CHILD static gboolean
close_gaps (const SpawnChildJob *job)
{
  unsigned first = FIRST_FD_TO_CLOSE;

  for (guint i = 0; i < job->n_kept; i++)
    {
      unsigned kept = (unsigned) job->kept[i];

      if (first < kept && syscall (SYS_close_range, first, kept - 1, 0) != 0)
        return FALSE;
      first = kept + 1;
    }

  return syscall (SYS_close_range, first, LAST_FD, 0) == 0;
}

/* Closed, and not only marked CLOEXEC, and before anything that may block: a child that hangs in
 * chdir or open would otherwise hold the ends of other children's pipes, whose readers would wait
 * for it.
 */
IN_CHILD static void
close_unwanted (SpawnChildJob *job)
{
  enter_step (job, SPAWN_STEP_FDS, -1);

  if (!(job->close_range && close_gaps (job)) && !close_listed (job))
    close_up_to_limit (job);

  for (guint i = 0; i < job->n_kept; i++)
    {
      if (syscall (SYS_fcntl, job->kept[i], F_SETFD, FD_CLOEXEC) != 0)
        fail (job, errno);
    }
}

/* Placing what it shall have */

IN_CHILD static void
open_files (SpawnChildJob *job)
{
  const SpawnRequest *request = job->request;

  for (guint i = 0; i < request->n_opens; i++)
    {
      const SpawnOpen *file = &request->opens[i];
      long fd;

      if (file->path == NULL)
        continue;
      enter_step (job, SPAWN_STEP_OPEN, (int) i);
      fd = syscall (SYS_openat, AT_FDCWD, file->path,
                    file->flags | O_CLOEXEC | O_NOCTTY | O_LARGEFILE, 0666);
      if (fd >= 0 && fd < job->plan->floor)
        {
          long low = fd;

          fd = syscall (SYS_fcntl, low, F_DUPFD_CLOEXEC, job->plan->floor);
          if (fd >= 0)
            syscall (SYS_close, low);
        }
      if (fd < 0)
        fail (job, errno);
      job->opened[i] = (int) fd;
    }
}

/* Above all targets, whatever number it has. */
IN_CHILD static void
keep_executable (SpawnChildJob *job)
{
  const SpawnRequest *request = job->request;

  if (!request->has_executable_fd)
    return;

  job->executable_fd = request->executable_fd;
  if (request->executable_fd >= job->plan->floor)
    return;

  enter_step (job, SPAWN_STEP_FDS, -1);
  job->executable_fd =
    (int) syscall (SYS_fcntl, request->executable_fd, F_DUPFD_CLOEXEC, job->plan->floor);
  if (job->executable_fd < 0)
    fail (job, errno);
}

IN_CHILD static long
do_fd_op (SpawnChildJob *job,
          const FdOp    *op)
{
  switch (op->kind)
    {
    case FD_OP_MOVE:
      job->moved[op->index] = (int) syscall (SYS_fcntl, op->fd, F_DUPFD_CLOEXEC, job->plan->floor);
      return job->moved[op->index];

    case FD_OP_CLEAR_CLOEXEC:
      return syscall (SYS_fcntl, op->fd, F_SETFD, 0);

    case FD_OP_DUP:
      return syscall (SYS_dup3, op->fd >= 0 ? op->fd : job->moved[op->index], op->target, 0);

    default:
      errno = EINVAL;
      return -1;
    }
}

IN_CHILD static void
place_fds (SpawnChildJob *job)
{
  for (guint i = 0; i < job->plan->n_ops; i++)
    {
      enter_step (job, SPAWN_STEP_FDS, (int) i);
      if (do_fd_op (job, &job->plan->ops[i]) < 0)
        fail (job, errno);
    }
}

/* Where all has its place already, one range is all there is to be closed. */
IN_CHILD static gboolean
place_and_close (SpawnChildJob *job)
{
  place_fds (job);
  return syscall (SYS_close_range, FIRST_FD_TO_CLOSE, LAST_FD, 0) == 0;
}

/* After the plan: a target of these may be a source there. */
IN_CHILD static void
place_opened (SpawnChildJob *job)
{
  for (guint i = 0; i < job->request->n_opens; i++)
    {
      const SpawnOpen *file = &job->request->opens[i];
      int source = file->path != NULL ? job->opened[i] : STDOUT_FILENO;

      enter_step (job, SPAWN_STEP_OPEN, (int) i);
      if (syscall (SYS_dup3, source, file->target, 0) < 0)
        fail (job, errno);
    }
}

/* The whole */

/* Where it may not, the tree is found in other ways. */
IN_CHILD static void
enter_tree (const SpawnRequest *request)
{
  long fd;

  if (request->tree_procs == NULL)
    return;
  fd = syscall (SYS_openat, AT_FDCWD, request->tree_procs, O_WRONLY | O_CLOEXEC, 0);
  if (fd < 0)
    return;
  syscall (SYS_write, fd, "0", 1);
  syscall (SYS_close, fd);
}

IN_CHILD static void
enter_place (SpawnChildJob *job)
{
  const SpawnRequest *request = job->request;

  if (request->new_session || request->has_terminal)
    {
      enter_step (job, SPAWN_STEP_SETSID, -1);
      if (syscall (SYS_setsid) < 0)
        fail (job, errno);
    }
  else if (request->process_group >= 0)
    {
      enter_step (job, SPAWN_STEP_SETPGID, -1);
      if (syscall (SYS_setpgid, 0, request->process_group) < 0)
        fail (job, errno);
    }

  if (request->has_terminal)
    {
      enter_step (job, SPAWN_STEP_TERMINAL, -1);
      if (syscall (SYS_ioctl, request->terminal, TIOCSCTTY, 0) < 0)
        fail (job, errno);
    }

  if (request->attributes != NULL && request->attributes->umask != COMMAND_KEEP_UMASK)
    syscall (SYS_umask, request->attributes->umask);

  if (request->cwd != NULL)
    {
      enter_step (job, SPAWN_STEP_CHDIR, -1);
      if (syscall (SYS_chdir, request->cwd) < 0)
        fail (job, errno);
    }
}

/* Returns if it could not be executed. */
IN_CHILD static void
execute_fd (SpawnChildJob *job)
{
  const SpawnRequest *request = job->request;

  if (request->executable_is_script)
    syscall (SYS_fcntl, job->executable_fd, F_SETFD, 0);
  syscall (SYS_execveat, job->executable_fd, "", request->argv, request->envp, AT_EMPTY_PATH);
}

/* The first candidate that may not be executed is what a person wants to hear of, as in a shell,
 * even if later ones do not exist at all.
 */
IN_CHILD static _Noreturn void
execute (SpawnChildJob *job)
{
  const SpawnRequest *request = job->request;
  int denied = -1;
  int last = 0;
  int errnum = ENOENT;

  /* Unblocking belongs to this step: a ^C that was waiting for it ends the program as if it had
   * come a moment later.
   */
  enter_step (job, SPAWN_STEP_EXEC, 0);
  syscall (SYS_rt_sigprocmask, SIG_SETMASK, &empty_mask, NULL, KERNEL_SIGSET_BYTES);

  for (int i = 0; request->candidates[i] != NULL; i++)
    {
      enter_step (job, SPAWN_STEP_EXEC, i);
      if (request->has_executable_fd)
        execute_fd (job);
      else
        syscall (SYS_execve, request->candidates[i], request->argv, request->envp);

      errnum = errno;
      last = i;
      if (errnum == EACCES && denied < 0)
        denied = i;
      else if (errnum != EACCES && errnum != ENOENT && errnum != ENOTDIR)
        break;
    }

  if (denied >= 0 && (errnum == ENOENT || errnum == ENOTDIR || errnum == EACCES))
    {
      errnum = EACCES;
      last = denied;
    }
  job->report.index = last;
  fail (job, errnum);
}

IN_CHILD int
spawn_child_main (void *data)
{
  SpawnChildJob *job = data;
  gboolean place_first = job->only_stdio && job->close_range && job->report_fd < 0;

  if (job->shared_files)
    {
      unsigned cut = FIRST_FD_TO_CLOSE;

      if (job->n_kept > 0)
        cut = (unsigned) job->kept[job->n_kept - 1] + 1;
      job->unshare_errnum = unshare_files (cut);
      if (job->unshare_errnum != 0)
        leave (EXIT_NOT_EXECUTED);
    }

  if (__atomic_load_n (job->aborted, __ATOMIC_SEQ_CST))
    fail (job, ECANCELED);

  if (job->request->without_stderr)
    syscall (SYS_close, STDERR_FILENO);
  if (!(place_first && place_and_close (job)) && !job->request->inherit_fds)
    close_unwanted (job);
  enter_step (job, SPAWN_STEP_SIGNALS, -1);
  reset_signals (job);
  ignore_signals (job);
  child_enter_cgroup (job);
  enter_tree (job->request);
  enter_place (job);
  keep_executable (job);
  open_files (job);
  if (!place_first)
    place_fds (job);
  place_opened (job);
  child_take_terminal (job);
  child_set_limits (job);
  child_set_identity (job);
  child_set_bonds (job);
  execute (job);
}

IN_CHILD int
spawn_probe_main (void *data)
{
  SpawnProbe *probe = data;

  if (probe->unshare_files)
    {
      probe->errnum = unshare_files (G_MAXINT);
      if (probe->errnum == 0)
        syscall (SYS_close, probe->fd);
    }
  probe->done = TRUE;
  leave (0);
}
