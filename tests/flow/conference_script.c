/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/flow/conference_script_parts.h"

#include <stdlib.h>

#define FINGERPRINT "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"

static char *make_id(void *user)
{
    ConferenceScript *s = user;
    return g_strdup_printf("id%u", ++s->ids);
}

static void peer_free(void *p)
{
    Peer *peer = p;
    g_free(peer->sid);
    g_free(peer->old_sid);
    g_free(peer->bridge_session);
    g_free(peer->bridge);
    g_free(peer);
}

ConferenceScript *script_new(const ConferenceConfig *config)
{
    ConferenceScript *s = g_new0(ConferenceScript, 1);
    s->config = *config;
    s->c = conference_new(&s->config, "demo@conference.meet.example", make_id, s);
    s->peers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, peer_free);
    s->expired = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    s->asked = g_hash_table_new(NULL, NULL);
    s->world = world_new();
    s->now_ms = 1000000;
    s->request = 100;
    return s;
}

void script_free(ConferenceScript *s)
{
    conference_free(s->c);
    world_free(s->world);
    g_hash_table_unref(s->peers);
    g_hash_table_unref(s->expired);
    g_hash_table_unref(s->asked);
    g_free(s);
}

Conference *script_conference(ConferenceScript *s)
{
    return s->c;
}

Peer *script_peer(ConferenceScript *s, const char *id)
{
    Peer *p = g_hash_table_lookup(s->peers, id);
    if (!p) {
        p = g_new0(Peer, 1);
        g_hash_table_insert(s->peers, g_strdup(id), p);
    }
    return p;
}

/* --- events from text ----------------------------------------------------------------------------- */

typedef struct {
    char **w; /* words */
    ConfEvent ev;
    MemberInfo info;
    Colibri2Modified *modified;
    Colibri2Error *error;
    Jingle *jingle;
} Line;

static bool has(const Line *l, const char *word)
{
    return g_strv_contains((const char *const *)l->w, word);
}

static ConfOutcome outcome_of(const Line *l)
{
    return has(l, "error")     ? OUTCOME_ERROR
           : has(l, "timeout") ? OUTCOME_TIMEOUT
           : has(l, "bad")     ? OUTCOME_BAD
                               : OUTCOME_RESULT;
}

static const char *value_of(const Line *l, const char *key)
{
    for (char **w = l->w; *w; w++) {
        if (g_str_has_prefix(*w, key) && (*w)[strlen(key)] == '=')
            return *w + strlen(key) + 1;
    }
    return NULL;
}

static void read_info(Line *l, char *real_jid)
{
    const char *audio = value_of(l, "audio"), *video = value_of(l, "video"), *region = value_of(l, "region");
    l->info = (MemberInfo){
        .real_jid = has(l, "nojid") ? "" : real_jid,
        .region = region ? region : "",
        .stats_id = "Ada",
        .role = has(l, "owner")       ? MEMBER_OWNER
                : has(l, "moderator") ? MEMBER_MODERATOR
                : has(l, "visitor")   ? MEMBER_VISITOR
                                      : MEMBER_PARTICIPANT,
        .kind = has(l, "jibri")    ? MEMBER_JIBRI
                : has(l, "jigasi") ? MEMBER_JIGASI
                                   : MEMBER_USER,
        .audio_senders = audio ? (guint)atoi(audio) : 0,
        .video_senders = video ? (guint)atoi(video) : 0,
    };
    l->ev.info = &l->info;
}

static PeerFeatures read_features(const Line *l)
{
    PeerFeatures f = PEER_FEATURES_UNKNOWN | PEER_TCC | PEER_RTX;
    if (has(l, "unknown"))
        return PEER_FEATURES_UNKNOWN;
    if (has(l, "json"))
        f |= PEER_JSON_SOURCES;
    if (has(l, "rewriting"))
        f |= PEER_SSRC_REWRITING;
    if (has(l, "audio-mute"))
        f |= PEER_AUDIO_MUTE;
    if (has(l, "audio-only"))
        f &= ~(PeerFeatures)PEER_VIDEO;
    if (has(l, "no-sctp"))
        f &= ~(PeerFeatures)PEER_SCTP;
    return f;
}

static IceTransport *some_ice(const char *ufrag, DtlsSetup setup, int32_t generation)
{
    IceTransport *t = ice_transport_new();
    ice_transport_set_credentials(t, ufrag, "password");
    ice_transport_add_fingerprint(t, "sha-256", FINGERPRINT, setup);
    t->ice_generation = generation;
    return t;
}

static void read_answer(Line *l, const char *id)
{
    const char *generation = value_of(l, "gen");
    bool restart = l->ev.colibri == COLIBRI_ICE_RESTART;
    l->modified = colibri2_modified_new();
    Colibri2Endpoint *e = colibri2_modified_add_endpoint(l->modified, id);
    if (!has(l, "no-transport") && !has(l, "none")) {
        e->transport = colibri2_transport_new();
        e->transport->ice = some_ice("bridge", has(l, "passive") ? DTLS_PASSIVE : DTLS_ACTPASS,
                                     generation ? atoi(generation) : ICE_NO_GENERATION);
        e->transport->has_sctp = !has(l, "no-sctp") && !restart;
        e->transport->sctp_port = e->transport->has_sctp ? 5000 : -1;
    }
    if (!restart) {
        l->modified->sources = colibri2_sources_new();
        source_set_add_source(colibri2_sources_add(l->modified->sources, MEDIA_AUDIO, "jvb-a0")->set, MEDIA_AUDIO,
                              900001, "jvb-a0", NULL, VIDEO_TYPE_UNSET);
        source_set_add_source(colibri2_sources_add(l->modified->sources, MEDIA_VIDEO, "jvb-v0")->set, MEDIA_VIDEO,
                              900002, "jvb-v0", NULL, VIDEO_TYPE_UNSET);
    }
    l->ev.outcome = OUTCOME_RESULT;
    l->ev.modified = l->modified;
}

static void read_error(Line *l, const char *id)
{
    StanzaCondition condition = STANZA_UNDEFINED_CONDITION;
    Colibri2Reason reason = COLIBRI2_REASON_NONE;
    g_assert_true(stanza_condition_from_name(l->w[2], &condition));
    for (guint r = COLIBRI2_REASON_UNSPECIFIED; l->w[3] && r <= COLIBRI2_REASON_UNKNOWN_ENDPOINT; r++) {
        if (strcmp(l->w[3], colibri2_reason_name((Colibri2Reason)r)) == 0)
            reason = (Colibri2Reason)r;
    }
    l->error = colibri2_error_new(condition, reason, NULL);
    if (reason == COLIBRI2_REASON_UNKNOWN_ENDPOINT)
        l->error->endpoint_id = g_strdup(id);
    l->ev.outcome = OUTCOME_ERROR;
    l->ev.error = l->error;
}

static void read_group(SourceSet *set_of, const char *word)
{
    uint32_t ssrcs[SOURCE_GROUP_MAX];
    guint n = 0;
    g_auto(GStrv) members = g_strsplit(word + 1, ",", -1);
    for (char **m = members; *m; m++)
        ssrcs[n++] = (uint32_t)atoi(*m);
    source_set_add_group(set_of, MEDIA_VIDEO, *word == 'F' ? GROUP_FID : GROUP_SIM, ssrcs, n);
}

static void read_sources(Line *l, const char *id)
{
    JingleContent *audio = jingle_add_content(l->jingle, "audio", media_desc_new(MEDIA_AUDIO), NULL);
    JingleContent *video = jingle_add_content(l->jingle, "video", media_desc_new(MEDIA_VIDEO), NULL);
    for (char **w = l->w + 2; *w; w++) {
        if (**w == 'F' || **w == 'S') {
            read_group(video->sources, *w);
        } else if ((**w == 'a' || **w == 'v') && g_ascii_isdigit((*w)[1])) {
            g_auto(GStrv) part = g_strsplit(*w, "/", 2);
            bool is_audio = **w == 'a';
            g_autofree char *name = part[1] ? g_strdup_printf("%s-%c0-%s", id, **w, part[1])
                                            : g_strdup_printf("%s-%c%s", id, **w, part[0] + 1); /* one an msid */
            g_autofree char *msid = g_strdup_printf("%s-%s", id, part[1] ? part[1] : part[0]);
            source_set_add_source(is_audio ? audio->sources : video->sources, is_audio ? MEDIA_AUDIO : MEDIA_VIDEO,
                                  (uint32_t)atoi(part[0] + 1), name, msid, VIDEO_TYPE_UNSET);
        }
    }
}

static JingleAction action_named(const char *name)
{
    for (JingleAction a = JINGLE_UNKNOWN; a <= JINGLE_DESCRIPTION_INFO; a++) {
        if (strcmp(name, jingle_action_name(a)) == 0)
            return a;
    }
    return JINGLE_UNKNOWN;
}

static void read_jingle(ConferenceScript *s, Line *l, const char *id, const char *sid)
{
    static const struct {
        const char *word;
        JingleAction action;
    } words[] = {
        { "accept", JINGLE_SESSION_ACCEPT },    { "add", JINGLE_SOURCE_ADD },
        { "remove", JINGLE_SOURCE_REMOVE },     { "info", JINGLE_SESSION_INFO },
        { "trickle", JINGLE_TRANSPORT_INFO },   { "terminate", JINGLE_SESSION_TERMINATE },
        { "ice-restart", JINGLE_SESSION_INFO }, { "ice-failed", JINGLE_SESSION_INFO },
    };
    JingleAction action = JINGLE_UNKNOWN;
    for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
        if (strcmp(l->w[0], words[i].word) == 0)
            action = words[i].action;
    }
    if (strcmp(l->w[0], "jingle") == 0)
        action = action_named(l->w[2]);
    l->jingle = jingle_new(action, sid);
    l->jingle->initiator = g_strdup("liar@example/x");
    if (action == JINGLE_SESSION_ACCEPT || action == JINGLE_SOURCE_ADD || action == JINGLE_SOURCE_REMOVE)
        read_sources(l, id);
    if ((action == JINGLE_SESSION_ACCEPT || action == JINGLE_TRANSPORT_INFO) && !has(l, "none")) {
        g_autofree char *ufrag = g_strdup_printf("%s-ice", id);
        jingle_add_content(l->jingle, "audio", NULL, some_ice(ufrag, DTLS_ACTIVE, ICE_NO_GENERATION));
    }
    if (has(l, "last-n"))
        ((JingleContent *)l->jingle->contents->pdata[0])->initial_last_n = 20;
    l->jingle->restart = has(l, "restart");
    l->jingle->ice_restart = strcmp(l->w[0], "ice-restart") == 0;
    if (strcmp(l->w[0], "ice-failed") == 0)
        l->jingle->ice_state = g_strdup("failed");
    l->jingle->has_bridge_session = !has(l, "silent");
    l->jingle->bridge_session_id = g_strdup(has(l, "elsewhere") ? "elsewhere" : script_peer(s, id)->bridge_session);
    l->ev.type = EV_JINGLE;
    l->ev.jingle = l->jingle;
}

/* "a" is the present session, "a'" the one before, "a?" one nobody knows, "a@b" that of b. The mark is cut off. */
static const char *session_of(ConferenceScript *s, char *word)
{
    char *other = strchr(word, '@');
    if (other) {
        *other++ = '\0';
        const char *theirs = script_peer(s, other)->sid;
        g_assert_nonnull(theirs);
        return theirs;
    }
    size_t len = strlen(word);
    char mark = len > 1 ? word[len - 1] : '\0';
    if (mark == '\'' || mark == '?')
        word[len - 1] = '\0';
    const Peer *p = script_peer(s, word);
    const char *sid = mark == '\'' ? p->old_sid : mark == '?' ? "unheard-of" : p->sid;
    return sid ? sid : "none";
}

static void read_colibri(ConferenceScript *s, Line *l, const char *id)
{
    const char *verb = l->w[0];
    Peer *p = script_peer(s, id);
    l->ev.type = EV_COLIBRI_ANSWER;
    l->ev.bridge = p->bridge;
    if (g_str_has_prefix(verb, "alloc")) {
        l->ev.colibri = COLIBRI_ALLOCATE;
        l->ev.serial = p->allocate;
    } else if (g_str_has_prefix(verb, "restarted")) {
        l->ev.colibri = COLIBRI_ICE_RESTART;
        l->ev.serial = p->restart;
    } else {
        l->ev.colibri = COLIBRI_UPDATE;
        l->ev.serial = p->update;
    }
    if (g_str_has_suffix(verb, "-timeout"))
        l->ev.outcome = OUTCOME_TIMEOUT;
    else if (g_str_has_suffix(verb, "-bad"))
        l->ev.outcome = OUTCOME_BAD;
    else if (g_str_has_suffix(verb, "-error"))
        read_error(l, id);
    else
        read_answer(l, id);
}

static const struct {
    const char *word;
    ConfEventType type;
} plain_words[] = {
    { "request", EV_REQUEST },
    { "room-joined", EV_ROOM_JOINED },
    { "room-failed", EV_ROOM_FAILED },
    { "room-lost", EV_ROOM_LOST },
    { "not-owner", EV_OWNERSHIP },
    { "joined", EV_MEMBER_JOINED },
    { "changed", EV_MEMBER_CHANGED },
    { "left", EV_MEMBER_LEFT },
    { "features", EV_FEATURES },
    { "selected", EV_BRIDGE_SELECTED },
    { "no-bridge", EV_BRIDGE_NONE },
    { "bridge-available", EV_BRIDGE_AVAILABLE },
    { "bridge-lost", EV_BRIDGE_LOST },
    { "endpoint-lost", EV_ENDPOINT_LOST },
    { "invited", EV_INITIATE_ANSWER },
    { "mute", EV_MUTE },
    { "after", EV_TICK },
    { "xmpp-lost", EV_XMPP_LOST },
    { "xmpp-back", EV_XMPP_BACK },
    { "shutdown", EV_SHUTDOWN },
};

static bool read_plain(ConferenceScript *s, Line *l)
{
    const char *subject = l->w[1] ? l->w[1] : "";
    l->ev.type = EV_N_TYPES;
    for (guint i = 0; i < G_N_ELEMENTS(plain_words); i++) {
        if (strcmp(l->w[0], plain_words[i].word) == 0)
            l->ev.type = plain_words[i].type;
    }
    l->ev.member = l->ev.bridge = subject;
    l->ev.owner = !has(l, "not-owner");
    l->ev.breakout = has(l, "breakout");
    l->ev.switching_room = has(l, "switching");
    l->ev.reachable = has(l, "reachable");
    l->ev.meeting_id = "meeting";
    l->ev.rtcstats = true;
    l->ev.serial = s->select;
    switch (l->ev.type) {
    case EV_REQUEST:
        l->ev.request = (uint64_t)atoi(subject);
        l->ev.start_audio_muted = value_of(l, "mute") ? atoi(value_of(l, "mute")) : 0;
        break;
    case EV_FEATURES:
        l->ev.features = read_features(l);
        break;
    case EV_INITIATE_ANSWER:
        l->ev.sid = session_of(s, l->w[1]);
        l->ev.outcome = outcome_of(l);
        break;
    case EV_ENDPOINT_LOST:
        l->ev.bridge = has(l, "elsewhere") ? "y" : script_peer(s, subject)->bridge;
        l->ev.ufrag = has(l, "nameless") ? NULL : has(l, "older") ? "older" : "bridge";
        l->ev.text = "consent lost";
        break;
    case EV_MUTE:
        l->ev.request = ++s->request;
        l->ev.target = l->w[2];
        l->ev.mute = !has(l, "off");
        l->ev.mute_kind = has(l, "video") ? MUTE_VIDEO : has(l, "desktop") ? MUTE_DESKTOP : MUTE_AUDIO;
        break;
    case EV_TICK:
        s->now_ms += atoi(subject);
        break;
    default:
        break;
    }
    return l->ev.type != EV_N_TYPES;
}

static void count_asked(ConferenceScript *s, uint64_t request)
{
    gpointer key = GSIZE_TO_POINTER(request);
    guint n = GPOINTER_TO_UINT(g_hash_table_lookup(s->asked, key));
    g_hash_table_insert(s->asked, key, GUINT_TO_POINTER(n + 1));
}

static void step(ConferenceScript *s, Line *l, GString *out)
{
    GArray *actions = conference_actions_new();
    l->ev.now_ms = s->now_ms;
    if (l->ev.type == EV_REQUEST || l->ev.type == EV_JINGLE || l->ev.type == EV_MUTE)
        count_asked(s, l->ev.request);
    world_event(s->world, &l->ev);
    s->last_event = (ScriptEvent){ .type = l->ev.type,
                                   .colibri = l->ev.colibri,
                                   .outcome = l->ev.outcome,
                                   .jingle = l->jingle ? l->jingle->action : JINGLE_UNKNOWN,
                                   .mute_kind = l->ev.mute_kind };
    g_strlcpy(s->last_event.member, l->ev.member ? l->ev.member : "", sizeof s->last_event.member);
    conference_step(s->c, &l->ev, actions);
    for (guint i = 0; i < actions->len; i++) {
        if (out->len)
            g_string_append(out, ", ");
        script_show(s, out, &g_array_index(actions, ConfAction, i));
    }
    g_array_unref(actions);
    colibri2_modified_free(l->modified);
    colibri2_error_free(l->error);
    jingle_free(l->jingle);
}

/* "came a ..." is "joined a ..." and then "features a ...". */
static void run_came(ConferenceScript *s, char **words, GString *out)
{
    static const ConfEventType types[] = { EV_MEMBER_JOINED, EV_FEATURES };
    for (guint i = 0; i < G_N_ELEMENTS(types); i++) {
        Line l = { .w = words };
        g_autofree char *real = g_strdup_printf("%s@meet.example/web", words[1]);
        l.ev.type = types[i];
        l.ev.member = words[1];
        l.ev.features = read_features(&l);
        read_info(&l, real);
        step(s, &l, out);
    }
}

char *script_event(ConferenceScript *s, const char *event)
{
    g_auto(GStrv) words = g_strsplit_set(event, " ", -1);
    GString *out = g_string_new("");
    Line l = { .w = words };
    g_autofree char *real = g_strdup_printf("%s@meet.example/web", words[1] ? words[1] : "");
    if (strcmp(words[0], "came") == 0) {
        run_came(s, words, out);
        if (out->len == 0)
            g_string_append_c(out, '-');
        return g_string_free(out, FALSE);
    }
    if (strcmp(words[0], "stale") == 0) {
        l.w = words + 1;
        g_assert_true(read_plain(s, &l));
        l.ev.serial = s->stale_select;
    } else if (strcmp(words[0], "expired") == 0) {
        l.ev = (ConfEvent){ .type = EV_COLIBRI_ANSWER,
                            .colibri = COLIBRI_EXPIRE,
                            .bridge = words[1],
                            .outcome = outcome_of(&l),
                            .serial = GPOINTER_TO_SIZE(g_hash_table_lookup(s->expired, words[1])) };
        if (l.ev.outcome == OUTCOME_ERROR)
            l.ev.error = l.error =
                colibri2_error_new(STANZA_ITEM_NOT_FOUND, COLIBRI2_REASON_CONFERENCE_NOT_FOUND, NULL);
    } else if (!read_plain(s, &l)) {
        g_assert_nonnull(words[1]);
        const char *sid = session_of(s, words[1]);
        if (g_str_has_prefix(words[0], "alloc") || g_str_has_prefix(words[0], "update") ||
            g_str_has_prefix(words[0], "restarted")) {
            read_colibri(s, &l, words[1]);
        } else {
            read_jingle(s, &l, words[1], sid);
            l.ev.request = ++s->request;
        }
        l.ev.member = words[1];
    }
    if (l.ev.type == EV_MEMBER_JOINED || l.ev.type == EV_MEMBER_CHANGED)
        read_info(&l, real);
    step(s, &l, out);
    if (out->len == 0)
        g_string_append_c(out, '-');
    return g_string_free(out, FALSE);
}

void script_run(ConferenceScript *s, const char *lines)
{
    g_auto(GStrv) each = g_strsplit(lines, "\n", -1);
    for (char **line = each; *line; line++) {
        g_auto(GStrv) sides = g_strsplit(*line, "->", 2);
        if (!sides[0] || !*g_strstrip(sides[0]))
            continue;
        g_autofree char *got = script_event(s, sides[0]);
        const char *want = sides[1] ? g_strstrip(sides[1]) : "-";
        if (strcmp(*got ? got : "-", want) != 0) {
            g_test_message("event: %s", sides[0]);
            g_test_message("want:  %s", want);
            g_test_message("got:   %s", got);
            g_test_fail();
            return;
        }
    }
}

ScriptEvent script_last_event(const ConferenceScript *s)
{
    return s->last_event;
}

int script_unanswered(const ConferenceScript *s)
{
    GHashTableIter it;
    gpointer key, value;
    int n = 0;
    g_hash_table_iter_init(&it, s->asked);
    while (g_hash_table_iter_next(&it, &key, &value))
        n += ABS((int)GPOINTER_TO_UINT(value));
    return n;
}

void script_play(const ConferenceConfig *config, const char *lines)
{
    const ConferenceConfig usual = CONFERENCE_CONFIG_DEFAULT;
    ConferenceScript *s = script_new(config ? config : &usual);
    script_run(s, lines);
    g_assert_cmpint(script_unanswered(s), ==, 0);
    script_free(s);
}

guint script_n_told(const ConferenceScript *s, const char *client, const char *owner)
{
    return world_n_told(s->world, client, owner);
}
