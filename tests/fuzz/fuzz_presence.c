/* SPDX-License-Identifier: Apache-2.0
 *
 * What a member's presence and disco answer may hold: any XML as both, any text as SourceInfo and as address.
 * Counts stay within the limits; an address that is accepted reads the same when written and read again. */
#include <stdint.h>
#include <string.h>
#include "common/xmpp/disco.h"
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    check_source_info(text);
    check_address(text);
    g_autoptr(Stanza) s = stanza_parse((const char *)data, size, NULL);
    if (s)
        check_presence(s);
    return 0;
}
