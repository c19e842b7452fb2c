/* SPDX-License-Identifier: Apache-2.0
 *
 * The other direction of messages.h: what the bridge says to a client. */
#include "bridge/channel/json_text.h"
#include "bridge/channel/messages.h"

/* Bytes that are no UTF-8 come out as U+FFFD: a name can never break the text it is in. */
static void put_string(GString *out, const char *text)
{
    g_autofree char *valid = g_utf8_validate(text, -1, NULL) ? NULL : g_utf8_make_valid(text, -1);
    g_string_append_c(out, '"');
    for (const char *p = valid ? valid : text; *p; p++) {
        if (*p == '"' || *p == '\\')
            g_string_append_c(out, '\\');
        if ((unsigned char)*p < 0x20)
            g_string_append_printf(out, "\\u%04x", (unsigned)(unsigned char)*p);
        else
            g_string_append_c(out, *p);
    }
    g_string_append_c(out, '"');
}

static GString *message_open(const char *class_name)
{
    GString *out = g_string_sized_new(256);
    g_string_append_printf(out, "{\"colibriClass\":\"%s\"", class_name);
    return out;
}

static void put_member(GString *out, const char *name, const char *value)
{
    g_string_append_printf(out, ",\"%s\":", name);
    put_string(out, value);
}

static void put_names(GString *out, const char *name, const char *const *names, size_t n)
{
    g_string_append_printf(out, ",\"%s\":[", name);
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            g_string_append_c(out, ',');
        put_string(out, names[i]);
    }
    g_string_append_c(out, ']');
}

static char *message_close(GString *out)
{
    g_string_append_c(out, '}');
    return g_string_free(out, FALSE);
}

char *message_server_hello(const char *version)
{
    GString *out = message_open("ServerHello");
    if (version)
        put_member(out, "version", version);
    return message_close(out);
}

static char *sources_map(const char *class_name, const SourceMapEntry *entries, size_t n, bool video)
{
    GString *out = message_open(class_name);
    g_string_append(out, ",\"mappedSources\":[");
    for (size_t i = 0; i < n; i++) {
        const SourceMapEntry *e = &entries[i];
        g_string_append(out, i > 0 ? ",{\"source\":" : "{\"source\":");
        put_string(out, e->source);
        put_member(out, "owner", e->owner);
        g_string_append_printf(out, ",\"ssrc\":%" G_GUINT32_FORMAT, e->ssrc);
        if (video) {
            g_string_append_printf(out, ",\"rtx\":%" G_GUINT32_FORMAT, e->rtx);
            put_member(out, "videoType", message_video_type_name(e->video_type));
        }
        if (e->mid)
            put_member(out, "mid", e->mid);
        g_string_append_c(out, '}');
    }
    g_string_append_c(out, ']');
    return message_close(out);
}

char *message_video_sources_map(const SourceMapEntry *entries, size_t n)
{
    return sources_map("VideoSourcesMap", entries, n, true);
}

char *message_audio_sources_map(const SourceMapEntry *entries, size_t n)
{
    return sources_map("AudioSourcesMap", entries, n, false);
}

char *message_forwarded_sources(const char *const *names, size_t n)
{
    GString *out = message_open("ForwardedSources");
    put_names(out, "forwardedSources", names, n);
    return message_close(out);
}

char *message_sender_source_constraints(const char *source, int32_t max_height)
{
    GString *out = message_open("SenderSourceConstraints");
    put_member(out, "sourceName", source);
    g_string_append_printf(out, ",\"maxHeight\":%" G_GINT32_FORMAT, max_height);
    return message_close(out);
}

char *message_dominant_speaker(const char *endpoint, const char *const *previous, size_t n, bool silence)
{
    GString *out = message_open("DominantSpeakerEndpointChangeEvent");
    if (endpoint)
        put_member(out, "dominantSpeakerEndpoint", endpoint);
    put_names(out, "previousSpeakers", previous, n);
    g_string_append(out, silence ? ",\"silence\":true" : ",\"silence\":false");
    return message_close(out);
}

char *message_connectivity(const char *endpoint, bool active)
{
    GString *out = message_open("EndpointConnectivityStatusChangeEvent");
    put_member(out, "endpoint", endpoint);
    put_member(out, "active", active ? "true" : "false");
    return message_close(out);
}

char *message_connection_stats(int64_t estimated_downlink_bps)
{
    GString *out = message_open("ConnectionStats");
    g_string_append_printf(out, ",\"estimatedDownlinkBandwidth\":%" G_GINT64_FORMAT, estimated_downlink_bps);
    return message_close(out);
}

char *message_with_from(const char *text, size_t len, const char *from)
{
    JsonSpan root = json_text_root(text, len), old = json_member(root, "from");
    GString *out = g_string_sized_new(len + strlen(from) + 16);
    if (old.start) {
        g_string_append_len(out, root.start, old.start - root.start);
        put_string(out, from);
        g_string_append_len(out, old.start + old.len, root.start + root.len - (old.start + old.len));
    } else {
        /* The object has members, "colibriClass" at least, so a comma is due. */
        g_string_append(out, "{\"from\":");
        put_string(out, from);
        g_string_append_c(out, ',');
        g_string_append_len(out, root.start + 1, (gssize)root.len - 1);
    }
    return g_string_free(out, FALSE);
}
