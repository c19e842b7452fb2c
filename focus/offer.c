/* SPDX-License-Identifier: Apache-2.0 */
#include "focus/offer.h"

#define URI_AUDIO_LEVEL "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
#define URI_MID "urn:ietf:params:rtp-hdrext:sdes:mid"
#define URI_RID "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
#define URI_TOFFSET "urn:ietf:params:rtp-hdrext:toffset"
#define URI_TCC "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
#define URI_ABS_SEND_TIME "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
#define URI_VIDEO_CONTENT_TYPE "http://www.webrtc.org/experiments/rtp-hdrext/video-content-type"
#define URI_VIDEO_LAYERS "http://www.webrtc.org/experiments/rtp-hdrext/video-layers-allocation00"
#define URI_DEPENDENCY_DESCRIPTOR                                                                                      \
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"

#define PT_OPUS 111
#define PT_RED 112
#define PT_TELEPHONE_EVENT 126
#define AUDIO_MAXPTIME_MS 60
#define SCTP_STREAMS 1024

/* Video codecs in order of preference; the client reorders by its own list. The one place ids come from. */
static const struct {
    const char *name;
    uint8_t pt, rtx_pt;
    size_t enabled; /* offset of the switch in OfferConfig */
    bool rtx_feedback;
    int rtx_order;
    const char *parameter, *value;
} video_codecs[] = {
    { "AV1", 41, 42, offsetof(OfferConfig, av1), true, 0, NULL, NULL },
    { "VP8", 100, 96, offsetof(OfferConfig, vp8), true, 1, NULL, NULL },
    /* One parameter with the whole line: the client pastes it after "profile-level-id=". */
    { "H264", 107, 99, offsetof(OfferConfig, h264), false, 3, "profile-level-id",
      "42e01f;level-asymmetry-allowed=1;packetization-mode=1;" },
    { "VP9", 101, 97, offsetof(OfferConfig, vp9), true, 2, NULL, NULL },
};

static const struct {
    const char *var;
    PeerFeature feature;
} feature_vars[] = {
    { "urn:xmpp:jingle:apps:rtp:audio", PEER_AUDIO },
    { "urn:xmpp:jingle:apps:rtp:video", PEER_VIDEO },
    { "urn:xmpp:jingle:transports:dtls-sctp:1", PEER_SCTP },
    { "urn:ietf:rfc:4588", PEER_RTX },
    { "http://jitsi.org/tcc", PEER_TCC },
    { "http://jitsi.org/remb", PEER_REMB },
    { "http://jitsi.org/opus-red", PEER_OPUS_RED },
    { "http://jitsi.org/json-encoded-sources", PEER_JSON_SOURCES },
    { "http://jitsi.org/source-name", PEER_SOURCE_NAMES },
    { "http://jitsi.org/ssrc-rewriting-1", PEER_SSRC_REWRITING },
    { "http://jitsi.org/rtp-mid-demux", PEER_MID_DEMUX },
    { "http://jitsi.org/protocol/audio-mute", PEER_AUDIO_MUTE },
};

PeerFeatures peer_features_from_vars(const char *const *vars)
{
    PeerFeatures features = 0;
    if (!vars)
        return PEER_FEATURES_UNKNOWN;
    for (; *vars; vars++) {
        for (guint i = 0; i < G_N_ELEMENTS(feature_vars); i++) {
            if (strcmp(*vars, feature_vars[i].var) == 0)
                features |= feature_vars[i].feature;
        }
    }
    return features;
}

bool offer_has_sctp(PeerFeatures peer, const OfferConfig *config)
{
    return config->sctp && (peer & PEER_SCTP);
}

bool offer_uses_json(PeerFeatures peer, const OfferConfig *config)
{
    return config->json_sources && (peer & PEER_JSON_SOURCES);
}

bool offer_rewrites_ssrcs(PeerFeatures peer, const OfferConfig *config)
{
    return config->ssrc_rewriting && (peer & PEER_SSRC_REWRITING);
}

/* --- media -------------------------------------------------------------------------------------- */

static void add_extension(MediaDesc *m, bool wanted, uint16_t id, const char *uri)
{
    if (wanted)
        media_desc_add_extension(m, id, uri);
}

static void add_audio(MediaDesc *m, PeerFeatures peer, const OfferConfig *config)
{
    bool red = config->opus_red && (peer & PEER_OPUS_RED), tcc = peer & PEER_TCC;
    m->maxptime = AUDIO_MAXPTIME_MS;
    if (red) {
        PayloadType *pt = media_desc_add_payload(m, PT_RED, "red", 48000, 2);
        payload_type_add_parameter(pt, NULL, "111/111");
    }
    g_autofree char *minptime = g_strdup_printf("%d", config->opus_minptime);
    PayloadType *opus = media_desc_add_payload(m, PT_OPUS, "opus", 48000, 2);
    payload_type_add_parameter(opus, "minptime", minptime);
    if (config->opus_fec && !red)
        payload_type_add_parameter(opus, "useinbandfec", "1");
    if (tcc)
        payload_type_add_feedback(opus, "transport-cc", NULL);
    media_desc_add_payload(m, PT_TELEPHONE_EVENT, "telephone-event", 8000, 0);

    add_extension(m, config->ext_audio_level, 1, URI_AUDIO_LEVEL);
    add_extension(m, config->ext_mid, 10, URI_MID);
    add_extension(m, config->ext_tcc && tcc, 5, URI_TCC);
}

static bool codec_enabled(guint i, const OfferConfig *config)
{
    return *(const bool *)((const char *)config + video_codecs[i].enabled);
}

static void add_loss_feedback(PayloadType *pt)
{
    payload_type_add_feedback(pt, "ccm", "fir");
    payload_type_add_feedback(pt, "nack", NULL);
    payload_type_add_feedback(pt, "nack", "pli");
}

static void add_rtx(MediaDesc *m, guint i)
{
    g_autofree char *apt = g_strdup_printf("%u", video_codecs[i].pt);
    PayloadType *pt = media_desc_add_payload(m, video_codecs[i].rtx_pt, "rtx", 90000, 0);
    payload_type_add_parameter(pt, "apt", apt);
    if (video_codecs[i].rtx_feedback)
        add_loss_feedback(pt);
}

static void add_video(MediaDesc *m, PeerFeatures peer, const OfferConfig *config)
{
    bool tcc = peer & PEER_TCC;
    for (guint i = 0; i < G_N_ELEMENTS(video_codecs); i++) {
        if (!codec_enabled(i, config))
            continue;
        PayloadType *pt = media_desc_add_payload(m, video_codecs[i].pt, video_codecs[i].name, 90000, 0);
        add_loss_feedback(pt);
        if (tcc)
            payload_type_add_feedback(pt, "transport-cc", NULL);
        else if (config->remb && (peer & PEER_REMB))
            payload_type_add_feedback(pt, "goog-remb", NULL);
        if (video_codecs[i].parameter)
            payload_type_add_parameter(pt, video_codecs[i].parameter, video_codecs[i].value);
    }
    for (int order = 0; order < (int)G_N_ELEMENTS(video_codecs) && (peer & PEER_RTX); order++) {
        for (guint i = 0; i < G_N_ELEMENTS(video_codecs); i++) {
            if (video_codecs[i].rtx_order == order && codec_enabled(i, config))
                add_rtx(m, i);
        }
    }
    add_extension(m, config->ext_dependency_descriptor, 11, URI_DEPENDENCY_DESCRIPTOR);
    add_extension(m, config->ext_mid, 10, URI_MID);
    add_extension(m, config->ext_abs_send_time, 3, URI_ABS_SEND_TIME);
    add_extension(m, config->ext_tcc && tcc, 5, URI_TCC);
    add_extension(m, config->ext_toffset, 2, URI_TOFFSET);
    add_extension(m, config->ext_rid, 4, URI_RID);
    add_extension(m, config->ext_video_content_type, 7, URI_VIDEO_CONTENT_TYPE);
    add_extension(m, config->ext_video_layers_allocation, 12, URI_VIDEO_LAYERS);
}

MediaDesc *offer_media(MediaKind kind, PeerFeatures peer, const OfferConfig *config)
{
    PeerFeature needed = kind == MEDIA_AUDIO ? PEER_AUDIO : PEER_VIDEO;
    if (kind == MEDIA_APPLICATION || !(peer & needed))
        return NULL;
    MediaDesc *m = media_desc_new(kind);
    if (kind == MEDIA_AUDIO)
        add_audio(m, peer, config);
    else
        add_video(m, peer, config);
    m->extmap_allow_mixed = config->extmap_allow_mixed;
    m->rtcp_mux = true;
    return m;
}

/* --- bridge endpoint ---------------------------------------------------------------------------- */

Colibri2Endpoint *offer_endpoint(Colibri2Modify *m, const char *id, PeerFeatures peer, const OfferConfig *config)
{
    Colibri2Endpoint *e = colibri2_modify_add_endpoint(m, id);
    e->create = true;
    colibri2_endpoint_add_capability(e, COLIBRI2_CAP_SOURCE_NAMES);
    if (offer_rewrites_ssrcs(peer, config)) {
        colibri2_endpoint_add_capability(e, COLIBRI2_CAP_SSRC_REWRITING);
        if (config->mid_demux && config->ext_mid && (peer & PEER_MID_DEMUX))
            colibri2_endpoint_add_capability(e, COLIBRI2_CAP_MID_DEMUX);
    }
    for (MediaKind kind = MEDIA_AUDIO; kind <= MEDIA_VIDEO; kind++) {
        MediaDesc *media = offer_media(kind, peer, config);
        if (media)
            g_ptr_array_add(e->medias, media);
    }
    e->transport = colibri2_transport_new();
    e->transport->ice_controlling = true;
    e->transport->has_sctp = offer_has_sctp(peer, config);
    e->sources = colibri2_sources_new();
    return e;
}

/* --- session-initiate --------------------------------------------------------------------------- */

static void add_content(Jingle *j, const char *name, MediaDesc *description, const IceTransport *transport)
{
    IceTransport *copy = ice_transport_copy(transport);
    copy->rtcp_mux = true;
    JingleContent *c = jingle_add_content(j, name, description, copy);
    c->creator = g_strdup("initiator");
    c->senders = g_strdup("both");
}

static void add_data(Jingle *j, const IceTransport *transport, uint16_t sctp_port)
{
    MediaDesc *description = media_desc_new(MEDIA_APPLICATION);
    description->rtcp_mux = true;
    add_content(j, "data", description, transport);
    JingleContent *data = j->contents->pdata[j->contents->len - 1];
    ice_transport_set_sctpmap(data->transport, sctp_port, SCTP_STREAMS);
}

static void add_sources(Jingle *j, PeerFeatures peer, const OfferConfig *config, const SourceMap *sources)
{
    if (source_map_is_empty(sources))
        return;
    if (offer_uses_json(peer, config))
        j->json_message = source_map_to_json(sources);
    else
        jingle_add_sources_xml(j, sources);
}

Jingle *offer_build(const char *sid, PeerFeatures peer, const OfferConfig *config, const IceTransport *transport,
                    uint16_t sctp_port, const SourceMap *sources)
{
    Jingle *j = jingle_new(JINGLE_SESSION_INITIATE, sid);
    for (MediaKind kind = MEDIA_AUDIO; kind <= MEDIA_VIDEO; kind++) {
        MediaDesc *media = offer_media(kind, peer, config);
        if (media)
            add_content(j, media_kind_name(kind), media, transport);
    }
    if (offer_has_sctp(peer, config))
        add_data(j, transport, sctp_port);
    jingle_set_bundle(j);
    add_sources(j, peer, config, sources);
    return j;
}

Jingle *offer_source_change(JingleAction action, const char *sid, PeerFeatures peer, const OfferConfig *config,
                            const SourceMap *sources)
{
    Jingle *j = jingle_new(action, sid);
    add_sources(j, peer, config, sources);
    return j;
}
