/* SPDX-License-Identifier: Apache-2.0
 *
 * Any story of a conference with up to four people and three bridges, two bytes an event. The world it
 * plays in (tests/flow/conference_world.h) checks each action; in the end everything asked must have been
 * answered, once. */
#include "tests/flow/conference_script.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_EVENTS 400

/* M a member, N another, B a bridge, 1 a small number. */
static const char *const templates[] = {
    "request 1",
    "came M json",
    "came M",
    "came M json rewriting",
    "came M audio-only",
    "came M visitor",
    "joined M",
    "features M json",
    "changed M owner",
    "changed M audio=1 video=1",
    "left M",
    "left M switching",
    "selected B",
    "no-bridge",
    "bridge-available",
    "bridge-lost B",
    "bridge-lost B reachable",
    "expired B",
    "allocated M",
    "allocated M",
    "allocated M no-transport",
    "alloc-timeout M",
    "alloc-bad M",
    "alloc-error M bad-request",
    "alloc-error M conflict",
    "alloc-error M item-not-found",
    "alloc-error M item-not-found conference_not_found",
    "alloc-error M service-unavailable graceful_shutdown",
    "update-error M conflict",
    "update-error M item-not-found conference_not_found",
    "update-error M item-not-found unknown_endpoint",
    "update-timeout M",
    "restarted M gen=1",
    "restarted M none",
    "endpoint-lost M",
    "endpoint-lost M nameless",
    "invited M ok",
    "invited M error",
    "invited M timeout",
    "accept M v1/m v2/m F1,2 a3",
    "accept M v41/m v42/m v43/m S41,42,43",
    "accept M",
    "accept M' v5",
    "add M v11",
    "add M a12",
    "add M v13/s v14/s F13,14",
    "remove M v11",
    "remove M a12",
    "remove M v1/m v2/m F1,2",
    "trickle M",
    "terminate M",
    "terminate M restart",
    "terminate M elsewhere",
    "terminate M'",
    "ice-restart M",
    "ice-failed M",
    "info M",
    "jingle M content-modify",
    "mute M N",
    "mute M M off",
    "after 1",
    "after 700",
    "after 6000",
    "after 21000",
    "xmpp-lost",
    "xmpp-back",
    "room-joined",
    "not-owner",
    "alloc-error M resource-constraint",
    "update-error M resource-constraint",
};

/* Whether p is the first digit of an SSRC ("v11", "F13,14") rather than of a time or a generation. */
static bool is_ssrc(const char *text, const char *p)
{
    return p > text && g_ascii_isdigit(*p) && strchr("vaFS,", p[-1]) && !g_str_has_prefix(text, "after");
}

/* Each member has SSRCs of its own, unless the second byte says that it takes somebody else's. */
static char *event_from(const uint8_t b[2])
{
    const char *text = templates[b[0] % G_N_ELEMENTS(templates)];
    guint base = b[1] & 0x40 ? 100 : 100 * (1 + (b[1] & 3));
    GString *out = g_string_new("");
    for (const char *p = text; *p; p++) {
        bool stands_alone = p > text && p[-1] == ' ' && (p[1] == '\0' || p[1] == ' ' || p[1] == '\'');
        if (*p == 'M' && stands_alone)
            g_string_append_c(out, "abcd"[b[1] & 3]);
        else if (*p == 'N' && stands_alone)
            g_string_append_c(out, "abcd"[b[1] >> 2 & 3]);
        else if (*p == 'B' && stands_alone)
            g_string_append_c(out, "xyz"[b[1] % 3]);
        else if (is_ssrc(text, p)) {
            char *rest;
            g_string_append_printf(out, "%u", base + (guint)strtoul(p, &rest, 10));
            p = rest - 1;
        } else
            g_string_append_c(out, *p);
    }
    return g_string_free(out, FALSE);
}

static void run(ConferenceScript *s, const char *event)
{
    g_autofree char *shown = script_event(s, event);
    if (g_getenv("FUZZ_CONFERENCE_TRACE"))
        g_printerr("%s -> %s\n", event, shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ConferenceConfig config = CONFERENCE_CONFIG_DEFAULT;
    if (size == 0)
        return 0;
    config.visitors = data[0] & 1;
    config.strip_simulcast = data[0] & 2;
    config.source_delays[0].size = 1;
    config.source_delays[0].delay_ms = data[0] & 4 ? 500 : 0;
    config.min_participants = 1 + (data[0] >> 3 & 1);
    ConferenceScript *s = script_new(&config);
    run(s, "request 1");
    run(s, "room-joined");
    for (size_t at = 1; at + 2 <= MIN(size, 2 * MAX_EVENTS); at += 2) {
        g_autofree char *event = event_from(data + at);
        run(s, event);
    }
    run(s, "shutdown");
    if (conference_state(script_conference(s)) != CONF_END)
        g_error("it does not end");
    if (script_unanswered(s) != 0)
        g_error("%d requests without an answer", script_unanswered(s));
    script_free(s);
    return 0;
}
