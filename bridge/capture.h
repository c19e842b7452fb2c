/* SPDX-License-Identifier: Apache-2.0
 *
 * Debug capture: what one endpoint sends, decrypted, into a pcap file, for looking at it and for test vectors.
 * The worker copies packets into a bounded ring, a thread of the capture's own writes them out; when the disk is
 * slower packets are left out and counted. Off, it costs the packet path one comparison.
 * A Capture is shared by three: control (Captures, which frees it), the worker (put, then release), the thread. */
#ifndef PLENUM_BRIDGE_CAPTURE_H
#define PLENUM_BRIDGE_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CAPTURE_RING 1024            /* packets waiting for the disk */
#define CAPTURE_PACKET_MAX 1500      /* bytes; longer ones are cut */
#define CAPTURE_BYTES_MAX (64 << 20) /* of one file; then it ends */
#define CAPTURE_SECONDS_MAX 600      /* of one capture */
#define CAPTURE_SECONDS_DEFAULT 10
#define CAPTURES_MAX 8 /* kept at once, running or ended */
#define CAPTURE_PATH_MAX 512

typedef struct Capture Capture;

/* ---- worker ---- */

/* One packet, RTP or RTCP after decryption; `us` by the monotonic clock. False: the capture is over, release it. */
bool capture_put(Capture *c, const uint8_t *bytes, size_t len, bool rtcp, int64_t us);
/* The worker's last use of it. NULL is allowed. */
void capture_release(Capture *c);

/* ---- control ---- */

typedef struct {
    uint64_t endpoint; /* handle */
    const char *path;  /* borrowed until the entry is used again */
    uint64_t packets, bytes, dropped;
    bool running;
} CaptureInfo;

/* The captures of this process. */
typedef struct Captures Captures;
/* NULL: no memory. The directory is copied. */
Captures *captures_new(const char *directory);
/* Makes "<directory>/<name>-<time>-<n>.pcap", readable by its owner only, and begins. `name` may be anything: only
 * its letters, digits, '-' and '_' are used; `seconds` is cut to 1..CAPTURE_SECONDS_MAX. The caller hands the result
 * to the endpoint's worker, which must release it. NULL with a sentence in error[]: too many, one of this endpoint
 * is running, or no file. */
Capture *captures_start(Captures *cs, const char *name, uint64_t endpoint, unsigned seconds, char *error,
                        size_t error_size);
/* Ends the running capture of that endpoint, soon. False: there is none. */
bool captures_end(Captures *cs, uint64_t endpoint);
/* Fills at most CAPTURES_MAX entries, oldest first; returns how many. */
size_t captures_list(const Captures *cs, CaptureInfo out[CAPTURES_MAX]);
/* Ends all and waits for the files. The workers must have released theirs. NULL is allowed. */
void captures_free(Captures *cs);

#endif
