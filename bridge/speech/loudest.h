/* SPDX-License-Identifier: Apache-2.0
 *
 * Ranks speakers by loudness of the moment, for forwarding only the loudest few. Fixed size, no allocation; cheap
 * enough for the packet path. Owner: the conference's worker. */
#ifndef PLENUM_BRIDGE_SPEECH_LOUDEST_H
#define PLENUM_BRIDGE_SPEECH_LOUDEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOUDEST_MAX 64 /* speakers ranked at once; a quieter newcomer than all of them ranks last */
#define LOUDEST_EXPIRE_MS 150

typedef struct {
    size_t count;
    struct {
        uint32_t speaker;
        uint8_t energy;
        int64_t last_ms;
    } entry[LOUDEST_MAX];
} Loudest; /* zeroed = empty */

/* Takes one packet's level (RFC 6464: 0 loudest .. 127 silent) and returns the speaker's rank, 0 = loudest. now_ms
 * never falls. */
size_t loudest_level(Loudest *l, uint32_t speaker, uint8_t level, int64_t now_ms);
/* Whether this packet passes the filter: it is among the n loudest, or dominant, or somebody asked for this source
 * by name. */
static inline bool loudest_passes(size_t rank, size_t n, bool is_dominant, bool is_subscribed)
{
    return rank < n || is_dominant || is_subscribed;
}
void loudest_remove(Loudest *l, uint32_t speaker); /* it left; who is not there is no error */

#endif
