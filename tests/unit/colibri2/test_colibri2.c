/* SPDX-License-Identifier: Apache-2.0 */
#include "common/colibri2/colibri2.h"
#include "tests/fakes/rows.h"

#define SHA256 "3C:05:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:9E"
#define MEETING "5f0c8e1e-2b1d-4a0a-9c55-0c7a51"
#define MODIFY(attributes, x)                                                                                          \
    "<conference-modify xmlns='jitsi:colibri2' meeting-id='" MEETING "' " attributes ">" x "</conference-modify>"
#define SSMA "xmlns='urn:xmpp:jingle:apps:rtp:ssma:0'"

static Stanza *xml(const char *text)
{
    g_autoptr(GError) error = NULL;
    Stanza *s = stanza_parse(text, strlen(text), &error);
    g_assert_no_error(error);
    return s;
}

static Colibri2Modify *parse_modify(const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Stanza) s = xml(text);
    Colibri2Modify *m = colibri2_modify_parse(s, &error);
    g_assert_no_error(error);
    return m;
}

static Colibri2Modified *parse_modified(const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Stanza) s = xml(text);
    Colibri2Modified *m = colibri2_modified_parse(s, &error);
    g_assert_no_error(error);
    return m;
}

static char *modify_text(const Colibri2Modify *m)
{
    g_autoptr(Stanza) s = colibri2_modify_build(m);
    return stanza_to_string(s);
}

static char *modified_text(const Colibri2Modified *m)
{
    g_autoptr(Stanza) s = colibri2_modified_build(m);
    return stanza_to_string(s);
}

/* --- round trips: what was read, written and read again is the same text ------------------------- */

#define EXAMPLE_A                                                                                                      \
    MODIFY(                                                                                                            \
        "name='standup@conference.meet.example' create='true'",                                                        \
        "<endpoint id='a1b2c3d4' create='true' stats-id='Rosa-k9Q'>"                                                   \
        "<capability name='source-names'/><capability name='ssrc-rewriting'/><capability name='rtp-mid-demux'/>"       \
        "<media type='audio'><payload-type xmlns='urn:xmpp:jingle:apps:rtp:1' id='111' name='opus' clockrate='48000' " \
        "channels='2'>"                                                                                                \
        "<parameter name='minptime' value='10'/><parameter name='useinbandfec' value='1'/>"                            \
        "<rtcp-fb xmlns='urn:xmpp:jingle:apps:rtp:rtcp-fb:0' type='transport-cc'/></payload-type>"                     \
        "<rtp-hdrext xmlns='urn:xmpp:jingle:apps:rtp:rtp-hdrext:0' id='1' "                                            \
        "uri='urn:ietf:params:rtp-hdrext:ssrc-audio-level'/>"                                                          \
        "<extmap-allow-mixed xmlns='urn:xmpp:jingle:apps:rtp:rtp-hdrext:0'/></media>"                                  \
        "<media type='video'><payload-type xmlns='urn:xmpp:jingle:apps:rtp:1' id='100' name='VP8' clockrate='90000'>"  \
        "<rtcp-fb xmlns='urn:xmpp:jingle:apps:rtp:rtcp-fb:0' type='ccm' subtype='fir'/>"                               \
        "<rtcp-fb xmlns='urn:xmpp:jingle:apps:rtp:rtcp-fb:0' type='nack' subtype='pli'/></payload-type>"               \
        "<payload-type xmlns='urn:xmpp:jingle:apps:rtp:1' id='96' name='rtx' clockrate='90000'><parameter name='apt' " \
        "value='100'/></payload-type>"                                                                                 \
        "</media><transport ice-controlling='true'><sctp/></transport><sources/></endpoint>")

#define EXAMPLE_C                                                                                                      \
    MODIFY("",                                                                                                         \
           "<endpoint id='a1b2c3d4'><transport>"                                                                       \
           "<transport xmlns='urn:xmpp:jingle:transports:ice-udp:1' ufrag='Xy7/' pwd='Q2hWn8vKt4mR0sLpE6aZbYcD'>"      \
           "<fingerprint xmlns='urn:xmpp:jingle:apps:dtls:0' hash='sha-256' setup='active' required='false'>" SHA256   \
           "</fingerprint>"                                                                                            \
           "<candidate component='1' foundation='842163049' generation='0' id='z1' ip='192.0.2.55' network='1' "       \
           "port='51544'"                                                                                              \
           " priority='1677729535' protocol='udp' type='srflx' rel-addr='10.3.0.8' "                                   \
           "rel-port='51544'/></transport></transport>"                                                                \
           "<sources><media-source type='audio' id='a1b2c3d4-a0'><source " SSMA                                        \
           " ssrc='1001' name='a1b2c3d4-a0'/></media-source>"                                                          \
           "<media-source type='video' id='a1b2c3d4-v0'><source " SSMA                                                 \
           " ssrc='2001' name='a1b2c3d4-v0' videoType='camera'/>"                                                      \
           "<source " SSMA " ssrc='2002' name='a1b2c3d4-v0'/><source " SSMA " ssrc='2101' name='a1b2c3d4-v0'/>"        \
           "<source " SSMA " ssrc='2102' name='a1b2c3d4-v0'/>"                                                         \
           "<ssrc-group " SSMA " semantics='SIM'><source ssrc='2001'/><source ssrc='2002'/></ssrc-group>"              \
           "<ssrc-group " SSMA " semantics='FID'><source ssrc='2001'/><source ssrc='2101'/></ssrc-group>"              \
           "<ssrc-group " SSMA                                                                                         \
           " semantics='FID'><source ssrc='2002'/><source ssrc='2102'/></ssrc-group></media-source></sources>"         \
           "</endpoint>")

#define EXAMPLE_G1                                                                                                     \
    MODIFY("", "<relay id='fra-2' create='true' mesh-id='0'><media type='audio'/>"                                     \
               "<transport ice-controlling='true' use-unique-port='true'><sctp role='client'/></transport>"            \
               "<endpoints><endpoint id='99aa00bb' create='true' stats-id='Ibra-z0z'><sources>"                        \
               "<media-source type='audio' id='99aa00bb-a0' synthetic='true'><source " SSMA                            \
               " ssrc='7001'/></media-source>"                                                                         \
               "</sources></endpoint><endpoint id='77cc' expire='true'/></endpoints></relay>")

static const struct {
    const char *name, *xml;
} examples[] = {
    { "A create", EXAMPLE_A },
    { "B visitor",
      MODIFY("",
             "<endpoint id='e5f6a7b8' create='true' muc-role='visitor' diarize='true'><capability name='source-names'/>"
             "<media type='audio'/><transport ice-controlling='true'/><initial-last-n value='0'/></endpoint>") },
    { "C transport and sources", EXAMPLE_C },
    { "E mute two", MODIFY("", "<endpoint id='a1b2c3d4'><force-mute audio='true'/></endpoint>"
                               "<endpoint id='e5f6a7b8'><force-mute audio='true' video='true'/></endpoint>") },
    { "F expire two", MODIFY("expire='true' rtcstats-enabled='false'",
                             "<endpoint id='a1' expire='true'/><endpoint id='b2' expire='true'/>") },
    { "G1 relay", EXAMPLE_G1 },
    { "ice restart", MODIFY("", "<endpoint id='a1' stats-id='x'><transport ice-restart='true'/></endpoint>") },
    { "connects", MODIFY("", "<connects><connect id='c1' url='wss://x.example/' protocol='mediajson' type='recorder' "
                             "audio='true' create='true'/></connects>") },
};

static void test_example(gconstpointer data)
{
    const char *const *example = data;
    g_autoptr(Colibri2Modify) m = parse_modify(example[1]);
    g_autofree char *once = modify_text(m);
    g_autoptr(Colibri2Modify) again = parse_modify(once);
    g_autofree char *twice = modify_text(again);
    g_assert_cmpstr(once, ==, twice);
    /* Nothing of the example got lost: elements and attributes are as many as before. */
    guint before = 0, after = 0;
    for (const char *p = example[1]; (p = strchr(p, '=')); p++)
        before++;
    for (const char *p = once; (p = strchr(p, '=')); p++)
        after++;
    g_test_message("%s", once);
    for (const char *p = once; (p = strstr(p, "xmlns")); p++)
        after--;
    for (const char *p = example[1]; (p = strstr(p, "xmlns")); p++)
        before--;
    g_assert_cmpuint(before, ==, after);
}

static void test_example_a(void)
{
    g_autoptr(Colibri2Modify) m = parse_modify(EXAMPLE_A);
    g_assert_cmpstr(m->meeting_id, ==, MEETING);
    g_assert_cmpstr(m->name, ==, "standup@conference.meet.example");
    g_assert_true(m->create);
    g_assert_false(m->expire);
    g_assert_true(m->rtcstats_enabled);
    g_assert_cmpuint(m->endpoints->len, ==, 1);
    const Colibri2Endpoint *e = m->endpoints->pdata[0];
    g_assert_cmpstr(e->id, ==, "a1b2c3d4");
    g_assert_cmpstr(e->stats_id, ==, "Rosa-k9Q");
    g_assert_true(e->create);
    g_assert_true(colibri2_endpoint_has_capability(e, COLIBRI2_CAP_SSRC_REWRITING));
    g_assert_false(colibri2_endpoint_has_capability(e, COLIBRI2_CAP_PRIVATE_ADDRESSES));
    g_assert_cmpuint(e->medias->len, ==, 2);
    const MediaDesc *audio = e->medias->pdata[0];
    g_assert_true(audio->extmap_allow_mixed);
    g_assert_true(e->transport->ice_controlling);
    g_assert_true(e->transport->has_sctp);
    g_assert_cmpint(e->transport->sctp_port, ==, -1);
    g_assert_null(e->transport->ice);
    g_assert_cmpuint(e->sources->media_sources->len, ==, 0);
    g_assert_cmpint(e->initial_last_n, ==, COLIBRI2_NO_LAST_N);
    g_assert_null(colibri2_modify_check(m));
    g_assert_null(colibri2_endpoint_check_new(e));
    g_assert_false(colibri2_modify_accepts_unknown(m));
}

static void test_sources_to_set_and_back(void)
{
    g_autoptr(Colibri2Modify) m = parse_modify(EXAMPLE_C);
    const Colibri2Endpoint *e = m->endpoints->pdata[0];
    g_autoptr(SourceSet) set = colibri2_sources_to_set(e->sources);
    g_assert_cmpuint(set->sources->len, ==, 5);
    g_assert_cmpuint(set->groups->len, ==, 3);
    g_assert_cmpint(source_set_find(set, 2001)->video_type, ==, VIDEO_TYPE_CAMERA);
    g_autoptr(Colibri2Sources) back = colibri2_sources_from_set(set, "a1b2c3d4");
    g_autoptr(SourceSet) again = colibri2_sources_to_set(back);
    g_assert_true(source_set_equal(set, again));
    g_assert_cmpuint(back->media_sources->len, ==, 2);
    g_autoptr(Colibri2Sources) copy = colibri2_sources_copy(e->sources);
    g_autoptr(SourceSet) copied = colibri2_sources_to_set(copy);
    g_assert_true(source_set_equal(set, copied));
}

static void test_sources_without_names(void)
{
    /* The repair stream has no name of its own: it goes where its partner is. A lone one gets v0 or a0. */
    g_autoptr(SourceSet) set = source_set_new();
    uint32_t fid[] = { 1, 2 };
    source_set_add_source(set, MEDIA_VIDEO, 1, "x-v1", "m", VIDEO_TYPE_DESKTOP);
    source_set_add_source(set, MEDIA_VIDEO, 2, NULL, "m", VIDEO_TYPE_UNSET);
    source_set_add_source(set, MEDIA_AUDIO, 3, NULL, "k", VIDEO_TYPE_UNSET);
    source_set_add_group(set, MEDIA_VIDEO, GROUP_FID, fid, 2);
    g_autoptr(Colibri2Sources) s = colibri2_sources_from_set(set, "x");
    g_assert_cmpuint(s->media_sources->len, ==, 2);
    const Colibri2MediaSource *video = s->media_sources->pdata[0], *audio = s->media_sources->pdata[1];
    g_assert_cmpstr(video->id, ==, "x-v1");
    g_assert_cmpuint(video->set->sources->len, ==, 2);
    g_assert_cmpuint(video->set->groups->len, ==, 1);
    g_assert_cmpstr(audio->id, ==, "x-a0");
}

/* --- answers ------------------------------------------------------------------------------------ */

static void test_answer(void)
{
    g_autoptr(Colibri2Modified) m = colibri2_modified_new();
    Colibri2Endpoint *e = colibri2_modified_add_endpoint(m, "a1b2c3d4");
    e->transport = colibri2_transport_new();
    e->transport->ice = ice_transport_new();
    ice_transport_set_credentials(e->transport->ice, "4t0s", "6m1p");
    ice_transport_add_fingerprint(e->transport->ice, "sha-256", SHA256, DTLS_ACTPASS);
    e->transport->ice->ice_generation = 3;
    e->transport->has_sctp = true;
    e->transport->sctp_role = SCTP_ROLE_SERVER;
    e->transport->sctp_port = 5000;
    colibri2_modified_add_endpoint(m, "gone")->expire = true;
    m->sources = colibri2_sources_new();
    source_set_add_source(colibri2_sources_add(m->sources, MEDIA_AUDIO, "jvb-a0")->set, MEDIA_AUDIO, 2814150021u,
                          "jvb-a0", NULL, VIDEO_TYPE_UNSET);
    g_autofree char *text = modified_text(m);
    g_assert_cmpstr(
        text, ==,
        "<conference-modified xmlns=\"jitsi:colibri2\"><endpoint id=\"a1b2c3d4\"><transport>"
        "<transport xmlns=\"urn:xmpp:jingle:transports:ice-udp:1\" ice-generation=\"3\" ufrag=\"4t0s\" pwd=\"6m1p\">"
        "<fingerprint xmlns=\"urn:xmpp:jingle:apps:dtls:0\" hash=\"sha-256\" setup=\"actpass\">" SHA256 "</fingerprint>"
        "</transport><sctp role=\"server\" port=\"5000\"/></transport></endpoint>"
        "<endpoint id=\"gone\" expire=\"true\"/><sources><media-source type=\"audio\" id=\"jvb-a0\">"
        "<source xmlns=\"urn:xmpp:jingle:apps:rtp:ssma:0\" ssrc=\"2814150021\" name=\"jvb-a0\"/>"
        "</media-source></sources></conference-modified>");
    g_autoptr(Colibri2Modified) back = parse_modified(text);
    g_autofree char *again = modified_text(back);
    g_assert_cmpstr(again, ==, text);
    const Colibri2Endpoint *found = colibri2_modified_find(back, "a1b2c3d4");
    g_assert_cmpint(found->transport->sctp_port, ==, 5000);
    g_assert_true(ice_transport_equal(found->transport->ice, e->transport->ice));
    g_assert_null(colibri2_modified_find(back, "nobody"));
    g_assert_true(colibri2_modified_find(back, "gone")->expire);
}

static void test_empty_answer(void)
{
    g_autoptr(Colibri2Modified) m = parse_modified(
        "<conference-modified xmlns='jitsi:colibri2'><relay id='fra-2' expire='true'/></conference-modified>");
    g_assert_null(m->sources);
    g_assert_cmpuint(m->endpoints->len, ==, 0);
    g_assert_true(((const Colibri2Relay *)m->relays->pdata[0])->expire);
}

/* --- checks before processing ----------------------------------------------------------------------- */

typedef struct {
    const char *name, *xml;
    StanzaCondition condition; /* UNDEFINED: passes */
    Colibri2Reason reason;
    int accepts_unknown; /* 0, 1; -1 not asked */
} CheckCase;

#define FNI STANZA_FEATURE_NOT_IMPLEMENTED, COLIBRI2_REASON_FEATURE_NOT_IMPLEMENTED
#define FINE STANZA_UNDEFINED_CONDITION, COLIBRI2_REASON_NONE
static const CheckCase checks[] = {
    { "nothing", MODIFY("", ""), FINE, 1 },
    { "endpoint and relay", MODIFY("", "<endpoint id='a'/><relay id='r'/>"), FNI, -1 },
    { "two relays", MODIFY("", "<relay id='r'/><relay id='s'/>"), FNI, -1 },
    { "one relay", MODIFY("", "<relay id='r'/>"), FINE, 0 },
    { "expire a relay", MODIFY("", "<relay id='r' expire='true'/>"), FINE, 1 },
    { "batch expire", MODIFY("", "<endpoint id='a' expire='true'/><endpoint id='b' expire='true'/>"), FINE, 1 },
    { "batch mute", MODIFY("", "<endpoint id='a'><force-mute/></endpoint><endpoint id='b'/>"), FINE, 1 },
    { "batch create", MODIFY("", "<endpoint id='a' create='true'/><endpoint id='b' expire='true'/>"), FNI, 0 },
    { "batch sources", MODIFY("", "<endpoint id='a'/><endpoint id='b'><sources/></endpoint>"), FNI, 0 },
    { "batch transport", MODIFY("", "<endpoint id='a'><transport/></endpoint><endpoint id='b'/>"), FNI, 0 },
    { "batch media", MODIFY("", "<endpoint id='a'><media type='audio'/></endpoint><endpoint id='b'/>"), FNI, 0 },
    { "one update", MODIFY("", "<endpoint id='a'><sources/></endpoint>"), FINE, 0 },
    { "create, good name", MODIFY("create='true' name='r@muc.example'", ""), FINE, -1 },
    { "create, no name", MODIFY("create='true'", ""), FINE, -1 },
    { "create, no local part", MODIFY("create='true' name='muc.example'", ""), STANZA_BAD_REQUEST, COLIBRI2_REASON_NONE,
      -1 },
    { "create, with nick", MODIFY("create='true' name='r@muc.example/x'", ""), STANZA_BAD_REQUEST, COLIBRI2_REASON_NONE,
      -1 },
    { "create, no jid", MODIFY("create='true' name='r@'", ""), STANZA_BAD_REQUEST, COLIBRI2_REASON_NONE, -1 },
    { "bad name without create", MODIFY("name='r@'", ""), FINE, -1 },
};

static void test_check(gconstpointer data)
{
    const CheckCase *c = data;
    g_autoptr(Colibri2Modify) m = parse_modify(c->xml);
    g_autoptr(Colibri2Error) e = colibri2_modify_check(m);
    g_assert_cmpint(e ? e->condition : STANZA_UNDEFINED_CONDITION, ==, c->condition);
    g_assert_cmpint(e ? e->reason : COLIBRI2_REASON_NONE, ==, c->reason);
    if (c->accepts_unknown >= 0)
        g_assert_cmpint(colibri2_modify_accepts_unknown(m), ==, c->accepts_unknown);
}

#define NEW(attributes, x) MODIFY("", "<endpoint id='a' create='true' " attributes ">" x "</endpoint>")
#define NAMES "<capability name='source-names'/>"
static const CheckCase new_endpoints[] = {
    { "minimal", NEW("", NAMES "<transport/>"), FINE },
    { "no transport", NEW("", NAMES), STANZA_BAD_REQUEST },
    { "no source names", NEW("", "<transport/>"), STANZA_BAD_REQUEST },
    { "visitor with sources",
      NEW("muc-role='visitor'", NAMES "<transport/><sources><media-source type='audio' id='x'/></sources>"),
      STANZA_BAD_REQUEST },
    { "visitor, empty sources", NEW("muc-role='visitor'", NAMES "<transport/><sources/>"), FINE },
    { "sctp server 5000", NEW("", NAMES "<transport><sctp role='server' port='5000'/></transport>"), FINE },
    { "sctp client", NEW("", NAMES "<transport><sctp role='client'/></transport>"), FNI },
    { "sctp other port", NEW("", NAMES "<transport><sctp port='5001'/></transport>"), STANZA_BAD_REQUEST },
};

static void test_new_endpoint(gconstpointer data)
{
    const CheckCase *c = data;
    g_autoptr(Colibri2Modify) m = parse_modify(c->xml);
    g_autoptr(Colibri2Error) e = colibri2_endpoint_check_new(m->endpoints->pdata[0]);
    g_assert_cmpint(e ? e->condition : STANZA_UNDEFINED_CONDITION, ==, c->condition);
    g_assert_cmpint(e ? e->reason : COLIBRI2_REASON_NONE, ==, c->reason);
}

/* --- errors ------------------------------------------------------------------------------------- */

static void test_error_text(void)
{
    g_autoptr(Colibri2Error) e = colibri2_error_new(STANZA_ITEM_NOT_FOUND, COLIBRI2_REASON_CONFERENCE_NOT_FOUND,
                                                    "Conference not found for ID: %s", "5f0c8e1e");
    g_autoptr(Stanza) s = colibri2_error_build(e);
    g_assert_cmpstr(stanza_get(s, "type"), ==, "cancel");
    g_assert_nonnull(stanza_find(s, "item-not-found", NS_STANZAS));
    g_assert_cmpstr(stanza_get(stanza_find(s, "error", NS_COLIBRI2), "reason"), ==, "conference_not_found");
    g_autofree char *text = stanza_text(stanza_find(s, "text", NS_STANZAS));
    g_assert_cmpstr(text, ==, "Conference not found for ID: 5f0c8e1e");
}

static void test_errors_back(void)
{
    static const StanzaCondition conditions[] = { STANZA_BAD_REQUEST, STANZA_CONFLICT, STANZA_SERVICE_UNAVAILABLE,
                                                  STANZA_ITEM_NOT_FOUND };
    for (guint c = 0; c < G_N_ELEMENTS(conditions); c++) {
        for (guint r = COLIBRI2_REASON_NONE; r <= COLIBRI2_REASON_UNKNOWN_ENDPOINT; r++) {
            g_autoptr(Colibri2Error) e = colibri2_error_new(conditions[c], (Colibri2Reason)r, "why");
            if (r == COLIBRI2_REASON_UNKNOWN_ENDPOINT)
                e->endpoint_id = g_strdup("a1");
            g_autoptr(Stanza) iq = xml("<iq xmlns='jabber:client' type='error'/>");
            stanza_adopt(iq, colibri2_error_build(e));
            g_autofree char *text = stanza_to_string(iq);
            g_autoptr(Stanza) reread = xml(text);
            g_autoptr(Colibri2Error) back = colibri2_error_parse(reread);
            g_assert_cmpint(back->condition, ==, e->condition);
            g_assert_cmpint(back->reason, ==, e->reason);
            g_assert_cmpstr(back->text, ==, "why");
            g_assert_cmpstr(back->endpoint_id, ==, e->endpoint_id);
        }
    }
}

static void test_errors_odd(void)
{
    static const char *const odd[] = {
        "<iq type='error'/>",
        "<iq type='error'><error/></iq>",
        "<iq type='error'><error><error xmlns='jitsi:colibri2'/></error></iq>",
        "<iq type='error'><error><error xmlns='jitsi:colibri2' reason='brand_new'/></error></iq>",
    };
    for (guint i = 0; i < G_N_ELEMENTS(odd); i++) {
        g_autoptr(Stanza) s = xml(odd[i]);
        g_autoptr(Colibri2Error) e = colibri2_error_parse(s);
        g_assert_cmpint(e->condition, ==, STANZA_UNDEFINED_CONDITION);
        g_assert_cmpint(e->reason, ==, i < 2 ? COLIBRI2_REASON_NONE : COLIBRI2_REASON_UNSPECIFIED);
    }
}

/* --- refusals ----------------------------------------------------------------------------------- */

static const struct {
    const char *name, *xml, *text;
} refused[] = {
    { "no meeting id", "<conference-modify xmlns='jitsi:colibri2'/>", "Missing meeting-id." },
    { "empty meeting id", "<conference-modify xmlns='jitsi:colibri2' meeting-id=''/>", "Missing meeting-id." },
    { "endpoint without id", MODIFY("", "<endpoint/>"), "Missing endpoint id." },
    { "relay without id", MODIFY("", "<relay/>"), "Missing relay id." },
    { "media type", MODIFY("", "<endpoint id='a'><media type='smell'/></endpoint>"), "Invalid media type." },
    { "media without type", MODIFY("", "<endpoint id='a'><media/></endpoint>"), "Invalid media type." },
    { "media-source type", MODIFY("", "<endpoint id='a'><sources><media-source id='x'/></sources></endpoint>"),
      "Invalid media-source type." },
    { "media-source id", MODIFY("", "<endpoint id='a'><sources><media-source type='audio'/></sources></endpoint>"),
      "Missing media-source id." },
    { "ssrc",
      MODIFY("", "<endpoint id='a'><sources><media-source type='audio' id='x'><source "
                 "ssrc='x'/></media-source></sources></endpoint>"),
      "Invalid SSRC: x." },
    { "sctp role", MODIFY("", "<endpoint id='a'><transport><sctp role='boss'/></transport></endpoint>"),
      "Invalid SCTP role." },
    { "sctp port", MODIFY("", "<endpoint id='a'><transport><sctp port='70000'/></transport></endpoint>"),
      "Invalid SCTP port." },
    { "last n", MODIFY("", "<endpoint id='a'><initial-last-n value='-3'/></endpoint>"), "Invalid initial-last-n." },
    { "relayed endpoint", MODIFY("", "<relay id='r'><endpoints><endpoint/></endpoints></relay>"),
      "Missing endpoint id." },
    { "fingerprint",
      MODIFY("", "<endpoint id='a'><transport><transport xmlns='urn:xmpp:jingle:transports:ice-udp:1'>"
                 "<fingerprint hash='sha-256' setup='sideways'>" SHA256
                 "</fingerprint></transport></transport></endpoint>"),
      "Invalid DTLS setup." },
};

static void test_refused(gconstpointer data)
{
    const char *const *c = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(Stanza) s = xml(c[1]);
    g_assert_null(colibri2_modify_parse(s, &error));
    g_assert_error(error, JINGLE_ERROR, JINGLE_ERROR_BAD_REQUEST);
    g_assert_cmpstr(error->message, ==, c[2]);
}

static void test_limits(void)
{
    g_autoptr(GError) error = NULL;
    GString *text = g_string_new("<conference-modify xmlns='jitsi:colibri2' meeting-id='m'>");
    for (guint i = 0; i <= COLIBRI2_MAX_ENDPOINTS; i++)
        g_string_append_printf(text, "<endpoint id='%u' expire='true'/>", i);
    g_string_append(text, "</conference-modify>");
    g_autoptr(Stanza) s = xml(text->str);
    g_assert_null(colibri2_modify_parse(s, &error));
    g_assert_cmpstr(error->message, ==, "Too many endpoints.");
    g_string_free(text, TRUE);
}

/* --- notifications ---------------------------------------------------------------------------- */

#define NOTIFICATION(attributes, x)                                                                                    \
    "<conference-notification xmlns='jitsi:colibri2' " attributes ">" x "</conference-notification>"

static const struct {
    const char *name, *text, *error; /* error NULL: accepted */
    guint n;
} notifications[] = {
    { "two",
      NOTIFICATION("meeting-id='m'", "<notification id='a' type='ice_failed' description='gone' ufrag='u1'/>"
                                     "<other/><notification id='b' type='connect_failed'/>"),
      NULL, 2 },
    { "none", NOTIFICATION("meeting-id='m'", ""), NULL, 0 },
    { "no meeting", NOTIFICATION("", "<notification id='a' type='ice_failed'/>"), "meeting-id", 0 },
    { "no id", NOTIFICATION("meeting-id='m'", "<notification type='ice_failed'/>"), "notification id", 0 },
    { "no type", NOTIFICATION("meeting-id='m'", "<notification id='a'/>"), "Bad", 0 },
    { "another element", "<conference-modify xmlns='jitsi:colibri2' meeting-id='m'/>", "No conference", 0 },
};

static void test_notification(gconstpointer data)
{
    const __typeof__(*notifications) *one = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(Stanza) s = xml(one->text);
    g_autoptr(Colibri2Notification) n = colibri2_notification_parse(s, &error);
    if (one->error) {
        g_assert_null(n);
        g_assert_nonnull(strstr(error->message, one->error));
        return;
    }
    g_assert_no_error(error);
    g_assert_cmpuint(n->notices->len, ==, one->n);
    g_autoptr(Stanza) built = colibri2_notification_build(n);
    g_autoptr(Colibri2Notification) back = colibri2_notification_parse(built, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(back->meeting_id, ==, "m");
    for (guint i = 0; i < one->n; i++) {
        const Colibri2Notice *a = n->notices->pdata[i], *b = back->notices->pdata[i];
        g_assert_cmpstr(a->endpoint_id, ==, b->endpoint_id);
        g_assert_cmpstr(a->type, ==, b->type);
        g_assert_cmpstr(a->description, ==, b->description);
        g_assert_cmpstr(a->ufrag, ==, b->ufrag);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_ROWS("/colibri2/example", examples, test_example);
    ADD_ROWS("/colibri2/check", checks, test_check);
    ADD_ROWS("/colibri2/new endpoint", new_endpoints, test_new_endpoint);
    ADD_ROWS("/colibri2/refused", refused, test_refused);
    ADD_ROWS("/colibri2/notification", notifications, test_notification);
    g_test_add_func("/colibri2/example A", test_example_a);
    g_test_add_func("/colibri2/sources to set and back", test_sources_to_set_and_back);
    g_test_add_func("/colibri2/sources without names", test_sources_without_names);
    g_test_add_func("/colibri2/answer", test_answer);
    g_test_add_func("/colibri2/empty answer", test_empty_answer);
    g_test_add_func("/colibri2/error/text", test_error_text);
    g_test_add_func("/colibri2/error/back", test_errors_back);
    g_test_add_func("/colibri2/error/odd", test_errors_odd);
    g_test_add_func("/colibri2/limits", test_limits);
    return g_test_run();
}
