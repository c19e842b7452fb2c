/* SPDX-License-Identifier: Apache-2.0 */
#include "common/jingle/jingle.h"
#include "tests/fakes/rows.h"

#define SHA256 "3C:05:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:9E"

static Stanza *xml(const char *text)
{
    g_autoptr(GError) error = NULL;
    Stanza *s = stanza_parse(text, strlen(text), &error);
    g_assert_no_error(error);
    return s;
}

static Jingle *parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Stanza) s = xml(text);
    Jingle *j = jingle_parse(s, &error);
    g_assert_no_error(error);
    return j;
}

/* parse(build(x)) equals x, through text so that namespaces are really written. */
static void assert_round_trip(const Jingle *j)
{
    g_autoptr(Stanza) built = jingle_build(j);
    g_autofree char *text = stanza_to_string(built);
    g_autoptr(Jingle) back = parse(text);
    g_test_message("%s", text);
    g_assert_true(jingle_equal(j, back));
}

/* --- whole messages ----------------------------------------------------------------------------- */

static const char session_accept[] =
    "<jingle xmlns='urn:xmpp:jingle:1' action='session-accept' initiator='demo@conference.meet.example/focus'"
    " responder='9ae1b2@meet.example/xyz' sid='5l2kq8v0n1a7'>"
    "<group xmlns='urn:xmpp:jingle:apps:grouping:0' semantics='BUNDLE'><content name='audio'/><content "
    "name='video'/></group>"
    "<content creator='responder' name='audio' senders='both'>"
    "<description xmlns='urn:xmpp:jingle:apps:rtp:1' media='audio' maxptime='60'>"
    "<payload-type id='111' name='opus' clockrate='48000' channels='2'><parameter name='minptime' value='10'/>"
    "<rtcp-fb xmlns='urn:xmpp:jingle:apps:rtp:rtcp-fb:0' type='transport-cc'/></payload-type>"
    "<source xmlns='urn:xmpp:jingle:apps:rtp:ssma:0' ssrc='900123' name='a1b2c3d4-a0'>"
    "<parameter name='msid' value='a1b2c3d4-audio-0-1 2f6e-1'/></source><rtcp-mux/>"
    "<rtp-hdrext xmlns='urn:xmpp:jingle:apps:rtp:rtp-hdrext:0' id='1' "
    "uri='urn:ietf:params:rtp-hdrext:ssrc-audio-level'/>"
    "</description>"
    "<transport xmlns='urn:xmpp:jingle:transports:ice-udp:1' ufrag='Zx1c' pwd='secretsecretsecretsecret'>"
    "<fingerprint xmlns='urn:xmpp:jingle:apps:dtls:0' hash='sha-256' setup='active'>" SHA256
    "</fingerprint></transport>"
    "</content>"
    "<content creator='responder' name='video' senders='both'>"
    "<initial-last-n xmlns='jitsi:colibri2' value='20'/>"
    "<description xmlns='urn:xmpp:jingle:apps:rtp:1' media='video'>"
    "<source xmlns='urn:xmpp:jingle:apps:rtp:ssma:0' ssrc='5001' name='a1b2c3d4-v0' videoType='camera'>"
    "<parameter name='msid' value='a1b2c3d4-video-0-1 9c'/></source>"
    "<source xmlns='urn:xmpp:jingle:apps:rtp:ssma:0' ssrc='5002' name='a1b2c3d4-v0'>"
    "<parameter name='msid' value='a1b2c3d4-video-0-1 9c'/></source>"
    "<ssrc-group xmlns='urn:xmpp:jingle:apps:rtp:ssma:0' semantics='FID'><source ssrc='5001'/><source "
    "ssrc='5002'/></ssrc-group>"
    "</description><transport xmlns='urn:xmpp:jingle:transports:ice-udp:1' ufrag='Zx1c' "
    "pwd='secretsecretsecretsecret'/>"
    "</content>"
    "<content creator='responder' name='data'><transport xmlns='urn:xmpp:jingle:transports:ice-udp:1'>"
    "<sctpmap xmlns='urn:xmpp:jingle:transports:dtls-sctp:1' number='5000' protocol='webrtc-datachannel' "
    "streams='1024'/>"
    "</transport></content></jingle>";

static void test_session_accept(void)
{
    g_autoptr(Jingle) j = parse(session_accept);
    g_assert_cmpint(j->action, ==, JINGLE_SESSION_ACCEPT);
    g_assert_cmpstr(j->sid, ==, "5l2kq8v0n1a7");
    g_assert_cmpuint(j->contents->len, ==, 3);
    const JingleContent *audio = j->contents->pdata[0];
    g_assert_cmpint(audio->description->maxptime, ==, 60);
    g_assert_true(audio->description->rtcp_mux);
    const PayloadType *opus = audio->description->payload_types->pdata[0];
    g_assert_cmpuint(opus->clockrate, ==, 48000);
    g_assert_cmpuint(opus->channels, ==, 2);
    g_assert_cmpstr(payload_type_parameter(opus, "minptime"), ==, "10");
    g_assert_true(payload_type_has_feedback(opus, "transport-cc", NULL));
    const IceTransport *t = jingle_first_transport(j);
    g_assert_cmpstr(t->ufrag, ==, "Zx1c");
    const DtlsFingerprint *f = t->fingerprints->pdata[0];
    g_assert_cmpint(f->setup, ==, DTLS_ACTIVE);
    g_assert_cmpint(f->required, ==, -1);
    g_assert_cmpint(jingle_initial_last_n(j), ==, 20);
    g_autoptr(SourceSet) all = jingle_collect_sources(j);
    g_assert_cmpuint(all->sources->len, ==, 3);
    g_assert_cmpuint(all->groups->len, ==, 1);
    const Source *video = source_set_find(all, 5001);
    g_assert_cmpstr(video->name, ==, "a1b2c3d4-v0");
    g_assert_cmpstr(video->msid, ==, "a1b2c3d4-video-0-1 9c");
    g_assert_cmpint(video->video_type, ==, VIDEO_TYPE_CAMERA);
    const JingleContent *data = j->contents->pdata[2];
    g_assert_null(data->description);
    g_assert_cmpuint(data->transport->sctpmap->port, ==, 5000);
    g_assert_cmpuint(data->transport->sctpmap->streams, ==, 1024);
    assert_round_trip(j);
}

static void test_repeated_names(void)
{
    /* Contents may repeat a name, lack creator and senders, and take the kind from the name. */
    g_autoptr(Jingle) j =
        parse("<jingle xmlns='urn:xmpp:jingle:1' action='addsource' sid='s'>"
              "<content name='video'><description xmlns='urn:xmpp:jingle:apps:rtp:1'>"
              "<source xmlns='urn:xmpp:jingle:apps:rtp:ssma:0' ssrc='1' videoType='desktop_high_fps'/>"
              "</description></content>"
              "<content name='video'><description xmlns='urn:xmpp:jingle:apps:rtp:1' media='video'>"
              "<source xmlns='urn:xmpp:jingle:apps:rtp:ssma:0' ssrc='2'/></description></content></jingle>");
    g_assert_cmpint(j->action, ==, JINGLE_SOURCE_ADD);
    g_autoptr(SourceSet) all = jingle_collect_sources(j);
    g_assert_cmpuint(all->sources->len, ==, 2);
    const Source *first = all->sources->pdata[0];
    g_assert_cmpint(first->kind, ==, MEDIA_VIDEO);
    g_assert_cmpint(first->video_type, ==, VIDEO_TYPE_DESKTOP);
    assert_round_trip(j);
}

static void test_terminate(void)
{
    g_autoptr(Jingle) j =
        parse("<jingle xmlns='urn:xmpp:jingle:1' action='session-terminate' sid='s'>"
              "<reason><connectivity-error/><text>ICE FAILED</text></reason>"
              "<bridge-session xmlns='http://jitsi.org/protocol/focus' id='0d6b' restart='true'/></jingle>");
    g_assert_cmpint(j->reason, ==, JINGLE_REASON_CONNECTIVITY_ERROR);
    g_assert_cmpstr(j->reason_text, ==, "ICE FAILED");
    g_assert_cmpstr(j->bridge_session_id, ==, "0d6b");
    g_assert_true(j->restart);
    g_assert_false(j->ice_restart);
    assert_round_trip(j);
}

static void test_odd_reason(void)
{
    g_autoptr(Jingle) j = parse("<jingle xmlns='urn:xmpp:jingle:1' action='session-terminate' sid='s'>"
                                "<reason><text>t</text><alternative-session/></reason></jingle>");
    g_assert_cmpint(j->reason, ==, JINGLE_REASON_OTHER);
    g_assert_cmpstr(j->reason_text, ==, "t");
    g_assert_false(j->has_bridge_session);
    g_autoptr(Jingle) alone = parse("<jingle xmlns='urn:xmpp:jingle:1' action='session-terminate' sid='s'>"
                                    "<reason>odd<text>t</text></reason></jingle>");
    g_assert_cmpint(alone->reason, ==, JINGLE_REASON_OTHER);
    g_assert_cmpstr(alone->reason_text, ==, "t");
}

static void test_session_info(void)
{
    g_autoptr(Jingle) restart =
        parse("<jingle xmlns='urn:xmpp:jingle:1' action='session-info' sid='s'>"
              "<bridge-session xmlns='http://jitsi.org/protocol/focus' id='x' ice-restart='true'/></jingle>");
    g_assert_true(restart->ice_restart);
    assert_round_trip(restart);
    g_autoptr(Jingle) legacy = parse("<jingle xmlns='urn:xmpp:jingle:1' action='session-info' sid='s'>"
                                     "<ice-state xmlns='http://jitsi.org/protocol/focus'>failed</ice-state></jingle>");
    g_assert_cmpstr(legacy->ice_state, ==, "failed");
    assert_round_trip(legacy);
}

static void test_transport_info(void)
{
    g_autoptr(Jingle) j = parse(
        "<jingle xmlns='urn:xmpp:jingle:1' action='transport-info' sid='s'>"
        "<content creator='initiator' name='audio'><transport xmlns='urn:xmpp:jingle:transports:ice-udp:1' "
        "ice-generation='1'"
        " ufrag='n1' pwd='n2'><candidate component='1' foundation='2' generation='0' id='c2' ip='198.51.100.9' "
        "network='0'"
        " port='10000' priority='1677724415' protocol='UDP' type='srflx' rel-addr='10.0.0.7' rel-port='10000'/>"
        "<candidate component='1' foundation='3' ip='198.51.100.9' port='0' priority='5' protocol='tcp' type='host' "
        "tcptype='active'/>"
        "<candidate ip='198.51.100.9' port='0' priority='5' protocol='udp' type='host'/>"
        "<candidate ip='198.51.100.9' port='9' priority='5' protocol='udp' type='martian'/>"
        "<candidate port='9' priority='5' protocol='udp' type='host'/></transport></content>"
        "<content name='application'><transport xmlns='urn:xmpp:jingle:transports:ice-udp:1'/></content></jingle>");
    const IceTransport *t = jingle_first_transport(j);
    g_assert_cmpint(t->ice_generation, ==, 1);
    g_assert_cmpuint(t->candidates->len, ==, 2); /* the other three are of no use */
    const IceCandidate *c = t->candidates->pdata[0];
    g_assert_cmpint(c->type, ==, ICE_SRFLX);
    g_assert_cmpstr(c->protocol, ==, "udp");
    g_assert_cmpuint(c->rel_port, ==, 10000);
    g_assert_cmpstr(((const IceCandidate *)t->candidates->pdata[1])->tcptype, ==, "active");
    assert_round_trip(j);
}

/* The offer's shape: everything a builder can write at once. */
static void test_built_offer(void)
{
    g_autoptr(Jingle) j = jingle_new(JINGLE_SESSION_INITIATE, "5l2kq8v0n1a7");
    j->initiator = g_strdup("focus@auth.meet.example/focus");
    IceTransport *t = ice_transport_new();
    ice_transport_set_credentials(t, "9k3r1i7q", "2q0s22ch");
    t->rtcp_mux = true;
    IceCandidate *c = ice_transport_add_candidate(t, ICE_HOST, "1", "udp", "203.0.113.7", 10000, 2130706431);
    c->id = g_strdup("c1");
    c->network = 0;
    DtlsFingerprint *f = ice_transport_add_fingerprint(t, "SHA-256", SHA256, DTLS_ACTPASS);
    f->required = 0;
    f->cryptex = true;
    ice_transport_add_web_socket(t, "wss://meet.example/colibri-ws/jvb1/5a6b/a1?pwd=1&x='\"<");
    MediaDesc *audio = media_desc_new(MEDIA_AUDIO);
    audio->maxptime = 60;
    audio->rtcp_mux = audio->extmap_allow_mixed = true;
    PayloadType *red = media_desc_add_payload(audio, 112, "red", 48000, 2);
    payload_type_add_parameter(red, NULL, "111/111");
    media_desc_add_extension(audio, 10, "urn:ietf:params:rtp-hdrext:sdes:mid");
    MediaDesc *video = media_desc_new(MEDIA_VIDEO);
    PayloadType *h264 = media_desc_add_payload(video, 107, "H264", 90000, 0);
    payload_type_add_parameter(h264, "profile-level-id", "42e01f;level-asymmetry-allowed=1;packetization-mode=1;");
    payload_type_add_feedback(h264, "nack", "pli");
    jingle_add_content(j, "audio", audio, t)->senders = g_strdup("both");
    JingleContent *v = jingle_add_content(j, "video", video, ice_transport_copy(t));
    v->creator = g_strdup("initiator");
    IceTransport *with_sctp = ice_transport_copy(t);
    ice_transport_set_sctpmap(with_sctp, 5000, 1024);
    MediaDesc *application = media_desc_new(MEDIA_APPLICATION);
    application->rtcp_mux = true;
    jingle_add_content(j, "data", application, with_sctp);
    jingle_set_bundle(j);
    j->has_startmuted = j->startmuted_audio = true;
    j->has_bridge_session = true;
    j->bridge_session_id = g_strdup("0d6b0f6e");
    j->bridge_session_region = g_strdup("eu-central-1");
    j->json_message = g_strdup("{\"sources\":{\"a\\\"<&\":[[],[],[]]}}");
    assert_round_trip(j);

    g_autoptr(SourceMap) m = source_map_new();
    g_autoptr(SourceSet) s = source_set_new();
    uint32_t fid[] = { 1001, 1002 };
    source_set_add_source(s, MEDIA_VIDEO, 1001, "f0-v0", "f0-video", VIDEO_TYPE_CAMERA);
    source_set_add_source(s, MEDIA_VIDEO, 1002, "f0-v0", "f0-video", VIDEO_TYPE_UNSET);
    source_set_add_group(s, MEDIA_VIDEO, GROUP_FID, fid, 2);
    source_map_set(m, "f0", s);
    jingle_add_sources_xml(j, m);
    g_assert_cmpuint(j->contents->len, ==, 3);
    g_assert_true(source_set_equal(v->sources, s));
    assert_round_trip(j);
}

/* What a client selects by: the exact text of a source-add in XML. */
static void test_source_add_text(void)
{
    g_autoptr(SourceMap) m = source_map_new();
    g_autoptr(SourceSet) s = source_set_new();
    source_set_add_source(s, MEDIA_AUDIO, 4294967295u, "f0-a0", "ms id", VIDEO_TYPE_UNSET);
    source_map_set(m, "f0", s);
    g_autoptr(Jingle) j = jingle_new(JINGLE_SOURCE_ADD, "s");
    jingle_add_sources_xml(j, m);
    g_autoptr(Stanza) built = jingle_build(j);
    g_autofree char *text = stanza_to_string(built);
    g_assert_cmpstr(text, ==,
                    "<jingle xmlns=\"urn:xmpp:jingle:1\" action=\"source-add\" sid=\"s\"><content name=\"audio\">"
                    "<description xmlns=\"urn:xmpp:jingle:apps:rtp:1\" media=\"audio\">"
                    "<source xmlns=\"urn:xmpp:jingle:apps:rtp:ssma:0\" ssrc=\"4294967295\" name=\"f0-a0\">"
                    "<ssrc-info xmlns=\"http://jitsi.org/jitmeet\" owner=\"f0\"/>"
                    "<parameter name=\"msid\" value=\"ms id\"/></source></description></content></jingle>");
}

/* --- refusals ----------------------------------------------------------------------------------- */

#define CONTENT(x)                                                                                                     \
    "<jingle xmlns='urn:xmpp:jingle:1' action='source-add' sid='s'><content name='video'>" x "</content></jingle>"
#define DESCRIPTION(x) CONTENT("<description xmlns='urn:xmpp:jingle:apps:rtp:1' media='video'>" x "</description>")
#define TRANSPORT(attributes, x)                                                                                       \
    CONTENT("<transport xmlns='urn:xmpp:jingle:transports:ice-udp:1' " attributes ">" x "</transport>")
#define LONG16 "0123456789abcdef"
#define LONG128 LONG16 LONG16 LONG16 LONG16 LONG16 LONG16 LONG16 LONG16

static const struct {
    const char *name, *xml, *text;
} refused[] = {
    { "no action", "<jingle xmlns='urn:xmpp:jingle:1' sid='s'/>", "Missing 'action'" },
    { "payload type 128", DESCRIPTION("<payload-type id='128'/>"), "Invalid payload type id." },
    { "payload type without id", DESCRIPTION("<payload-type name='VP8'/>"), "Invalid payload type id." },
    { "clockrate text", DESCRIPTION("<payload-type id='1' clockrate='x'/>"), "Invalid clockrate." },
    { "channels 256", DESCRIPTION("<payload-type id='1' channels='256'/>"), "Invalid number of channels." },
    { "ssrc 0", DESCRIPTION("<source ssrc='0'/>"), "Invalid SSRC: 0." },
    { "ssrc -1", DESCRIPTION("<source ssrc='-1'/>"), "Invalid SSRC: -1." },
    { "ssrc 2^32", DESCRIPTION("<source ssrc='4294967296'/>"), "Invalid SSRC: 4294967296." },
    { "ssrc missing", DESCRIPTION("<source/>"), "Invalid SSRC: ." },
    { "ssrc words", DESCRIPTION("<source ssrc='12 apples'/>"), "Invalid SSRC: 12 apples." },
    { "videoType", DESCRIPTION("<source ssrc='1' videoType='hologram'/>"), "Unknown videoType." },
    { "semantics", DESCRIPTION("<ssrc-group semantics='FEC-FR'><source ssrc='1'/></ssrc-group>"),
      "Unknown ssrc-group semantics." },
    { "no semantics", DESCRIPTION("<ssrc-group><source ssrc='1'/></ssrc-group>"), "Unknown ssrc-group semantics." },
    { "group member 0", DESCRIPTION("<ssrc-group semantics='SIM'><source ssrc='0'/></ssrc-group>"),
      "Invalid SSRC: 0." },
    { "msid 257 bytes", DESCRIPTION("<source ssrc='1'><parameter name='msid' value='x" LONG128 LONG128 "'/></source>"),
      "Invalid msid." },
    { "msid with control", DESCRIPTION("<source ssrc='1'><parameter name='msid' value='a&#9;b'/></source>"),
      "Invalid msid." },
    { "name 129 bytes", DESCRIPTION("<source ssrc='1' name='x" LONG128 "'/>"), "Invalid source name." },
    { "source of no kind",
      "<jingle xmlns='urn:xmpp:jingle:1' action='source-add' sid='s'><content name='smell'>"
      "<description xmlns='urn:xmpp:jingle:apps:rtp:1'><source ssrc='1'/></description></content></jingle>",
      "Sources of an unknown media type." },
    { "ufrag alone", TRANSPORT("ufrag='x'", ""), "Invalid ICE credentials." },
    { "pwd alone", TRANSPORT("pwd='x'", ""), "Invalid ICE credentials." },
    { "ufrag with space", TRANSPORT("ufrag='x y' pwd='z'", ""), "Invalid ICE credentials." },
    { "ufrag 257 bytes", TRANSPORT("ufrag='x" LONG128 LONG128 "' pwd='z'", ""), "Invalid ICE credentials." },
    { "generation", TRANSPORT("ice-generation='-1'", ""), "Invalid ice-generation." },
    { "fingerprint hash", TRANSPORT("", "<fingerprint hash='md5' setup='active'>AB</fingerprint>"),
      "Unsupported fingerprint hash." },
    { "fingerprint without hash", TRANSPORT("", "<fingerprint setup='active'>AB</fingerprint>"),
      "Unsupported fingerprint hash." },
    { "fingerprint setup", TRANSPORT("", "<fingerprint hash='sha-256' setup='holdconn'>" SHA256 "</fingerprint>"),
      "Invalid DTLS setup." },
    { "fingerprint short", TRANSPORT("", "<fingerprint hash='sha-1' setup='active'>AB:CD</fingerprint>"),
      "Invalid fingerprint." },
    { "fingerprint no hex",
      TRANSPORT("",
                "<fingerprint hash='sha-1'>XX:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44</fingerprint>"),
      "Invalid fingerprint." },
    { "sctp port 0", TRANSPORT("", "<sctpmap number='0'/>"), "Invalid SCTP port." },
};

static void test_refused(gconstpointer data)
{
    const char *const *c = data; /* name, xml, text */
    g_autoptr(GError) error = NULL;
    g_autoptr(Stanza) s = xml(c[1]);
    g_assert_null(jingle_parse(s, &error));
    g_assert_error(error, JINGLE_ERROR, JINGLE_ERROR_BAD_REQUEST);
    g_assert_cmpstr(error->message, ==, c[2]);
}

static void assert_too_many(const char *head, const char *element, guint n, const char *tail, const char *text)
{
    g_autoptr(GError) error = NULL;
    GString *built = g_string_new(head);
    g_auto(GStrv) around = g_strsplit(element, "%u", 2);
    for (guint i = 0; i < n; i++)
        g_string_append_printf(built, "%s%u%s", around[0], i + 1, around[1]);
    g_string_append(built, tail);
    g_autoptr(Stanza) s = xml(built->str);
    g_assert_null(jingle_parse(s, &error));
    g_assert_error(error, JINGLE_ERROR, JINGLE_ERROR_BAD_REQUEST);
    g_assert_cmpstr(error->message, ==, text);
    g_string_free(built, TRUE);
}

static void test_limits(void)
{
#define HEAD "<jingle xmlns='urn:xmpp:jingle:1' action='source-add' sid='s'>"
#define HEAD_DESC HEAD "<content name='video'><description xmlns='urn:xmpp:jingle:apps:rtp:1' media='video'>"
#define TAIL_DESC "</description></content></jingle>"
    assert_too_many(HEAD_DESC, "<source ssrc='%u'/>", SOURCE_SET_MAX_SOURCES + 1, TAIL_DESC, "Too many sources.");
    assert_too_many(HEAD_DESC, "<ssrc-group semantics='SIM'><source ssrc='%u'/></ssrc-group>",
                    SOURCE_SET_MAX_GROUPS + 1, TAIL_DESC, "Too many ssrc-groups.");
    assert_too_many(HEAD_DESC "<ssrc-group semantics='SIM'>", "<source ssrc='%u'/>", SOURCE_GROUP_MAX + 1,
                    "</ssrc-group>" TAIL_DESC, "Too many sources in an ssrc-group.");
    assert_too_many(HEAD_DESC, "<payload-type id='7' name='%u'/>", MEDIA_MAX_PAYLOAD_TYPES + 1, TAIL_DESC,
                    "Too many payload types.");
    assert_too_many(HEAD, "<content name='video%u'/>", JINGLE_MAX_CONTENTS + 1, "</jingle>", "Too many contents.");
    /* Spread over contents, the sources still count together. */
    assert_too_many(HEAD,
                    "<content name='video'><description xmlns='urn:xmpp:jingle:apps:rtp:1'><source "
                    "ssrc='%u'/></description></content>",
                    SOURCE_SET_MAX_SOURCES + 1, "</jingle>", "Too many sources.");
    assert_too_many(HEAD "<content name='video'><transport xmlns='urn:xmpp:jingle:transports:ice-udp:1'>",
                    "<candidate ip='192.0.2.1' port='%u' priority='1' protocol='udp' type='host'/>",
                    ICE_MAX_CANDIDATES + 1, "</transport></content></jingle>", "Too many candidates.");
}

static void test_unknown_action(void)
{
    g_autoptr(Jingle) j = parse("<jingle xmlns='urn:xmpp:jingle:1' action='session-dance' sid='s'/>");
    g_assert_cmpint(j->action, ==, JINGLE_UNKNOWN);
    g_autoptr(Jingle) no_sid = parse("<jingle xmlns='urn:xmpp:jingle:1' action='content-modify'/>");
    g_assert_cmpint(no_sid->action, ==, JINGLE_CONTENT_MODIFY);
    g_assert_cmpstr(no_sid->sid, ==, "");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/jingle/session-accept", test_session_accept);
    g_test_add_func("/jingle/repeated names", test_repeated_names);
    g_test_add_func("/jingle/terminate", test_terminate);
    g_test_add_func("/jingle/odd reason", test_odd_reason);
    g_test_add_func("/jingle/session-info", test_session_info);
    g_test_add_func("/jingle/transport-info", test_transport_info);
    g_test_add_func("/jingle/built offer", test_built_offer);
    g_test_add_func("/jingle/source-add text", test_source_add_text);
    g_test_add_func("/jingle/unknown action", test_unknown_action);
    g_test_add_func("/jingle/limits", test_limits);
    ADD_ROWS("/jingle/refused", refused, test_refused);
    return g_test_run();
}
