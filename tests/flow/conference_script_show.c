/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/flow/conference_script_parts.h"

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
    Peer *p = script_peer(s, a->member);
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
        g_string_append_printf(out, "terminate %s %s", a->member, j->reason_text);
        break;
    case JINGLE_SOURCE_ADD:
    case JINGLE_SOURCE_REMOVE:
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
    Peer *p = a->member ? script_peer(s, a->member) : NULL;
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

void script_show(ConferenceScript *s, GString *out, const ConfAction *a)
{
    g_autoptr(SourceMap) told = a->type == DO_JINGLE ? sources_of(a->jingle) : NULL;
    world_action(s->world, a, told);
    switch (a->type) {
    case DO_JOIN_ROOM:
        g_string_append(out, "join");
        break;
    case DO_REPLY_REQUEST:
        g_string_append_printf(out, "%s %" G_GUINT64_FORMAT, a->ready ? "ready" : "not-ready", a->request);
        break;
    case DO_REPLY:
        g_string_append(out, a->ok ? "ok" : stanza_condition_name(a->condition));
        if (!a->ok && !(a->text && *a->text))
            g_error("refused without a reason");
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
        g_string_append_printf(out, "mark %s %s", a->bridge,
                               a->mark == BRIDGE_MARK_FAILED     ? "failed"
                               : a->mark == BRIDGE_MARK_GRACEFUL ? "graceful"
                                                                 : "full");
        break;
    case DO_JINGLE:
        show_jingle(s, out, a);
        break;
    case DO_MUTE:
        g_string_append_printf(out, "mute %s%s by %s", a->member,
                               a->mute_kind == MUTE_VIDEO     ? " video"
                               : a->mute_kind == MUTE_DESKTOP ? " desktop"
                                                              : "",
                               a->actor);
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
