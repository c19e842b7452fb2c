/* SPDX-License-Identifier: Apache-2.0
 *
 * What one receiver gets of one source: chooses encoding and layers packet by packet and renumbers what passes, so
 * that the receiver sees one unbroken stream on one SSRC, however the source is switched, suspended or re-mapped.
 * One stage: layer filter and SSRC/slot rewriting together. Decides once per frame. ISO C, no allocation, no lock.
 * Owner: the receiver's transmit state, one per forwarded source. Worker thread; embed by value (about 3.5 KB). */
#ifndef PLENUM_BRIDGE_TX_PROJECTION_H
#define PLENUM_BRIDGE_TX_PROJECTION_H

#include "bridge/rx/media_packet.h"
#include "bridge/rx/seq_map.h"
#include "bridge/rx/source_layers.h"
#include "bridge/tx/forward_reason.h"
#include "bridge/tx/out_stream.h"

#define PROJECTION_FRAMES 128       /* latest frames whose fate is remembered; a power of two */
#define PROJECTION_PATCH_MAX 8      /* bytes */
#define PROJECTION_SWITCH_US 300000 /* key frames of the encodings of one source come within this time */
#define PROJECTION_IDLE_US 2000000  /* no packet for so long: FORWARD_NO_PACKETS */
#define PROJECTION_STALL 8          /* frames of lower encodings without one of the running: it has stopped */
#define PROJECTION_SEQ_JUMP 5000    /* input sequence numbers this far off belong to a new stream */

typedef enum {
    PROJECTION_DROP,
    PROJECTION_ACCEPT,
    /* It is of no use to this receiver, but newer packets went out before it came and its number was left free for it: an
     * empty packet under this number (only ssrc, ts and seq are written) tells the receiver that nothing is lost. */
    PROJECTION_FILL
} ProjectionVerdict;

/* How to send the packet. Only fields named here change; the rest of the payload is shared with all receivers. */
typedef struct {
    uint32_t ssrc, ts;
    uint16_t seq;
    uint8_t marker;    /* 0 or 1 */
    uint8_t patch_len; /* that many leading payload bytes are replaced by patch[]; 0 none */
    uint8_t patch[PROJECTION_PATCH_MAX];
    /* Dependency descriptor to send in place of the received one; dd_len 0: send none (strip a received one).
     * May be longer than the original; needs a two-byte header extension when above 16. */
    uint8_t dd_len;
    uint8_t dd[DD_MAX_LEN];
} ProjectedPacket;

typedef struct {
    int64_t key;       /* FrameInfo.id; VP9: id * 8 + sid */
    uint8_t tid, fate; /* ProjectionFate, private */
    bool marked : 1;   /* it went out with its picture's marker */
    bool fresh : 1;    /* VP9: of a picture that refers to none before it */
    uint8_t layer;     /* what was forwarded then: DD: decode target; VP8: highest tid; VP9: highest sid << 4 | tid */
    uint32_t ts;       /* which picture it is of */
} ProjectionFrame;

/* All fields private to projection*.c. */
typedef struct {
    /* control's wish, applied by the worker */
    OutStream *out; /* NULL while unmapped */
    int target;     /* layer index, LAYER_SUSPENDED */
    ForwardReason why_suspended;
    /* worker: the running epoch, from one switch, resume or re-mapping to the next */
    bool running; /* all below is valid and about encoding `eid` */
    bool tail;    /* numbers given out by the epoch that ended last may still be filled */
    bool needs_keyframe;
    bool ts_known;          /* ts_shift fits eid and out, running or not */
    uint8_t kind, eid;      /* FrameKind; running encoding */
    uint8_t order;          /* MediaPacket.order that eid is of */
    uint8_t sid, tid, dt;   /* layer forwarded: VP8 and VP9 by sid and tid, descriptor streams by dt */
    uint8_t layers;         /* VP9: spatial layers the sender makes */
    uint8_t sids;           /* VP9: spatial layers that have come */
    uint8_t forwarded_sids; /* VP9: bit s: the last reference frame of spatial layer s went out */
    uint8_t tl0_shift;      /* out = in + shift mod 256 */
    uint8_t template_shift, template_shift_before; /* mod 64; `before` for frames older than template_since */
    uint8_t template_offset, template_count;       /* of the structure since then, the sender's */
    bool mask_due;                                 /* the receiver must hear of another decode target */
    uint8_t other_frames;                          /* of lower encodings since the running one's last packet */
    bool prev_end;                                 /* newest packet in sequence order: did it end its frame; */
    uint8_t prev_fate;
    int64_t prev_key; /* and which frame was that */
    int64_t start_id, template_since;
    int64_t climbed_id; /* VP9: the latest picture whose key frame came in order; its layers are entered one by one */
    uint32_t ts_shift;  /* out = in + shift */
    uint32_t unit_ts;   /* picture being handled: it is judged by one target to its end, so that the */
    int unit_target;    /* marker lands on its last layer */
    bool unit_marked;   /* it went out with its marker: no layer can follow in it */
    int64_t group_us;   /* when the latest group of key frames began */
    int64_t last_packet_us, last_accept_us;
    int64_t seen_top[SOURCE_MAX_ENCODINGS]; /* of an encoding's newest packet that was not forwarded */
    SeqMap seqs;                            /* sequence numbers, in -> out */
    SeqMap pics;                            /* FrameInfo.id -> picture id, frame number */
    ProjectionFrame frames[PROJECTION_FRAMES];
} Projection;

/* `out` may be NULL (unmapped). Starts suspended with reason FORWARD_CAP. */
void projection_init(Projection *p, OutStream *out);

/* Layer index to aim for, or LAYER_SUSPENDED with the reason to show. */
void projection_set_target(Projection *p, int layer_index, ForwardReason why_suspended);

/* Gives the source another send SSRC, or takes it away (NULL). It then waits for a key frame. The same stream
 * again changes nothing. The previous owner of `out` must be bound to NULL first. */
void projection_bind(Projection *p, OutStream *out);

/* Decides about one packet of this source, whichever encoding it is of. *out holds nothing after DROP. */
ProjectionVerdict projection_accept(Projection *p, const MediaPacket *pkt, int64_t now_us, ProjectedPacket *out);

/* True while a key frame of the source should be requested; check after each projection_accept, the requester
 * limits the rate. */
bool projection_needs_keyframe(const Projection *p);

/* RTP timestamp of a sender report of encoding `eid`, in out numbers. False: not the encoding being forwarded; keep
 * that report and map the kept one of the new encoding after a switch. */
bool projection_map_sr(const Projection *p, unsigned eid, uint32_t rtp_ts, uint32_t *out_ts);

/* Layer index being forwarded, LAYER_SUSPENDED for none. Decode-target streams: eid<<6 | target. */
int projection_current_layer(const Projection *p);
int projection_target(const Projection *p);
/* FORWARD_OK while packets flow. */
ForwardReason projection_reason(const Projection *p, int64_t now_us);

#endif
