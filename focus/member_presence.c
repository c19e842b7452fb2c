/* SPDX-License-Identifier: Apache-2.0 */
#include "focus/member_presence.h"

#include <json-glib/json-glib.h>
#include <string.h>

/* {"name":{"key":value}}: one level more than that is nobody's. Looked at before the parser, which recurses. */
static gboolean is_shallow(const char *json)
{
    unsigned depth = 0;
    gboolean in_string = FALSE;
    for (const char *p = json; *p; p++) {
        if (in_string) {
            if (*p == '\\' && p[1])
                p++;
            else if (*p == '"')
                in_string = FALSE;
        } else if (*p == '"') {
            in_string = TRUE;
        } else if (*p == '{' || *p == '[') {
            if (++depth > 3)
                return FALSE;
        } else if (*p == '}' || *p == ']') {
            depth -= depth > 0;
        }
    }
    return TRUE;
}

static const char *string_member(JsonObject *o, const char *key)
{
    JsonNode *n = json_object_get_member(o, key);
    return n && json_node_get_value_type(n) == G_TYPE_STRING ? json_node_get_string(n) : NULL;
}

typedef struct {
    guint audio, video;
    gboolean bad;
} Counts;

static void count_source(JsonObject *all, const char *name, JsonNode *node, gpointer user)
{
    Counts *c = user;
    if (!JSON_NODE_HOLDS_OBJECT(node)) {
        c->bad = TRUE;
        return;
    }
    JsonObject *source = json_node_get_object(node);
    const char *type = string_member(source, "videoType"), *media = string_member(source, "mediaType");
    JsonNode *muted = json_object_get_member(source, "muted");
    if (type && strcmp(type, "camera") != 0 && strcmp(type, "desktop") != 0)
        c->bad = TRUE;
    if (!muted || json_node_get_value_type(muted) != G_TYPE_BOOLEAN || json_node_get_boolean(muted))
        return; /* muted unless it says otherwise */
    const char *dash = strchr(name, '-');
    gboolean audio = media ? strcmp(media, "audio") == 0 : dash && dash[1] == 'a';
    gboolean video = media ? strcmp(media, "video") == 0 : dash && dash[1] == 'v';
    c->audio += audio;
    c->video += video;
}

gboolean member_source_info_count(const char *json, guint *audio, guint *video)
{
    if (strlen(json) > MEMBER_MAX_SOURCE_INFO || !is_shallow(json))
        return FALSE;
    g_autoptr(JsonParser) parser = json_parser_new_immutable();
    if (!json_parser_load_from_data(parser, json, -1, NULL))
        return FALSE;
    JsonNode *root = json_parser_get_root(parser);
    if (!root || !JSON_NODE_HOLDS_OBJECT(root))
        return FALSE;
    JsonObject *all = json_node_get_object(root);
    Counts c = { 0 };
    if (json_object_get_size(all) > MEMBER_MAX_SOURCES)
        return FALSE;
    json_object_foreach_member(all, count_source, &c);
    if (c.bad)
        return FALSE;
    *audio = c.audio;
    *video = c.video;
    return TRUE;
}

static char *child_text(const Stanza *presence, const char *name, size_t max)
{
    const Stanza *child = stanza_find(presence, name, NULL);
    g_autofree char *text = child ? stanza_text(child) : NULL;
    return text && strlen(text) <= max ? g_steal_pointer(&text) : NULL;
}

static MemberRole role_of(const MucOccupant *o)
{
    if (o->affiliation == MUC_AFFILIATION_OWNER)
        return MEMBER_OWNER;
    if (o->affiliation == MUC_AFFILIATION_ADMIN || o->role == MUC_ROLE_MODERATOR)
        return MEMBER_MODERATOR;
    return o->role == MUC_ROLE_PARTICIPANT ? MEMBER_PARTICIPANT : MEMBER_VISITOR;
}

static gboolean is_trusted(const char *real_jid, const char *const *domains)
{
    g_autoptr(Jid) jid = jid_parse(real_jid);
    for (; jid && *domains; domains++)
        if (jid_is_in(jid, *domains))
            return TRUE;
    return FALSE;
}

static MemberKind kind_of(const MucOccupant *o, const char *const *trusted_domains)
{
    const Stanza *features = stanza_find(o->presence, "features", NULL);
    if (!features || !is_trusted(o->real_jid, trusted_domains))
        return MEMBER_USER;
    for (const Stanza *f = stanza_find(features, "feature", NULL); f; f = stanza_next(f, "feature", NULL)) {
        const char *var = stanza_get(f, "var");
        if (g_strcmp0(var, "http://jitsi.org/protocol/jibri") == 0)
            return MEMBER_JIBRI;
        if (g_strcmp0(var, "http://jitsi.org/protocol/jigasi") == 0)
            return MEMBER_JIGASI;
        if (g_strcmp0(var, "http://jitsi.org/protocol/transcriber") == 0)
            return MEMBER_TRANSCRIBER;
    }
    return MEMBER_USER;
}

/* Before SourceInfo there were two elements; a SIP gateway still writes them. */
static guint legacy_unmuted(const Stanza *presence, const char *name)
{
    g_autofree char *text = child_text(presence, name, 8);
    return text && strcmp(text, "false") == 0;
}

static void read_senders(MemberPresence *p, const Stanza *presence)
{
    if (!stanza_find(presence, "SourceInfo", NULL)) {
        p->info.audio_senders = legacy_unmuted(presence, "audiomuted");
        p->info.video_senders = legacy_unmuted(presence, "videomuted");
        return;
    }
    g_autofree char *json = child_text(presence, "SourceInfo", MEMBER_MAX_SOURCE_INFO);
    if (json)
        member_source_info_count(json, &p->info.audio_senders, &p->info.video_senders);
}

void member_presence_read(MemberPresence *p, const MucOccupant *o, const char *const *trusted_domains)
{
    g_free(p->region);
    g_free(p->stats_id);
    p->region = child_text(o->presence, "jitsi_participant_region", MEMBER_MAX_TEXT);
    p->stats_id = child_text(o->presence, "stats-id", MEMBER_MAX_TEXT);
    g_autofree char *diarize = child_text(o->presence, "jitsi_participant_diarize", 8);
    p->info.real_jid = o->real_jid;
    p->info.region = p->region;
    p->info.stats_id = p->stats_id;
    p->info.role = role_of(o);
    p->info.kind = kind_of(o, trusted_domains);
    p->info.diarize = diarize && strcmp(diarize, "true") == 0;
    read_senders(p, o->presence);
}

void member_presence_clear(MemberPresence *p)
{
    g_free(p->region);
    g_free(p->stats_id);
    *p = (MemberPresence){ 0 };
}
