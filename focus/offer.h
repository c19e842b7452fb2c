/* SPDX-License-Identifier: Apache-2.0
 *
 * What a participant is offered: its capabilities and our configuration give the session-initiate (XEP-0166, XEP-0167,
 * XEP-0338) and the medias of the COLIBRI2 endpoint, both from one table of codecs. PURE; any thread. */
#ifndef PLENUM_FOCUS_OFFER_H
#define PLENUM_FOCUS_OFFER_H

#include "common/colibri2/colibri2.h"
#include "common/jingle/jingle.h"

/* What a client can do, from its disco features (XEP-0030). */
typedef enum {
    PEER_AUDIO = 1 << 0,
    PEER_VIDEO = 1 << 1,
    PEER_SCTP = 1 << 2,
    PEER_RTX = 1 << 3,
    PEER_TCC = 1 << 4,
    PEER_REMB = 1 << 5,
    PEER_OPUS_RED = 1 << 6,
    PEER_JSON_SOURCES = 1 << 7,
    PEER_SOURCE_NAMES = 1 << 8,
    PEER_SSRC_REWRITING = 1 << 9,
    PEER_MID_DEMUX = 1 << 10,
    PEER_AUDIO_MUTE = 1 << 11, /* jigasi: may be force muted */
} PeerFeature;
typedef uint32_t PeerFeatures; /* PeerFeature bits */

/* When disco failed or nothing is known: audio, video and data, nothing more. */
#define PEER_FEATURES_UNKNOWN (PEER_AUDIO | PEER_VIDEO | PEER_SCTP)

/* From a NULL-terminated list of feature vars; NULL gives PEER_FEATURES_UNKNOWN. */
PeerFeatures peer_features_from_vars(const char *const *vars);

typedef struct {
    bool av1, vp8, h264, vp9; /* offered at all */
    bool opus_red;            /* off: 112 is never offered */
    bool opus_fec;            /* useinbandfec=1, left out when RED is offered */
    int opus_minptime;        /* ms, 10 */
    bool remb;                /* offer goog-remb to those without transport-cc */
    bool sctp;                /* offer the data content */
    bool ssrc_rewriting, mid_demux, json_sources;
    bool ext_audio_level, ext_mid, ext_tcc, ext_abs_send_time, ext_dependency_descriptor;
    bool ext_toffset, ext_rid, ext_video_content_type, ext_video_layers_allocation;
    bool extmap_allow_mixed;
} OfferConfig;
#define OFFER_CONFIG_DEFAULT                                                                                           \
    {                                                                                                                  \
        .av1 = true, .vp8 = true, .h264 = true, .vp9 = true, .opus_fec = true, .opus_minptime = 10, .remb = true,      \
        .sctp = true, .ssrc_rewriting = true, .mid_demux = true, .json_sources = true, .ext_audio_level = true,        \
        .ext_mid = true, .ext_tcc = true, .ext_abs_send_time = true, .ext_dependency_descriptor = true,                \
        .extmap_allow_mixed = true,                                                                                    \
    }

/* What this participant gets of what we have. */
bool offer_has_sctp(PeerFeatures peer, const OfferConfig *config);
bool offer_uses_json(PeerFeatures peer, const OfferConfig *config);
bool offer_rewrites_ssrcs(PeerFeatures peer, const OfferConfig *config);

/* The description of that kind (audio or video); NULL when the peer does not take it. Caller owns it. */
MediaDesc *offer_media(MediaKind kind, PeerFeatures peer, const OfferConfig *config);

/* A new endpoint for the bridge: medias as in the offer, capabilities, transport (ICE controlling, sctp when
 * offered), empty sources. Added to m, owned by it. */
Colibri2Endpoint *offer_endpoint(Colibri2Modify *m, const char *id, PeerFeatures peer, const OfferConfig *config);

/* The session-initiate without reply-specific parts: contents audio, video, data in this order, each with its own copy
 * of the bridge's transport, BUNDLE group. sctp_port is used when the peer gets a data content. `sources` (may be
 * empty) is what the peer is to see, already filtered; written as JSON or XML as the peer takes it. Owner: caller. */
Jingle *offer_build(const char *sid, PeerFeatures peer, const OfferConfig *config, const IceTransport *transport,
                    uint16_t sctp_port, const SourceMap *sources);

/* source-add or source-remove in the form the peer takes. The caller owns it. */
Jingle *offer_source_change(JingleAction action, const char *sid, PeerFeatures peer, const OfferConfig *config,
                            const SourceMap *sources);

#endif
