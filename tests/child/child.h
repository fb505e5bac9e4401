/* The program that tests start: what it does is chosen by its first argument. Plain C library, so
 * that it starts fast and runs under every tool. A new behaviour is one small function and one row
 * in the table of its file.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <stddef.h>

typedef struct
{
  const char *name;
  /* argv[0] is the mode's name; what it returns is the exit code. */
  int (*run) (int argc, char **argv);
} ChildMode;

/* Each ends with a name that is NULL. */
extern const ChildMode report_modes[];
extern const ChildMode data_modes[];
extern const ChildMode end_modes[];
extern const ChildMode descendant_modes[];

int run_mode (int argc, char **argv);

int write_all (int fd, const char *data, size_t length);

int make_file (const char *path, const char *text);
int make_pid_file (const char *path);
void await_file (const char *path);

void live_at_most (unsigned int seconds);
void nap (void);
void stay (void) __attribute__ ((noreturn));
