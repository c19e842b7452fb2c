/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "focus/focus_presence.h"
#include "focus/member_presence.h"
#include "focus/request_limiter.h"
#include "tests/fakes/rows.h"

typedef struct {
    const char *name, *json;
    int audio, video; /* -1: not to be believed */
} InfoCase;

static const InfoCase infos[] = {
    { "empty", "{}", 0, 0 },
    { "muted by default", "{\"a-a0\":{}}", 0, 0 },
    { "unmuted",
      "{\"a-a0\":{\"muted\":false},\"a-v0\":{\"muted\":false},\"a-v1\":{\"muted\":false,\"videoType\":\"desktop\"}}", 1,
      2 },
    { "muted", "{\"a-a0\":{\"muted\":true},\"a-v0\":{\"muted\":false}}", 0, 1 },
    { "media type wins", "{\"a-v0\":{\"muted\":false,\"mediaType\":\"audio\"}}", 1, 0 },
    { "name without dash", "{\"audio\":{\"muted\":false}}", 0, 0 },
    { "muted is no boolean", "{\"a-a0\":{\"muted\":\"false\"}}", 0, 0 },
    { "unknown video type", "{\"a-v0\":{\"muted\":false,\"videoType\":\"hologram\"}}", -1, 0 },
    { "entry is no object", "{\"a-v0\":1}", -1, 0 },
    { "not an object", "[]", -1, 0 },
    { "not json", "{", -1, 0 },
    { "nothing", "", -1, 0 },
    { "too deep", "{\"a\":{\"b\":{\"c\":{}}}}", -1, 0 },
    { "depth in a string is none", "{\"a-a0\":{\"muted\":false,\"x\":\"[[[[{{{{\\\"\"}}", 1, 0 },
};

static void test_info(gconstpointer data)
{
    const InfoCase *c = data;
    guint audio = 77, video = 77;
    gboolean ok = member_source_info_count(c->json, &audio, &video);
    g_assert_cmpint(ok, ==, c->audio >= 0);
    g_assert_cmpint(audio, ==, ok ? (guint)c->audio : 77);
    g_assert_cmpint(video, ==, ok ? (guint)c->video : 77);
}

static void test_info_limits(void)
{
    guint audio = 0, video = 0;
    GString *json = g_string_new("{");
    for (guint i = 0; i < MEMBER_MAX_SOURCES; i++)
        g_string_append_printf(json, "%s\"a-a%u\":{\"muted\":false}", i ? "," : "", i);
    g_autofree char *most = g_strconcat(json->str, "}", NULL);
    g_autofree char *more = g_strconcat(json->str, ",\"a-v0\":{}}", NULL);
    g_assert_true(member_source_info_count(most, &audio, &video));
    g_assert_cmpuint(audio, ==, MEMBER_MAX_SOURCES);
    g_assert_false(member_source_info_count(more, &audio, &video));
    g_string_free(json, TRUE);
    g_autofree char *nested = g_strnfill(MEMBER_MAX_SOURCE_INFO, '[');
    g_assert_false(member_source_info_count(nested, &audio, &video));
    g_autofree char *longer = g_strnfill(MEMBER_MAX_SOURCE_INFO + 1, ' ');
    g_assert_false(member_source_info_count(longer, &audio, &video));
}

typedef struct {
    const char *name, *xml, *real_jid;
    MucAffiliation affiliation;
    MucRole role;
    MemberRole want_role;
    MemberKind want_kind;
} PresenceCase;

#define FEATURE(x) "<presence><features><feature var='http://jitsi.org/protocol/" x "'/></features></presence>"

static const PresenceCase presences[] = {
    { "owner", "<presence/>", "a@d/1", MUC_AFFILIATION_OWNER, MUC_ROLE_MODERATOR, MEMBER_OWNER, MEMBER_USER },
    { "admin", "<presence/>", "a@d/1", MUC_AFFILIATION_ADMIN, MUC_ROLE_VISITOR, MEMBER_MODERATOR, MEMBER_USER },
    { "moderator", "<presence/>", "a@d/1", MUC_AFFILIATION_NONE, MUC_ROLE_MODERATOR, MEMBER_MODERATOR, MEMBER_USER },
    { "participant", "<presence/>", "a@d/1", MUC_AFFILIATION_MEMBER, MUC_ROLE_PARTICIPANT, MEMBER_PARTICIPANT,
      MEMBER_USER },
    { "visitor", "<presence/>", "a@d/1", MUC_AFFILIATION_NONE, MUC_ROLE_VISITOR, MEMBER_VISITOR, MEMBER_USER },
    { "jibri of a trusted domain", FEATURE("jibri"), "r@recorder.d/1", MUC_AFFILIATION_NONE, MUC_ROLE_PARTICIPANT,
      MEMBER_PARTICIPANT, MEMBER_JIBRI },
    { "jibri of any domain", FEATURE("jibri"), "r@d/1", MUC_AFFILIATION_NONE, MUC_ROLE_PARTICIPANT, MEMBER_PARTICIPANT,
      MEMBER_USER },
    { "jibri of nobody knows where", FEATURE("jibri"), "", MUC_AFFILIATION_NONE, MUC_ROLE_PARTICIPANT,
      MEMBER_PARTICIPANT, MEMBER_USER },
    { "trusted local part is no trusted domain", FEATURE("jigasi"), "recorder.d@evil/recorder.d", MUC_AFFILIATION_NONE,
      MUC_ROLE_PARTICIPANT, MEMBER_PARTICIPANT, MEMBER_USER },
    { "jigasi", FEATURE("jigasi"), "r@recorder.d/1", MUC_AFFILIATION_NONE, MUC_ROLE_PARTICIPANT, MEMBER_PARTICIPANT,
      MEMBER_JIGASI },
    { "transcriber", FEATURE("transcriber"), "r@recorder.d/1", MUC_AFFILIATION_NONE, MUC_ROLE_PARTICIPANT,
      MEMBER_PARTICIPANT, MEMBER_TRANSCRIBER },
};

static const char *const trusted[] = { "recorder.d", NULL };

static void test_presence(gconstpointer data)
{
    const PresenceCase *c = data;
    g_autoptr(Stanza) s = stanza_parse(c->xml, strlen(c->xml), NULL);
    MucOccupant o = { .jid = "r@c/n",
                      .nick = "n",
                      .real_jid = c->real_jid,
                      .affiliation = c->affiliation,
                      .role = c->role,
                      .presence = s };
    MemberPresence p = { 0 };
    member_presence_read(&p, &o, trusted);
    g_assert_cmpint(p.info.role, ==, c->want_role);
    g_assert_cmpint(p.info.kind, ==, c->want_kind);
    member_presence_clear(&p);
}

static void test_presence_texts(void)
{
    const char *first = "<presence><stats-id>Ada-x</stats-id><jitsi_participant_region>eu</jitsi_participant_region>"
                        "<jitsi_participant_diarize>true</jitsi_participant_diarize>"
                        "<SourceInfo>{\"n-a0\":{\"muted\":false}}</SourceInfo></presence>";
    g_autofree char *big = g_strnfill(MEMBER_MAX_TEXT + 1, 'x');
    g_autofree char *second =
        g_strdup_printf("<presence><stats-id>%s</stats-id><SourceInfo>{\"n</SourceInfo></presence>", big);
    const char *third = "<presence><audiomuted>false</audiomuted><videomuted>true</videomuted></presence>";
    const char *all[] = { first, second, third };
    MemberPresence p = { 0 };
    for (guint i = 0; i < G_N_ELEMENTS(all); i++) {
        g_autoptr(Stanza) s = stanza_parse(all[i], strlen(all[i]), NULL);
        g_assert_nonnull(s);
        MucOccupant o = { .jid = "r@c/n", .nick = "n", .real_jid = "", .presence = s };
        member_presence_read(&p, &o, trusted);
        g_assert_cmpstr(p.info.stats_id, ==, i == 0 ? "Ada-x" : NULL);
        g_assert_cmpstr(p.info.region, ==, i == 0 ? "eu" : NULL);
        g_assert_cmpint(p.info.diarize, ==, i == 0);
        g_assert_cmpuint(p.info.audio_senders, ==, 1); /* the second's text is broken: the old count stays */
        g_assert_cmpuint(p.info.video_senders, ==, 0);
    }
    member_presence_clear(&p);
}

static void test_limiter(void)
{
    g_autoptr(RequestLimiter) l = request_limiter_new(2, 3);
    int64_t now_ms = 1000;
    for (int i = 0; i < 3; i++)
        g_assert_true(request_limiter_allow(l, "a", now_ms));
    g_assert_false(request_limiter_allow(l, "a", now_ms));
    g_assert_true(request_limiter_allow(l, "b", now_ms));
    g_assert_false(request_limiter_allow(l, "a", now_ms + 499));
    g_assert_true(request_limiter_allow(l, "a", now_ms + 500));
    g_assert_false(request_limiter_allow(l, "a", now_ms + 501));
    for (int i = 0; i < 3; i++) /* never more than the burst */
        g_assert_true(request_limiter_allow(l, "a", now_ms + 3600000));
    g_assert_false(request_limiter_allow(l, "a", now_ms + 3600000));
}

static void test_limiter_bounded(void)
{
    g_autoptr(RequestLimiter) l = request_limiter_new(1, 2);
    char name[16];
    for (guint i = 0; i < REQUEST_LIMITER_MAX_SENDERS; i++) {
        g_snprintf(name, sizeof(name), "s%u", i);
        g_assert_true(request_limiter_allow(l, name, 5000));
    }
    g_assert_true(request_limiter_allow(l, "x", 5000)); /* the shared bucket: two of them */
    g_assert_true(request_limiter_allow(l, "y", 5000));
    g_assert_false(request_limiter_allow(l, "z", 5000));
    g_assert_cmpuint(request_limiter_size(l), ==, REQUEST_LIMITER_MAX_SENDERS);
    g_assert_true(request_limiter_allow(l, "z", 60000)); /* idle ones were forgotten */
    g_assert_cmpuint(request_limiter_size(l), ==, 1);
}

static void test_publish(void)
{
    ConfPresence p = { .bridge_count = 2, .video_limit_reached = true };
    for (int i = 0; i < 2; i++) {
        p.bridge_not_available = i == 1;
        Stanza *presence = stanza_new("presence", NULL);
        g_autoptr(GPtrArray) all = focus_presence_build(stanza_new("c", "caps"), "demo", "1.0", &p);
        for (guint k = 0; k < all->len; k++)
            stanza_adopt(presence, all->pdata[k]);
        g_autofree char *text = stanza_to_string(presence);
        g_autofree char *want = g_strconcat(
            "<presence><c xmlns=\"caps\"/><etherpad xmlns=\"http://jitsi.org/jitmeet/etherpad\">demo</etherpad>"
            "<versions xmlns=\"http://jitsi.org/jitmeet\"><component name=\"focus\">1.0</component></versions>"
            "<conference-properties xmlns=\"http://jitsi.org/protocol/focus\">"
            "<property key=\"support-terminate-restart\" value=\"true\"/><property key=\"bridge-count\" value=\"2\"/>"
            "<property key=\"visitors-enabled\" value=\"false\"/><property key=\"audio-limit-reached\" "
            "value=\"false\"/>"
            "<property key=\"video-limit-reached\" value=\"true\"/></conference-properties>",
            i ? "<bridgeNotAvailable xmlns=\"http://jitsi.org/protocol/focus\"/>" : "", "</presence>", NULL);
        g_assert_cmpstr(text, ==, want);
        stanza_free(presence);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_ROWS("/focus/source-info", infos, test_info);
    ADD_ROWS("/focus/member-presence", presences, test_presence);
    g_test_add_func("/focus/source-info/limits", test_info_limits);
    g_test_add_func("/focus/member-presence/texts", test_presence_texts);
    g_test_add_func("/focus/limiter/tokens", test_limiter);
    g_test_add_func("/focus/limiter/bounded", test_limiter_bounded);
    g_test_add_func("/focus/presence/published", test_publish);
    return g_test_run();
}
