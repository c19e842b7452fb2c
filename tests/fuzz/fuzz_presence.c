/* SPDX-License-Identifier: Apache-2.0
 *
 * What a member's presence and disco answer may hold, a bridge's presence, an error of a stanza and one of the stream:
 * any XML as each, any text as SourceInfo and as address. Counts stay within the limits, so do texts and numbers; an
 * address that is accepted reads the same when written and read again. */
#include <stdint.h>
#include <string.h>
#include "common/xmpp/disco.h"
#include "common/xmpp/link_trouble.h"
#include "focus/bridge_pool.h"
#include "focus/member_presence.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_source_info(const char *text)
{
    guint audio = 77, video = 78;
    if (member_source_info_count(text, &audio, &video))
        g_assert_cmpuint(audio + video, <=, 2 * MEMBER_MAX_SOURCES);
    else
        g_assert_true(audio == 77 && video == 78);
}

static void check_address(const char *text)
{
    g_autoptr(Jid) jid = jid_parse(text), room = jid_parse_room(text), occupant = jid_parse_occupant(text);
    g_autofree char *bare = jid_text_bare(text);
    g_assert_nonnull(bare);
    g_assert_true(!room || !occupant); /* a room has no resource, an occupant has one */
    if (!jid)
        return;
    g_autofree char *full =
        jid->resource && *jid->resource ? g_strdup_printf("%s/%s", jid->bare, jid->resource) : g_strdup(jid->bare);
    g_autoptr(Jid) again = jid_parse(full);
    g_assert_true(again && jid_equal(jid, again));
}

static void check_presence(const Stanza *s)
{
    static const char *const trusted[] = { "recorder.example", NULL };
    const char *real = stanza_get(s, "from");
    MucOccupant occupant = { .jid = "r@c/n", .nick = "n", .real_jid = real ? real : "", .presence = s };
    MemberPresence p = { 0 };
    for (int i = 0; i < 2; i++) { /* the second reads over the first */
        member_presence_read(&p, &occupant, trusted);
        g_assert_true(!p.region || strlen(p.region) <= MEMBER_MAX_TEXT);
        g_assert_true(!p.stats_id || strlen(p.stats_id) <= MEMBER_MAX_TEXT);
        g_assert_cmpuint(p.info.audio_senders + p.info.video_senders, <=, 2 * MEMBER_MAX_SOURCES);
    }
    member_presence_clear(&p);
    g_autofree char *ver = caps_ver(s);
    g_assert_true(!ver || strlen(ver) == 28); /* base64 of SHA-1 */
}

static void check_bridge(const Stanza *s)
{
    const BridgePoolConfig config = BRIDGE_POOL_CONFIG_DEFAULT;
    g_autoptr(BridgePool) pool = bridge_pool_new(&config);
    for (int i = 0; i < 2; i++) {
        BridgeChange change = bridge_pool_presence(pool, "x", s, 1000 + i);
        const Bridge *b = bridge_pool_find(pool, "x");
        g_assert_true(i == 0 ? change == BRIDGE_ADDED || change == BRIDGE_FAILED : change == BRIDGE_SEEN);
        g_assert_true(b->stress >= 0 && b->stress <= 100 && b->average_participant_stress >= 0);
        g_assert_true(strlen(b->version) <= 256 && strlen(b->region) <= 256 && strlen(b->relay_id) <= 256);
        g_assert_cmpint(b->seen_ms, ==, 1000 + i);
    }
}

static void check_errors(const Stanza *s)
{
    StanzaErrorInfo info;
    stanza_error_read(s, &info);
    g_assert_cmpuint(info.condition, <, STANZA_N_CONDITIONS);
    g_assert_true(strlen(info.text) <= STANZA_ERROR_MAX_TEXT && memchr(info.type, 0, sizeof(info.type)));
    stanza_error_info_clear(&info);
    for (LinkTrouble kind = LINK_TROUBLE_STREAM; kind <= LINK_TROUBLE_COMPONENT; kind++) {
        g_autofree char *said = link_trouble_read(kind, s);
        g_assert_true(g_utf8_validate(said, -1, NULL) && !strpbrk(said, "\r\n\t\033"));
        g_assert_cmpuint(strlen(said), <, 8 * LINK_TROUBLE_TEXT_MAX);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    check_source_info(text);
    check_address(text);
    g_autoptr(Stanza) s = stanza_parse((const char *)data, size, NULL);
    if (s) {
        check_presence(s);
        check_bridge(s);
        check_errors(s);
    }
    return 0;
}
