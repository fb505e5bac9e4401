/* How a program is looked into: the names on D-Bus, which the library and `proctor inspect` share.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

/* On the session bus; the pid follows. */
#define INSPECT_BUS_NAME_PREFIX "io.github.proctor.Inspect.pid"

/* Below XDG_RUNTIME_DIR; in it PID.socket, at which a peer speaks D-Bus as well. */
#define INSPECT_FOLDER "proctor-inspect"
#define INSPECT_SOCKET_SUFFIX ".socket"

#define INSPECT_PATH "/io/github/proctor/Inspect"
#define INSPECT_INTERFACE "io.github.proctor.Inspect1"

/* Look() tells all that `proctor inspect --json` shows; times are in microseconds. Signal() and
 * Stop() concern a process by its pid; Stop() answers when it has ended, with how.
 */
#define INSPECT_INTERFACE_XML \
  "<node>" \
  "  <interface name='" INSPECT_INTERFACE "'>" \
  "    <method name='Look'>" \
  "      <arg name='report' type='a{sv}' direction='out'/>" \
  "    </method>" \
  "    <method name='Signal'>" \
  "      <arg name='pid' type='i' direction='in'/>" \
  "      <arg name='signum' type='i' direction='in'/>" \
  "    </method>" \
  "    <method name='Stop'>" \
  "      <arg name='pid' type='i' direction='in'/>" \
  "      <arg name='ending' type='s' direction='out'/>" \
  "    </method>" \
  "  </interface>" \
  "</node>"
