/* What `proctor bench` measures, and whom.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* In the order of the table's columns. */
typedef enum
{
  BENCH_PEER_FLOOR,
  BENCH_PEER_LIBUV,
  BENCH_PEER_ASYNCIO,
  BENCH_PEER_GSUBPROCESS,
  BENCH_PEER_PROCTOR,
} BenchPeerId;
#define N_BENCH_PEERS (BENCH_PEER_PROCTOR + 1)

typedef struct
{
  const char *name;        /* for --peers and JSON; its program is bench-NAME */
  const char *title;       /* for people */
  const char *program;     /* the file's name */
  double red, green, blue; /* in the plot */
} BenchPeerInfo;

typedef struct
{
  const char *name;
  const char *summary; /* to be translated */
  const char *mode;    /* first word for the peers' programs */
  const char *words;   /* further ones, or "" */
  const char *metric;  /* the member of their answer */
  const char *unit;
  double scale; /* of the answer to the unit */
  gboolean less_is_better;
  gint64 count;          /* of runs or messages */
  gint64 size;           /* of what is read, in bytes; of lines, their number */
  const char *parameter; /* of a curve, or NULL */
  int points[8];         /* ended by -1 */
  int quick_point;       /* the highest one for --quick */
  gboolean of_first;     /* ratios are to the peer's own first point, else to the floor */
  double goal;           /* for Proctor; 0: none */
  double first_goal;     /* at the first point, if another one */
  gboolean goal_is_ratio;
} BenchScenario;

extern const BenchPeerInfo bench_peers[N_BENCH_PEERS];
extern const BenchScenario bench_scenarios[];
extern const gsize bench_n_scenarios;

const BenchScenario *bench_scenario_find (const char *name);

/* What a run of it does: fewer with `quick`. */
gint64 bench_scenario_get_count (const BenchScenario *self,
                                 gboolean             quick);
gint64 bench_scenario_get_size (const BenchScenario *self,
                                gboolean             quick);

G_END_DECLS
