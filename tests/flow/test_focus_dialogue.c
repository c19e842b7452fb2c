/* SPDX-License-Identifier: Apache-2.0
 *
 * A whole call as the stanzas' payloads: what comes in is text, what goes out is compared as text. The
 * shell adds the iq around them and nothing else. */
#include "focus/conference.h"

#define FINGERPRINT "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"

typedef struct {
    ConferenceConfig config;
    Conference *c;
    guint ids;
    GPtrArray *sent; /* of char*: payloads, in order, not yet looked at */
    uint64_t serial; /* of the last request to the bridge, or the last selection */
    uint64_t request;
} Call;

static char *make_id(void *user)
{
    Call *call = user;
    return g_strdup_printf("id%u", ++call->ids);
}

static void keep(Call *call, const char *to, Stanza *payload)
{
    g_autofree char *text = stanza_to_string(payload);
    g_ptr_array_add(call->sent, g_strdup_printf("%s: %s", to, text));
    stanza_free(payload);
}

static void step(Call *call, ConfEvent ev)
{
    g_autoptr(GArray) actions = conference_actions_new();
    conference_step(call->c, &ev, actions);
    for (guint i = 0; i < actions->len; i++) {
        const ConfAction *a = &g_array_index(actions, ConfAction, i);
        if (a->serial)
            call->serial = a->serial;
        if (a->type == DO_COLIBRI)
            keep(call, a->bridge, colibri2_modify_build(a->modify));
        else if (a->type == DO_JINGLE)
            keep(call, a->member, jingle_build(a->jingle));
        else if (a->type == DO_REPLY)
            g_ptr_array_add(call->sent, g_strdup(a->ok ? "ok" : stanza_condition_name(a->condition)));
    }
}

/* The next payload that was sent must start with this. */
static void expect(Call *call, const char *start)
{
    g_assert_cmpuint(call->sent->len, >, 0);
    g_autofree char *got = g_ptr_array_steal_index(call->sent, 0);
    g_autofree char *head = g_strndup(got, strlen(start));
    g_assert_cmpstr(head, ==, start);
}

/* It must contain these texts in this order. */
static void expect_parts(Call *call, const char *const *parts)
{
    g_assert_cmpuint(call->sent->len, >, 0);
    g_autofree char *got = g_ptr_array_steal_index(call->sent, 0);
    const char *at = got;
    for (; *parts; parts++) {
        const char *found = strstr(at, *parts);
        if (!found)
            g_test_message("no \"%s\" in %s", *parts, at);
        g_assert_nonnull(found);
        at = found + strlen(*parts);
    }
}

static Stanza *xml(const char *text)
{
    g_autoptr(GError) error = NULL;
    Stanza *s = stanza_parse(text, strlen(text), &error);
    g_assert_no_error(error);
    return s;
}

static void bridge_says(Call *call, const char *member, ConfColibri kind, const char *text)
{
    g_autoptr(Stanza) s = xml(text);
    g_autoptr(Colibri2Modified) modified = colibri2_modified_parse(s, NULL);
    g_assert_nonnull(modified);
    step(call, (ConfEvent){ .type = EV_COLIBRI_ANSWER,
                            .bridge = "jvb1",
                            .member = member,
                            .serial = call->serial,
                            .colibri = kind,
                            .outcome = OUTCOME_RESULT,
                            .modified = modified });
}

static void client_says(Call *call, const char *member, const char *text)
{
    g_autoptr(Stanza) s = xml(text);
    g_autoptr(Jingle) j = jingle_parse(s, NULL);
    g_assert_nonnull(j);
    step(call, (ConfEvent){ .type = EV_JINGLE, .member = member, .jingle = j, .request = ++call->request });
}

static void come(Call *call, const char *nick, PeerFeatures features)
{
    const MemberInfo info = { .real_jid = "x@meet.example/web", .stats_id = "Ada-7Fx", .role = MEMBER_PARTICIPANT };
    step(call, (ConfEvent){ .type = EV_MEMBER_JOINED, .member = nick, .info = &info });
    step(call, (ConfEvent){ .type = EV_FEATURES, .member = nick, .features = features });
}

#define MODERN (PEER_FEATURES_UNKNOWN | PEER_TCC | PEER_RTX | PEER_JSON_SOURCES | PEER_SOURCE_NAMES)
#define SSMA "xmlns='urn:xmpp:jingle:apps:rtp:ssma:0'"
#define ALLOCATED(id)                                                                                                  \
    "<conference-modified xmlns='jitsi:colibri2'><endpoint id='" id "'><transport>"                                    \
    "<transport xmlns='urn:xmpp:jingle:transports:ice-udp:1' ufrag='u" id "' pwd='p" id "'><rtcp-mux/>"                \
    "<fingerprint xmlns='urn:xmpp:jingle:apps:dtls:0' hash='sha-256' setup='actpass'>" FINGERPRINT "</fingerprint>"    \
    "<candidate component='1' foundation='1' generation='0' id='k1' ip='203.0.113.20' network='0' port='10000'"        \
    " priority='2130706431' protocol='udp' type='host'/></transport><sctp role='server' "                              \
    "port='5000'/></transport></endpoint>"                                                                             \
    "<sources><media-source type='audio' id='jvb-a0'><source " SSMA                                                    \
    " ssrc='2814150021' name='jvb-a0'/></media-source>"                                                                \
    "<media-source type='video' id='jvb-v0'><source " SSMA                                                             \
    " ssrc='1190322277' name='jvb-v0'/></media-source></sources>"                                                      \
    "</conference-modified>"
#define ACCEPT(sid, ufrag, sources)                                                                                    \
    "<jingle xmlns='urn:xmpp:jingle:1' action='session-accept' sid='" sid "'><content name='audio'>"                   \
    "<description xmlns='urn:xmpp:jingle:apps:rtp:1' media='audio'>" sources "</description>"                          \
    "<transport xmlns='urn:xmpp:jingle:transports:ice-udp:1' ufrag='" ufrag "' pwd='secret'>"                          \
    "<fingerprint xmlns='urn:xmpp:jingle:apps:dtls:0' hash='sha-256' setup='active'>" FINGERPRINT "</fingerprint>"     \
    "</transport></content></jingle>"

#define JVB                                                                                                            \
    "\"jvb\":[[{\"s\":1190322277,\"n\":\"jvb-v0\",\"m\":\"mixedmslabel mixedlabelvideo0\"},"                           \
    "{\"s\":1190322278,\"n\":\"jvb-v1\",\"m\":\"mixedmslabel mixedlabelvideo1\"}],[],"                                 \
    "[{\"s\":2814150021,\"n\":\"jvb-a0\",\"m\":\"mixedmslabel mixedlabelaudio0\"},"                                    \
    "{\"s\":2814150022,\"n\":\"jvb-a1\",\"m\":\"mixedmslabel mixedlabelaudio1\"}]]"

static void test_call(void)
{
    Call call = { .config = CONFERENCE_CONFIG_DEFAULT };
    call.config.focus_jid = "focus@focus.meet.example/focus";
    call.c = conference_new(&call.config, "demo@conference.meet.example", make_id, &call);
    call.sent = g_ptr_array_new_with_free_func(g_free);
    step(&call, (ConfEvent){ .type = EV_REQUEST, .request = 1, .rtcstats = true });
    step(&call, (ConfEvent){ .type = EV_ROOM_JOINED, .meeting_id = "0b6c", .owner = true });
    come(&call, "a1b2c3d4", MODERN);
    come(&call, "f0e1d2c3", PEER_FEATURES_UNKNOWN);
    step(&call,
         (ConfEvent){ .type = EV_BRIDGE_SELECTED, .serial = call.serial, .bridge = "jvb1", .bridge_region = "eu" });

    /* The bridge is asked for both; the first request makes the conference. */
    expect(&call,
           "jvb1: <conference-modify xmlns=\"jitsi:colibri2\" meeting-id=\"0b6c\" name=\"demo@conference.meet.example\""
           " create=\"true\"><endpoint id=\"a1b2c3d4\" create=\"true\" stats-id=\"Ada-7Fx\"><capability "
           "name=\"source-names\"/>"
           "<media type=\"audio\"><payload-type xmlns=\"urn:xmpp:jingle:apps:rtp:1\" id=\"111\" name=\"opus\" "
           "clockrate=\"48000\""
           " channels=\"2\"><parameter name=\"minptime\" value=\"10\"/><parameter name=\"useinbandfec\" value=\"1\"/>"
           "<rtcp-fb xmlns=\"urn:xmpp:jingle:apps:rtp:rtcp-fb:0\" type=\"transport-cc\"/></payload-type>");
    uint64_t second = call.serial;
    expect(&call, "jvb1: <conference-modify xmlns=\"jitsi:colibri2\" meeting-id=\"0b6c\"><endpoint id=\"f0e1d2c3\" "
                  "create=\"true\"");
    call.serial = second - 1;
    bridge_says(&call, "a1b2c3d4", COLIBRI_ALLOCATE, ALLOCATED("a1b2c3d4"));
    expect_parts(
        &call,
        (const char *const[]){
            "a1b2c3d4: <jingle xmlns=\"urn:xmpp:jingle:1\" action=\"session-initiate\" "
            "initiator=\"focus@focus.meet.example/focus\" sid=\"id2\">",
            "<content creator=\"initiator\" name=\"audio\" senders=\"both\"><description "
            "xmlns=\"urn:xmpp:jingle:apps:rtp:1\" media=\"audio\" maxptime=\"60\">",
            "<rtcp-mux/></description><transport xmlns=\"urn:xmpp:jingle:transports:ice-udp:1\" ufrag=\"ua1b2c3d4\" "
            "pwd=\"pa1b2c3d4\"><rtcp-mux/>"
            "<fingerprint xmlns=\"urn:xmpp:jingle:apps:dtls:0\" hash=\"sha-256\" setup=\"actpass\">" FINGERPRINT
            "</fingerprint><candidate ",
            "<content creator=\"initiator\" name=\"video\" senders=\"both\">",
            "<content creator=\"initiator\" name=\"data\" senders=\"both\"><description "
            "xmlns=\"urn:xmpp:jingle:apps:rtp:1\" media=\"application\"><rtcp-mux/></description>",
            "<sctpmap xmlns=\"urn:xmpp:jingle:transports:dtls-sctp:1\" number=\"5000\" protocol=\"webrtc-datachannel\" "
            "streams=\"1024\"/></transport></content>",
            "<group xmlns=\"urn:xmpp:jingle:apps:grouping:0\" semantics=\"BUNDLE\"><content name=\"audio\"/><content "
            "name=\"video\"/><content name=\"data\"/></group>",
            "<bridge-session xmlns=\"http://jitsi.org/protocol/focus\" id=\"id1\" region=\"eu\"/>",
            "<json-message xmlns=\"http://jitsi.org/jitmeet\">{\"sources\":{" JVB "}}</json-message></jingle>", NULL });
    call.serial = second;
    bridge_says(&call, "f0e1d2c3", COLIBRI_ALLOCATE, ALLOCATED("f0e1d2c3"));
    expect_parts(&call,
                 (const char *const[]){ "f0e1d2c3: <jingle", "sid=\"id3\"", "media=\"audio\"",
                                        "<source xmlns=\"urn:xmpp:jingle:apps:rtp:ssma:0\" ssrc=\"2814150021\" "
                                        "name=\"jvb-a0\"><ssrc-info xmlns=\"http://jitsi.org/jitmeet\" owner=\"jvb\"/>"
                                        "<parameter name=\"msid\" value=\"mixedmslabel mixedlabelaudio0\"/></source>",
                                        /* a second line of each kind, which nobody sends with */
                                        "ssrc=\"2814150022\" name=\"jvb-a1\"", "\"mixedmslabel mixedlabelaudio1\"",
                                        "media=\"video\"", "ssrc=\"1190322277\"", "ssrc=\"1190322278\" name=\"jvb-v1\"",
                                        "\"mixedmslabel mixedlabelvideo1\"",
                                        "<bridge-session xmlns=\"http://jitsi.org/protocol/focus\" id=\"id1\"", NULL });

    /* One accepts: the bridge learns its address and its sources, without msid. */
    client_says(&call, "a1b2c3d4",
                ACCEPT("id2", "Zx1c",
                       "<source " SSMA
                       " ssrc='900' name='a1b2c3d4-a0'><parameter name='msid' value='m \"1\"'/></source>"));
    expect(&call, "ok");
    expect(&call, "jvb1: <conference-modify xmlns=\"jitsi:colibri2\" meeting-id=\"0b6c\"><endpoint id=\"a1b2c3d4\" "
                  "stats-id=\"Ada-7Fx\"><transport>"
                  "<transport xmlns=\"urn:xmpp:jingle:transports:ice-udp:1\" ufrag=\"Zx1c\" pwd=\"secret\"><rtcp-mux/>"
                  "<fingerprint xmlns=\"urn:xmpp:jingle:apps:dtls:0\" hash=\"sha-256\" setup=\"active\">" FINGERPRINT
                  "</fingerprint></transport></transport>"
                  "<sources><media-source type=\"audio\" id=\"a1b2c3d4-a0\"><source "
                  "xmlns=\"urn:xmpp:jingle:apps:rtp:ssma:0\" ssrc=\"900\" name=\"a1b2c3d4-a0\"/>"
                  "</media-source></sources></endpoint></conference-modify>");
    /* Then the other, without sources: it is told what it missed, in XML. */
    client_says(&call, "f0e1d2c3", ACCEPT("id3", "Qq2", ""));
    expect(&call, "ok");
    expect(&call, "jvb1: <conference-modify xmlns=\"jitsi:colibri2\" meeting-id=\"0b6c\"><endpoint id=\"f0e1d2c3\"");
    expect(&call, "f0e1d2c3: <jingle xmlns=\"urn:xmpp:jingle:1\" action=\"source-add\" "
                  "initiator=\"focus@focus.meet.example/focus\" sid=\"id3\">"
                  "<content name=\"audio\"><description xmlns=\"urn:xmpp:jingle:apps:rtp:1\" media=\"audio\">"
                  "<source xmlns=\"urn:xmpp:jingle:apps:rtp:ssma:0\" ssrc=\"900\" name=\"a1b2c3d4-a0\"><ssrc-info "
                  "xmlns=\"http://jitsi.org/jitmeet\" owner=\"a1b2c3d4\"/>"
                  "<parameter name=\"msid\" value=\"m &quot;1&quot;\"/></source></description></content></jingle>");
    /* The spare line's SSRC is the bridge's too. */
    client_says(&call, "f0e1d2c3",
                "<jingle xmlns='urn:xmpp:jingle:1' action='source-add' sid='id3'><content name='video'>"
                "<description xmlns='urn:xmpp:jingle:apps:rtp:1' media='video'><source " SSMA
                " ssrc='1190322278' name='f0e1d2c3-v0' videoType='camera'/></description></content></jingle>");
    expect(&call, "bad-request");
    /* It turns its camera on: the first is told in JSON. */
    client_says(&call, "f0e1d2c3",
                "<jingle xmlns='urn:xmpp:jingle:1' action='source-add' sid='id3'><content name='video'>"
                "<description xmlns='urn:xmpp:jingle:apps:rtp:1' media='video'><source " SSMA
                " ssrc='7' name='f0e1d2c3-v0' videoType='camera'>"
                "<parameter name='msid' value='cam'/></source></description></content></jingle>");
    expect_parts(&call, (const char *const[]){ "jvb1: ", "<media-source type=\"video\" id=\"f0e1d2c3-v0\">",
                                               "ssrc=\"7\" name=\"f0e1d2c3-v0\" videoType=\"camera\"/>", NULL });
    expect(&call, "ok");
    expect(&call, "a1b2c3d4: <jingle xmlns=\"urn:xmpp:jingle:1\" action=\"source-add\" "
                  "initiator=\"focus@focus.meet.example/focus\" sid=\"id2\">"
                  "<json-message "
                  "xmlns=\"http://jitsi.org/"
                  "jitmeet\">{\"sources\":{\"f0e1d2c3\":[[{\"s\":7,\"n\":\"f0e1d2c3-v0\",\"m\":\"cam\"}],[],[]]}}</"
                  "json-message></jingle>");
    /* ICE fails for the first: a fresh offer on the same bridge session, a new sid. */
    client_says(&call, "a1b2c3d4",
                "<jingle xmlns='urn:xmpp:jingle:1' action='session-terminate' "
                "sid='id2'><reason><connectivity-error/><text>ICE FAILED</text></reason>"
                "<bridge-session xmlns='http://jitsi.org/protocol/focus' id='id1' restart='true'/></jingle>");
    expect(&call, "ok");
    expect(&call, "jvb1: <conference-modify xmlns=\"jitsi:colibri2\" meeting-id=\"0b6c\"><endpoint id=\"a1b2c3d4\" "
                  "expire=\"true\"/></conference-modify>");
    expect(&call, "jvb1: <conference-modify xmlns=\"jitsi:colibri2\" meeting-id=\"0b6c\"><endpoint id=\"a1b2c3d4\" "
                  "create=\"true\"");
    expect_parts(&call, (const char *const[]){ "f0e1d2c3: ", "action=\"source-remove\"", "ssrc=\"900\"", NULL });
    bridge_says(&call, "a1b2c3d4", COLIBRI_ALLOCATE, ALLOCATED("a1b2c3d4"));
    expect_parts(&call, (const char *const[]){ "a1b2c3d4: ", "sid=\"id4\"", "id=\"id1\"",
                                               "{\"sources\":{\"f0e1d2c3\":[[{\"s\":7,", JVB, NULL });
    /* It is gone for good. */
    step(&call, (ConfEvent){ .type = EV_MEMBER_LEFT, .member = "a1b2c3d4" });
    expect(&call, "jvb1: <conference-modify xmlns=\"jitsi:colibri2\" meeting-id=\"0b6c\"><endpoint id=\"a1b2c3d4\" "
                  "expire=\"true\"/></conference-modify>");
    step(&call, (ConfEvent){ .type = EV_TICK, .now_ms = conference_next_due_ms(call.c) });
    expect(&call, "jvb1: <conference-modify xmlns=\"jitsi:colibri2\" meeting-id=\"0b6c\" expire=\"true\"><endpoint "
                  "id=\"f0e1d2c3\" expire=\"true\"/></conference-modify>");
    expect(&call, "f0e1d2c3: <jingle xmlns=\"urn:xmpp:jingle:1\" action=\"session-terminate\" "
                  "initiator=\"focus@focus.meet.example/focus\" sid=\"id3\">"
                  "<reason><expired/><text>Idle session timeout</text></reason></jingle>");
    g_assert_cmpuint(call.sent->len, ==, 0);
    g_ptr_array_unref(call.sent);
    conference_free(call.c);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/focus dialogue/a call", test_call);
    return g_test_run();
}
