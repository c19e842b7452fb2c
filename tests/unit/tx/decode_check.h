/* SPDX-License-Identifier: Apache-2.0
 *
 * A receiver's decoder behind a projection: RTP packets in order, through GStreamer's depayloader and decoder of the
 * codec, to one checksum per decoded picture. Whatever these elements complain about is counted. Test thread. */
#ifndef PLENUM_TESTS_TX_DECODE_CHECK_H
#define PLENUM_TESTS_TX_DECODE_CHECK_H

#include <glib.h>
#include <stdint.h>
#include "common/rtp/media_codec.h"

typedef struct {
    gboolean decoded;
    uint64_t sum; /* of the picture's planes and its size */
    int height;
} DecodedFrame;

/* NULL, or the name of an element this machine lacks. */
const char *decode_check_missing(MediaCodec codec);

/* packets: GByteArray, whole RTP packets in sequence order; frame_of: guint of each, which frame it belongs to,
 * 0..n_frames-1, rising. Writes n_frames results; returns how many warnings and errors there were. The first ones
 * are test messages. */
int decode_check_run(MediaCodec codec, GPtrArray *packets, GArray *frame_of, guint n_frames, DecodedFrame *out);

#endif
