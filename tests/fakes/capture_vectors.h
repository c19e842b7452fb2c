/* SPDX-License-Identifier: Apache-2.0
 *
 * Vectors of media packets, as in tests/vectors/media, and how a debug capture of the bridge (bridge/capture.h) becomes
 * one: a packet a line, "<encoding> <time, us> <payload bytes> <hex of the packet, payload maybe cut short>". */
#ifndef PLENUM_TESTS_FAKES_CAPTURE_VECTORS_H
#define PLENUM_TESTS_FAKES_CAPTURE_VECTORS_H

#include <glib.h>
#include <stdint.h>

#define CAPTURE_ENCODINGS_MAX 4

typedef struct {
    unsigned eid;
    int64_t us;
    gsize len, payload_len; /* of what is here; before it was cut */
    uint8_t bytes[];
} CapturedPacket;

/* Lines of the RTP packets of these SSRCs, lowest encoding first. Padding-only packets are left out and the sequence
 * numbers after them closed up; all else stays as it came. Payloads are cut to `cut` bytes, 0: never. NULL with *error:
 * not a capture. The caller frees the text. */
char *capture_vectors_from_pcap(const uint8_t *pcap, gsize len, const uint32_t *ssrcs, unsigned n, gsize cut,
                                GError **error);
/* CapturedPackets, freed with the array. Lines that begin with # are left out. NULL: another line is wrong. */
GPtrArray *capture_vectors_parse(const char *text);

#endif
