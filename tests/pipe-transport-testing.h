/* For tests of transports of the user's own pipes: two connected ends of each kind.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <pty.h>
#include <sys/socket.h>
#include <termios.h>

#include "transport-testing.h"

typedef enum
{
  KIND_PIPE,
  KIND_FIFO,
  KIND_SOCKET,
  KIND_TERMINAL, /* what is written there by a program, its master reads */
  KIND_TYPED,    /* what its master writes, a program reads there */
  N_KINDS
} Kind;

static inline void
make_ends (Kind kind,
           int  ends[2])
{
  g_autofree char *fifo = work_path ("fifo");
  struct termios raw;

  switch (kind)
    {
    case KIND_PIPE:
      g_assert_cmpint (pipe2 (ends, O_CLOEXEC), ==, 0);
      break;
    case KIND_FIFO:
      g_unlink (fifo);
      g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
      ends[0] = open (fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
      ends[1] = open (fifo, O_WRONLY | O_CLOEXEC);
      g_assert_cmpint (fcntl (ends[0], F_SETFL, 0), ==, 0);
      break;
    case KIND_SOCKET:
      g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
      break;
    case KIND_TERMINAL:
    case KIND_TYPED:
    case N_KINDS:
    default:
      g_assert_cmpint (openpty (&ends[kind == KIND_TYPED], &ends[kind != KIND_TYPED], NULL, NULL,
                                NULL),
                       ==, 0);
      g_assert_cmpint (tcgetattr (ends[0], &raw), ==, 0);
      cfmakeraw (&raw);
      g_assert_cmpint (tcsetattr (ends[0], TCSANOW, &raw), ==, 0);
      break;
    }
  g_assert_true (ends[0] >= 0 && ends[1] >= 0);
}

static inline void
put (int         fd,
     const char *text)
{
  g_assert_cmpint (write (fd, text, strlen (text)), ==, strlen (text));
}
