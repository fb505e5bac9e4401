/* What the kernel still knows of a child that somebody else has reaped, or nobody had to.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <errno.h>
#include <sys/ioctl.h>

#include <glib.h>

G_BEGIN_DECLS

/* Kernel 6.15 tells the exit status of a process by its pidfd even after it was reaped. The
 * declarations are younger than Debian 12's headers (include/uapi/linux/pidfd.h).
 */
#define PIDFD_GET_INFO_REQUEST _IOWR (0xFF, 11, PidfdInfo)
#define PIDFD_INFO_EXIT_BIT (G_GUINT64_CONSTANT (1) << 3)

typedef struct
{
  guint64 mask;
  guint64 cgroup_id;
  guint32 pid, tgid, ppid;
  guint32 ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
  gint32 exit_code; /* a wait status */
} PidfdInfo;

/* Thread: ANY. 0; ESRCH: not yet, perhaps in a moment; or the errno of a kernel that keeps no
 * statuses.
 */
static inline int
exit_info_ask (int  pidfd,
               int *ret_wait_status)
{
  PidfdInfo info = { .mask = PIDFD_INFO_EXIT_BIT };

  if (ioctl (pidfd, PIDFD_GET_INFO_REQUEST, &info) < 0)
    return errno;
  if ((info.mask & PIDFD_INFO_EXIT_BIT) == 0)
    return ESRCH;

  *ret_wait_status = info.exit_code;
  return 0;
}

G_END_DECLS
