/* SPDX-License-Identifier: Apache-2.0
 *
 * Renumbers a stream of rising numbers (unwrapped sequence numbers, picture ids) so that what was left out on
 * purpose leaves no hole, while what was lost does. Remembers the latest shifts, so a late packet still gets
 * the number that was kept for it. About 550 bytes. Owner: whoever rewrites one stream. Worker thread. */
#ifndef PLENUM_BRIDGE_RX_SEQ_MAP_H
#define PLENUM_BRIDGE_RX_SEQ_MAP_H

#include <stdbool.h>
#include <stdint.h>

#define SEQ_MAP_RUNS 64 /* runs of left-out numbers remembered; older input is refused */

/* Fields private. */
typedef struct {
    int64_t first_in;      /* input below it is refused */
    int64_t top_in;        /* highest number seen */
    int64_t shift;         /* out = in - shift for what comes next */
    uint16_t used, newest; /* ring of runs */
    struct {
        uint32_t first;  /* low bits of the first number left out */
        uint32_t before; /* low bits of the shift before this run; its length is the next one's minus this */
    } run[SEQ_MAP_RUNS];
} SeqMap;

/* Starts (again) so that first_in becomes first_out; anything below first_in is refused. */
void seq_map_start(SeqMap *m, int64_t first_in, int64_t first_out);
/* Number for a packet that is let through. False: it lies before the start, in a run that was left out, or
 * beyond what is remembered; then it must be dropped. */
bool seq_map_accept(SeqMap *m, int64_t in, int64_t *out);
/* Leaves `in` out. In order (above everything seen): its hole is closed. Late: nothing can be closed any more. */
void seq_map_withhold(SeqMap *m, int64_t in);
/* Leaves out the whole unseen range (top_in, upto], which must not have been accepted. */
void seq_map_withhold_through(SeqMap *m, int64_t upto);

#endif
