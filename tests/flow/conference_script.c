/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/flow/conference_script.h"

#include <stdlib.h>

#define FINGERPRINT "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"

/* What the world outside remembers about a member. */
typedef struct {
    char *sid, *old_sid, *bridge_session;
    char *bridge;
    uint64_t allocate, update, restart; /* serials of the last such request */
} Peer;

struct ConferenceScript {
    ConferenceConfig config;
    Conference *c;
    GHashTable *peers;   /* id -> Peer */
    GHashTable *expired; /* bridge -> serial of the last expiry of the conference there */
    int64_t now_ms;
    uint64_t select, stale_select, request;
    guint ids;
    GHashTable *asked; /* request -> how often it was asked and not answered */
};

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
    s->now_ms = 1000000;
    s->request = 100;
    return s;
}

void script_free(ConferenceScript *s)
{
    conference_free(s->c);
    g_hash_table_unref(s->peers);
    g_hash_table_unref(s->expired);
    g_hash_table_unref(s->asked);
    g_free(s);
}

Conference *script_conference(ConferenceScript *s)
{
    return s->c;
}

static Peer *peer_of(ConferenceScript *s, const char *id)
{
    Peer *p = g_hash_table_lookup(s->peers, id);
    if (!p) {
        p = g_new0(Peer, 1);
        g_hash_table_insert(s->peers, g_strdup(id), p);
    }
    return p;
}

/* --- actions as text ------------------------------------------------------------------------------ */

static void set(char **field, const char *value)
{
    g_free(*field);
    *field = g_strdup(value);
}

static gint by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void show_owners(GString *out, const SourceMap *m)
{
    g_autoptr(GPtrArray) owners = source_map_owners(m);
    g_ptr_array_sort(owners, by_text);
    g_string_append(out, " [");
    for (guint i = 0; i < owners->len; i++) {
        const SourceSet *set_of = source_map_get(m, owners->pdata[i]);
        guint n = 0;
        g_string_append_printf(out, "%s%s", i ? " " : "", (const char *)owners->pdata[i]);
        if (strcmp(owners->pdata[i], "jvb") == 0)
            continue;
        for (guint k = 0; k < 2 * set_of->sources->len; k++) { /* video first, in either form */
            const Source *src = set_of->sources->pdata[k % set_of->sources->len];
            if ((k >= set_of->sources->len) == (src->kind == MEDIA_AUDIO))
                g_string_append_printf(out, "%c%c%u", n++ ? ',' : ':', src->kind == MEDIA_AUDIO ? 'a' : 'v', src->ssrc);
        }
    }
    g_string_append_c(out, ']');
}

/* The sources a message carries, whichever form it has. */
static SourceMap *sources_of(const Jingle *j)
{
    SourceMap *m = source_map_new();
    if (j->json_message) {
        source_map_free(m);
        m = source_map_from_json(j->json_message, NULL);
        g_assert_nonnull(m);
    }
    for (guint i = 0; i < j->contents->len; i++) {
        const JingleContent *c = j->contents->pdata[i];
        for (guint k = 0; k < c->sources->sources->len; k++) {
            const Source *src = c->sources->sources->pdata[k];
            g_assert_nonnull(src->owner);
            g_assert_null(j->json_message);
            const SourceSet *before = source_map_get(m, src->owner);
            g_autoptr(SourceSet) with = before ? source_set_copy(before) : source_set_new();
            source_set_add_source(with, src->kind, src->ssrc, src->name, src->msid, src->video_type);
            source_map_set(m, src->owner, with);
        }
    }
    return m;
}

static void show_jingle(ConferenceScript *s, GString *out, const ConfAction *a)
{
    const Jingle *j = a->jingle;
    Peer *p = peer_of(s, a->member);
    g_autoptr(SourceMap) m = sources_of(j);
    switch (j->action) {
    case JINGLE_SESSION_INITIATE:
        if (p->sid)
            set(&p->old_sid, p->sid);
        set(&p->sid, j->sid);
        set(&p->bridge_session, j->bridge_session_id);
        g_string_append_printf(out, "invite %s", a->member);
        show_owners(out, m);
        if (j->has_startmuted)
            g_string_append_printf(out, " muted%s%s", j->startmuted_audio ? " audio" : "",
                                   j->startmuted_video ? " video" : "");
        break;
    case JINGLE_SESSION_TERMINATE:
        g_assert_cmpstr(j->sid, ==, p->sid);
        g_string_append_printf(out, "terminate %s %s", a->member, j->reason_text);
        break;
    case JINGLE_SOURCE_ADD:
    case JINGLE_SOURCE_REMOVE:
        g_assert_cmpstr(j->sid, ==, p->sid);
        g_string_append_printf(out, "%s %s", jingle_action_name(j->action), a->member);
        show_owners(out, m);
        break;
    case JINGLE_TRANSPORT_INFO:
        g_string_append_printf(out, "transport-info %s gen=%d", a->member, jingle_first_transport(j)->ice_generation);
        break;
    default:
        g_string_append_printf(out, "jingle? %s", jingle_action_name(j->action));
        break;
    }
}

static void show_update(GString *out, const ConfAction *a)
{
    const Colibri2Endpoint *e = a->modify->endpoints->pdata[0];
    g_string_append_printf(out, "update %s@%s", a->member, a->bridge);
    if (e->transport)
        g_string_append_printf(out, " %s", e->transport->ice->ufrag);
    if (e->sources) {
        g_autoptr(SourceSet) all = colibri2_sources_to_set(e->sources);
        g_string_append_printf(out, " %u", all->sources->len);
    }
    if (e->initial_last_n >= 0)
        g_string_append_printf(out, " last-n=%d", e->initial_last_n);
}

static void show_colibri(ConferenceScript *s, GString *out, const ConfAction *a)
{
    g_autoptr(Colibri2Error) refused = colibri2_modify_check(a->modify);
    g_assert_null(refused);
    Peer *p = a->member ? peer_of(s, a->member) : NULL;
    switch (a->colibri) {
    case COLIBRI_ALLOCATE:
        p->allocate = a->serial;
        set(&p->bridge, a->bridge);
        refused = colibri2_endpoint_check_new(a->modify->endpoints->pdata[0]);
        g_assert_null(refused);
        g_assert_cmpint(a->modify->create, ==, a->modify->name != NULL);
        g_string_append_printf(out, "%s %s@%s", a->modify->create ? "create" : "allocate", a->member, a->bridge);
        break;
    case COLIBRI_UPDATE:
        p->update = a->serial;
        show_update(out, a);
        break;
    case COLIBRI_ICE_RESTART:
        p->restart = a->serial;
        g_string_append_printf(out, "ice-restart %s@%s", a->member, a->bridge);
        break;
    case COLIBRI_EXPIRE:
        if (a->modify->expire)
            g_hash_table_insert(s->expired, g_strdup(a->bridge), GSIZE_TO_POINTER(a->serial));
        g_string_append_printf(out, "expire %s%s%s%s", a->member ? a->member : "", a->member ? "@" : "", a->bridge,
                               a->member && a->modify->expire ? " all" : "");
        break;
    }
}

static void show_action(ConferenceScript *s, GString *out, const ConfAction *a)
{
    switch (a->type) {
    case DO_JOIN_ROOM:
        g_string_append(out, "join");
        break;
    case DO_REPLY_REQUEST:
        g_string_append_printf(out, "%s %" G_GUINT64_FORMAT, a->ready ? "ready" : "not-ready", a->request);
        break;
    case DO_REPLY:
        g_string_append(out, a->ok ? "ok" : stanza_condition_name(a->condition));
        if (a->text)
            g_string_append_printf(out, " (%s)", a->text);
        break;
    case DO_GRANT_OWNER:
        g_string_append_printf(out, "grant %s %s", a->member, a->jid);
        break;
    case DO_PUBLISH: {
        ConfPresence p = conference_presence(s->c);
        g_string_append_printf(out, "publish %u%s%s%s", p.bridge_count, p.bridge_not_available ? " no-bridge" : "",
                               p.audio_limit_reached ? " audio-limit" : "",
                               p.video_limit_reached ? " video-limit" : "");
        break;
    }
    case DO_SELECT_BRIDGE:
        s->stale_select = s->select;
        s->select = a->serial;
        g_string_append_printf(out, "select %s%s%s", a->member, *a->region ? " " : "", a->region);
        break;
    case DO_COLIBRI:
        show_colibri(s, out, a);
        break;
    case DO_MARK_BRIDGE:
        g_string_append_printf(out, "mark %s %s", a->bridge, a->mark == BRIDGE_MARK_FAILED ? "failed" : "graceful");
        break;
    case DO_JINGLE:
        show_jingle(s, out, a);
        break;
    case DO_MUTE:
        g_string_append_printf(out, "mute %s by %s", a->member, a->actor);
        break;
    case DO_LEAVE_ROOM:
        g_string_append(out, "leave");
        break;
    case DO_END:
        g_string_append(out, "end");
        break;
    }
    if (a->type == DO_REPLY || a->type == DO_REPLY_REQUEST) {
        gpointer key = GSIZE_TO_POINTER(a->request);
        guint n = GPOINTER_TO_UINT(g_hash_table_lookup(s->asked, key));
        g_assert_cmpuint(n, >, 0);
        g_hash_table_insert(s->asked, key, GUINT_TO_POINTER(n - 1));
    }
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
            g_autofree char *name = g_strdup_printf("%s-%c0", id, **w);
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
    l->jingle->bridge_session_id = g_strdup(has(l, "elsewhere") ? "elsewhere" : peer_of(s, id)->bridge_session);
    l->ev.type = EV_JINGLE;
    l->ev.jingle = l->jingle;
}

/* "a" is the present session, "a'" the one before, "a?" one nobody knows. The mark is cut off. */
static const char *session_of(ConferenceScript *s, char *word)
{
    size_t len = strlen(word);
    char mark = len > 1 ? word[len - 1] : '\0';
    if (mark == '\'' || mark == '?')
        word[len - 1] = '\0';
    const Peer *p = peer_of(s, word);
    const char *sid = mark == '\'' ? p->old_sid : mark == '?' ? "unheard-of" : p->sid;
    return sid ? sid : "none";
}

static void read_colibri(ConferenceScript *s, Line *l, const char *id)
{
    const char *verb = l->w[0];
    Peer *p = peer_of(s, id);
    l->ev.type = EV_COLIBRI_ANSWER;
    l->ev.bridge = p->bridge;
    if (g_str_has_prefix(verb, "alloc")) {
        l->ev.colibri = COLIBRI_ALLOCATE;
        l->ev.serial = p->allocate;
    } else if (strcmp(verb, "restarted") == 0) {
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
        l->ev.outcome = has(l, "error") ? OUTCOME_ERROR : has(l, "timeout") ? OUTCOME_TIMEOUT : OUTCOME_RESULT;
        break;
    case EV_MUTE:
        l->ev.request = ++s->request;
        l->ev.target = l->w[2];
        l->ev.mute = !has(l, "off");
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
    conference_step(s->c, &l->ev, actions);
    for (guint i = 0; i < actions->len; i++) {
        if (out->len)
            g_string_append(out, ", ");
        show_action(s, out, &g_array_index(actions, ConfAction, i));
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
                            .outcome = OUTCOME_RESULT,
                            .serial = GPOINTER_TO_SIZE(g_hash_table_lookup(s->expired, words[1])) };
    } else if (!read_plain(s, &l)) {
        g_assert_nonnull(words[1]);
        const char *sid = session_of(s, words[1]);
        if (g_str_has_prefix(words[0], "alloc") || g_str_has_prefix(words[0], "update") ||
            strcmp(words[0], "restarted") == 0) {
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

int script_unanswered(const ConferenceScript *s)
{
    GHashTableIter it;
    gpointer key, value;
    int n = 0;
    g_hash_table_iter_init(&it, s->asked);
    while (g_hash_table_iter_next(&it, &key, &value))
        n += (int)GPOINTER_TO_UINT(value);
    return n;
}
