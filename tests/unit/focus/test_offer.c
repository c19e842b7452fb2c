/* SPDX-License-Identifier: Apache-2.0 */
#include "focus/offer.h"
#include "tests/fakes/rows.h"

#define FINGERPRINT "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"
#define BROWSER (PEER_AUDIO | PEER_VIDEO | PEER_SCTP | PEER_RTX | PEER_TCC | PEER_REMB | PEER_JSON_SOURCES)

static IceTransport *bridge_transport(void)
{
    IceTransport *t = ice_transport_new();
    ice_transport_set_credentials(t, "9k3r1i7q", "2q0s22ch");
    ice_transport_add_fingerprint(t, "sha-256", FINGERPRINT, DTLS_ACTPASS);
    ice_transport_add_candidate(t, ICE_HOST, "1", "udp", "203.0.113.7", 10000, 2130706431);
    ice_transport_add_web_socket(t, "wss://meet.example/colibri-ws/jvb1/5a6b/a1?pwd=1x");
    return t;
}

static SourceMap *some_sources(void)
{
    SourceMap *m = source_map_new();
    g_autoptr(SourceSet) s = source_set_new();
    source_set_add_source(s, MEDIA_VIDEO, 1001, "f0-v0", "f0-video", VIDEO_TYPE_UNSET);
    source_map_set(m, "f0", s);
    return m;
}

/* "111 opus/48000/2 {minptime=10;} [transport-cc]": one line a payload type, then the extensions. */
static char *media_text(const MediaDesc *m)
{
    GString *out = g_string_new("");
    for (guint i = 0; i < m->payload_types->len; i++) {
        const PayloadType *pt = m->payload_types->pdata[i];
        g_string_append_printf(out, "%u %s/%u", pt->id, pt->name, pt->clockrate);
        if (pt->channels)
            g_string_append_printf(out, "/%u", pt->channels);
        for (guint k = 0; k < pt->parameters->len; k++) {
            const MediaParameter *p = pt->parameters->pdata[k];
            g_string_append_printf(out, " %s=%s", p->name ? p->name : "", p->value);
        }
        for (guint k = 0; k < pt->feedback->len; k++) {
            const MediaFeedback *f = pt->feedback->pdata[k];
            g_string_append_printf(out, " [%s%s%s]", f->type, f->subtype ? " " : "", f->subtype ? f->subtype : "");
        }
        g_string_append_c(out, '\n');
    }
    for (guint i = 0; i < m->extensions->len; i++) {
        const HeaderExtension *e = m->extensions->pdata[i];
        const char *tail = strpbrk(e->uri, "/") ? strrchr(e->uri, 0x2f) + 1 : strrchr(e->uri, 0x3a) + 1;
        g_string_append_printf(out, "ext %u %s\n", e->id, tail);
    }
    return g_string_free(out, FALSE);
}

typedef struct {
    const char *name;
    MediaKind kind;
    PeerFeatures peer;
    void (*configure)(OfferConfig *config);
    const char *want; /* NULL: no such content */
} MediaCase;

static void with_red(OfferConfig *c)
{
    c->opus_red = true;
}
static void no_fec(OfferConfig *c)
{
    c->opus_fec = false;
    c->opus_minptime = 20;
}
static void vp8_only(OfferConfig *c)
{
    c->av1 = c->h264 = c->vp9 = false;
}
static void all_extensions(OfferConfig *c)
{
    vp8_only(c);
    c->ext_toffset = c->ext_rid = c->ext_video_content_type = c->ext_video_layers_allocation = true;
}
static void no_extensions(OfferConfig *c)
{
    vp8_only(c);
    c->ext_audio_level = c->ext_mid = c->ext_tcc = c->ext_abs_send_time = false;
    c->ext_dependency_descriptor = false;
}

#define TELEPHONE "126 telephone-event/8000\n"
#define LOSS " [ccm fir] [nack] [nack pli]"
static const MediaCase medias[] = {
    { "audio", MEDIA_AUDIO, BROWSER, NULL,
      "111 opus/48000/2 minptime=10 useinbandfec=1 [transport-cc]\n" TELEPHONE
      "ext 1 ssrc-audio-level\next 10 mid\next 5 draft-holmer-rmcat-transport-wide-cc-extensions-01\n" },
    { "video", MEDIA_VIDEO, BROWSER, NULL,
      "41 AV1/90000" LOSS " [transport-cc]\n100 VP8/90000" LOSS " [transport-cc]\n"
      "107 H264/90000 profile-level-id=42e01f;level-asymmetry-allowed=1;packetization-mode=1;" LOSS
      " [transport-cc]\n101 VP9/90000" LOSS " [transport-cc]\n"
      "42 rtx/90000 apt=41" LOSS "\n96 rtx/90000 apt=100" LOSS "\n97 rtx/90000 apt=101" LOSS "\n99 rtx/90000 apt=107\n"
      "ext 11 #dependency-descriptor-rtp-header-extension\next 10 mid\next 3 abs-send-time\n"
      "ext 5 draft-holmer-rmcat-transport-wide-cc-extensions-01\n" },
    { "unknown features: no rtx, no tcc", MEDIA_AUDIO, PEER_FEATURES_UNKNOWN, NULL,
      "111 opus/48000/2 minptime=10 useinbandfec=1\n" TELEPHONE "ext 1 ssrc-audio-level\next 10 mid\n" },
    { "remb without tcc", MEDIA_VIDEO, PEER_VIDEO | PEER_REMB, vp8_only,
      "100 VP8/90000" LOSS " [goog-remb]\n"
      "ext 11 #dependency-descriptor-rtp-header-extension\next 10 mid\next 3 abs-send-time\n" },
    { "red", MEDIA_AUDIO, BROWSER | PEER_OPUS_RED, with_red,
      "112 red/48000/2 =111/111\n111 opus/48000/2 minptime=10 [transport-cc]\n" TELEPHONE
      "ext 1 ssrc-audio-level\next 10 mid\next 5 draft-holmer-rmcat-transport-wide-cc-extensions-01\n" },
    { "red not configured", MEDIA_AUDIO, PEER_AUDIO | PEER_OPUS_RED, no_fec,
      "111 opus/48000/2 minptime=20\n" TELEPHONE "ext 1 ssrc-audio-level\next 10 mid\n" },
    { "red not supported", MEDIA_AUDIO, PEER_AUDIO, with_red,
      "111 opus/48000/2 minptime=10 useinbandfec=1\n" TELEPHONE "ext 1 ssrc-audio-level\next 10 mid\n" },
    { "every extension", MEDIA_VIDEO, PEER_VIDEO, all_extensions,
      "100 VP8/90000" LOSS "\next 11 #dependency-descriptor-rtp-header-extension\next 10 mid\n"
      "ext 3 abs-send-time\next 2 toffset\next 4 rtp-stream-id\n"
      "ext 7 video-content-type\next 12 video-layers-allocation00\n" },
    { "no extension", MEDIA_VIDEO, BROWSER, no_extensions,
      "100 VP8/90000" LOSS " [transport-cc]\n96 rtx/90000 apt=100" LOSS "\n" },
    { "no audio", MEDIA_AUDIO, PEER_VIDEO, NULL, NULL },
    { "no video", MEDIA_VIDEO, PEER_AUDIO, NULL, NULL },
};

static void test_media(gconstpointer data)
{
    const MediaCase *c = data;
    OfferConfig config = OFFER_CONFIG_DEFAULT;
    if (c->configure)
        c->configure(&config);
    g_autoptr(MediaDesc) m = offer_media(c->kind, c->peer, &config);
    g_assert_cmpint(m != NULL, ==, c->want != NULL);
    if (!m)
        return;
    g_autofree char *text = media_text(m);
    g_assert_cmpstr(text, ==, c->want);
    g_assert_true(m->rtcp_mux);
    g_assert_true(m->extmap_allow_mixed);
}

static void test_features(void)
{
    static const char *const browser[] = { "http://jitsi.org/tcc", "urn:ietf:rfc:4588", "unheard:of",
                                           "urn:xmpp:jingle:apps:rtp:audio", NULL };
    static const char *const none[] = { NULL };
    g_assert_cmpuint(peer_features_from_vars(browser), ==, PEER_TCC | PEER_RTX | PEER_AUDIO);
    g_assert_cmpuint(peer_features_from_vars(none), ==, 0);
    g_assert_cmpuint(peer_features_from_vars(NULL), ==, PEER_AUDIO | PEER_VIDEO | PEER_SCTP);
}

static void test_whole_offer(void)
{
    const OfferConfig config = OFFER_CONFIG_DEFAULT;
    g_autoptr(IceTransport) t = bridge_transport();
    g_autoptr(SourceMap) sources = some_sources();
    g_autoptr(Jingle) j = offer_build("sid1", BROWSER, &config, t, 5000, sources);
    static const char *const names[] = { "audio", "video", "data" };
    g_assert_cmpuint(j->contents->len, ==, 3);
    g_assert_cmpstr(j->group_semantics, ==, "BUNDLE");
    for (guint i = 0; i < 3; i++) {
        const JingleContent *c = j->contents->pdata[i];
        g_assert_cmpstr(c->name, ==, names[i]);
        g_assert_cmpstr(j->group_names->pdata[i], ==, names[i]);
        g_assert_cmpstr(c->creator, ==, "initiator");
        g_assert_cmpstr(c->senders, ==, "both");
        g_assert_true(c->description->rtcp_mux);
        g_assert_true(c->transport->rtcp_mux);
        g_assert_cmpstr(c->transport->ufrag, ==, "9k3r1i7q");
        g_assert_cmpuint(c->transport->candidates->len, ==, 1);
        g_assert_cmpuint(c->transport->web_sockets->len, ==, 1);
        g_assert_cmpint(c->transport->sctpmap != NULL, ==, i == 2);
        g_assert_true(source_set_is_empty(c->sources)); /* JSON instead */
    }
    g_assert_cmpint(((const JingleContent *)j->contents->pdata[0])->description->maxptime, ==, 60);
    const SctpMap *map = ((const JingleContent *)j->contents->pdata[2])->transport->sctpmap;
    g_assert_cmpuint(map->port, ==, 5000);
    g_assert_cmpuint(map->streams, ==, 1024);
    g_assert_cmpstr(map->protocol, ==, "webrtc-datachannel");
    g_assert_cmpstr(j->json_message, ==,
                    "{\"sources\":{\"f0\":[[{\"s\":1001,\"n\":\"f0-v0\",\"m\":\"f0-video\"}],[],[]]}}");

    /* On the wire it is what it was built from. */
    g_autoptr(Stanza) built = jingle_build(j);
    g_autofree char *text = stanza_to_string(built);
    g_autoptr(Stanza) read = stanza_parse(text, strlen(text), NULL);
    g_autoptr(Jingle) back = jingle_parse(read, NULL);
    g_assert_true(jingle_equal(j, back));
}

static void test_forms(void)
{
    OfferConfig config = OFFER_CONFIG_DEFAULT;
    g_autoptr(IceTransport) t = bridge_transport();
    g_autoptr(SourceMap) sources = some_sources();
    PeerFeatures old = (BROWSER & ~(PeerFeatures)(PEER_JSON_SOURCES | PEER_SCTP));
    g_autoptr(Jingle) xml = offer_build("s", old, &config, t, 0, sources);
    g_assert_null(xml->json_message);
    g_assert_cmpuint(xml->contents->len, ==, 2); /* no data */
    const JingleContent *video = xml->contents->pdata[1];
    const Source *src = source_set_find(video->sources, 1001);
    g_assert_cmpstr(src->owner, ==, "f0");

    config.json_sources = config.sctp = false;
    g_autoptr(Jingle) off = offer_build("s", BROWSER, &config, t, 0, sources);
    g_assert_null(off->json_message);
    g_assert_cmpuint(off->contents->len, ==, 2);

    g_autoptr(Jingle) add = offer_source_change(JINGLE_SOURCE_ADD, "s", old, &config, sources);
    g_assert_cmpuint(add->contents->len, ==, 1);
    config.json_sources = true;
    g_autoptr(Jingle) json = offer_source_change(JINGLE_SOURCE_REMOVE, "s", BROWSER, &config, sources);
    g_assert_cmpuint(json->contents->len, ==, 0);
    g_assert_nonnull(json->json_message);
}

static void test_endpoint(void)
{
    OfferConfig config = OFFER_CONFIG_DEFAULT;
    g_autoptr(Colibri2Modify) m = colibri2_modify_new("meeting");
    const Colibri2Endpoint *e = offer_endpoint(m, "a1", BROWSER | PEER_SSRC_REWRITING | PEER_MID_DEMUX, &config);
    g_assert_null(colibri2_endpoint_check_new(e));
    g_assert_true(e->create);
    g_assert_true(e->transport->ice_controlling);
    g_assert_true(e->transport->has_sctp);
    g_assert_nonnull(e->sources);
    g_assert_true(colibri2_endpoint_has_capability(e, COLIBRI2_CAP_SOURCE_NAMES));
    g_assert_true(colibri2_endpoint_has_capability(e, COLIBRI2_CAP_SSRC_REWRITING));
    g_assert_true(colibri2_endpoint_has_capability(e, COLIBRI2_CAP_MID_DEMUX));
    /* The bridge is told exactly what the client is offered. */
    for (guint i = 0; i < e->medias->len; i++) {
        const MediaDesc *media = e->medias->pdata[i];
        g_autoptr(MediaDesc) offered = offer_media(media->kind, BROWSER, &config);
        g_assert_true(media_desc_equal(media, offered));
    }
    config.ext_mid = false; /* mid demux needs it */
    const Colibri2Endpoint *no_mid = offer_endpoint(m, "b", BROWSER | PEER_SSRC_REWRITING | PEER_MID_DEMUX, &config);
    g_assert_false(colibri2_endpoint_has_capability(no_mid, COLIBRI2_CAP_MID_DEMUX));
    const Colibri2Endpoint *plain = offer_endpoint(m, "c", PEER_AUDIO | PEER_MID_DEMUX, &config);
    g_assert_cmpuint(plain->medias->len, ==, 1);
    g_assert_false(plain->transport->has_sctp);
    g_assert_cmpuint(plain->capabilities->len, ==, 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_ROWS("/offer/media", medias, test_media);
    g_test_add_func("/offer/features", test_features);
    g_test_add_func("/offer/whole", test_whole_offer);
    g_test_add_func("/offer/forms", test_forms);
    g_test_add_func("/offer/endpoint", test_endpoint);
    return g_test_run();
}
