/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/channel/messages.h"
#include <string.h>
#include "bridge/channel/json_text.h"

const char *message_status_name(MessageStatus status)
{
    static const char *const names[] = { "ok",       "too long",      "syntax",
                                         "too deep", "too many",      "duplicate key",
                                         "no class", "unknown class", "bad field" };
    return (size_t)status < G_N_ELEMENTS(names) ? names[status] : "?";
}

static const char *const video_types[] = { "CAMERA", "DESKTOP", "DESKTOP_HIGH_FPS", "NONE", "DISABLED" };

bool message_video_type_parse(const char *text, MessageVideoType *out)
{
    for (size_t i = 0; i < G_N_ELEMENTS(video_types); i++) {
        if (g_ascii_strcasecmp(text, video_types[i]) == 0) {
            *out = (MessageVideoType)i;
            return true;
        }
    }
    return false;
}

const char *message_video_type_name(MessageVideoType type)
{
    return (size_t)type < G_N_ELEMENTS(video_types) ? video_types[type] : "NONE";
}

/* ---- fields ---- */

/* null counts as absent everywhere: clients write it for "not set". */
static JsonSpan field(JsonSpan object, const char *name)
{
    JsonSpan value = json_member(object, name);
    return json_span_kind(value) == 'n' ? (JsonSpan){ NULL, 0 } : value;
}

static MessageStatus parse_names(JsonSpan value, char ***out)
{
    if (json_span_kind(value) != '[')
        return MESSAGE_BAD_FIELD;
    size_t n = json_span_count(value), i = 0;
    if (n > MESSAGE_MAX_LIST)
        return MESSAGE_TOO_MANY;
    char **names = g_new0(char *, n + 1);
    JsonSpan element;
    for (JsonWalk walk = json_walk(value); json_walk_next(&walk, NULL, &element); i++) {
        char name[MESSAGE_MAX_NAME + 1];
        if (!json_span_string(element, name, sizeof(name))) {
            g_strfreev(names);
            return MESSAGE_BAD_FIELD;
        }
        names[i] = g_strdup(name);
    }
    g_strfreev(*out);
    *out = names;
    return MESSAGE_OK;
}

static MessageStatus parse_constraint(JsonSpan object, VideoConstraint *out)
{
    int64_t height = -1, fps = -1;
    if (json_span_kind(object) != '{')
        return MESSAGE_BAD_FIELD;
    JsonSpan h = field(object, "maxHeight"), f = field(object, "maxFrameRate");
    if (!h.start || !json_span_int(h, -1, MESSAGE_MAX_PIXELS, &height))
        return MESSAGE_BAD_FIELD;
    /* Frame rates are read as doubles elsewhere; a client may well send 7.5. */
    if (f.start && !json_span_int(f, -1, MESSAGE_MAX_FPS, &fps)) {
        char number[32];
        if (json_span_kind(f) != '0' || f.len >= sizeof(number))
            return MESSAGE_BAD_FIELD;
        memcpy(number, f.start, f.len);
        number[f.len] = 0;
        double value = g_ascii_strtod(number, NULL);
        if (!(value >= -1 && value <= MESSAGE_MAX_FPS))
            return MESSAGE_BAD_FIELD;
        fps = value < 0 ? -1 : (int64_t)(value + 0.5);
    }
    *out = (VideoConstraint){ (int32_t)height, (int32_t)fps };
    return MESSAGE_OK;
}

static MessageStatus parse_constraint_map(JsonSpan map, ReceiverVideoConstraints *out)
{
    if (json_span_kind(map) != '{')
        return MESSAGE_BAD_FIELD;
    size_t n = 0;
    JsonSpan name, value;
    for (JsonWalk walk = json_walk(map); json_walk_next(&walk, &name, &value);)
        n++;
    if (n > MESSAGE_MAX_LIST)
        return MESSAGE_TOO_MANY;
    out->constraints = g_new0(NamedConstraint, n ? n : 1);
    out->has_constraints = true;
    for (JsonWalk walk = json_walk(map); json_walk_next(&walk, &name, &value);) {
        char source[MESSAGE_MAX_NAME + 1];
        NamedConstraint *c = &out->constraints[out->n_constraints];
        if (!json_span_string(name, source, sizeof(source)) || parse_constraint(value, &c->constraint) != MESSAGE_OK)
            return MESSAGE_BAD_FIELD;
        c->source = g_strdup(source);
        out->n_constraints++;
    }
    return MESSAGE_OK;
}

static MessageStatus parse_video_constraints(JsonSpan object, ReceiverVideoConstraints *out)
{
    int64_t n;
    MessageStatus status = MESSAGE_OK;
    JsonSpan value = field(object, "lastN");
    if (value.start) {
        if (!json_span_int(value, -1, INT32_MAX, &n))
            return MESSAGE_BAD_FIELD;
        out->last_n = (int32_t)n;
        out->has_last_n = true;
    }
    value = field(object, "assumedBandwidthBps");
    if (value.start) {
        if (!json_span_int(value, -1, INT64_MAX / 16, &out->assumed_bandwidth_bps))
            return MESSAGE_BAD_FIELD;
        out->has_assumed_bandwidth = true;
    }
    value = field(object, "selectedSources");
    if (value.start)
        status = parse_names(value, &out->selected_sources);
    value = field(object, "onStageSources");
    if (status == MESSAGE_OK && value.start)
        status = parse_names(value, &out->on_stage_sources);
    value = field(object, "defaultConstraints");
    if (status == MESSAGE_OK && value.start) {
        status = parse_constraint(value, &out->default_constraint);
        out->has_default = true;
    }
    value = field(object, "constraints");
    if (status == MESSAGE_OK && value.start)
        status = parse_constraint_map(value, out);
    return status;
}

static MessageStatus parse_last_n(JsonSpan object, ReceiverVideoConstraints *out)
{
    int64_t n;
    if (!json_span_int(field(object, "lastN"), -1, INT32_MAX, &n))
        return MESSAGE_BAD_FIELD;
    out->last_n = (int32_t)n;
    out->has_last_n = out->last_n_event = true;
    return MESSAGE_OK;
}

static MessageStatus parse_video_type(JsonSpan object, bool with_source, Message *out)
{
    char type[32];
    if (with_source &&
        (!json_span_string(field(object, "sourceName"), out->video_type.source, sizeof(out->video_type.source)) ||
         out->video_type.source[0] == 0))
        return MESSAGE_BAD_FIELD;
    if (!json_span_string(field(object, "videoType"), type, sizeof(type)) ||
        !message_video_type_parse(type, &out->video_type.type))
        return MESSAGE_BAD_FIELD;
    return MESSAGE_OK;
}

/* The form before "all" existed: mode All, None, Include or Exclude, the latter two with "list". */
static MessageStatus parse_audio_mode(JsonSpan object, JsonSpan mode, ReceiverAudioSubscription *out)
{
    char name[16];
    JsonSpan list = field(object, "list");
    if (!json_span_string(mode, name, sizeof(name)))
        return MESSAGE_BAD_FIELD;
    bool include = g_ascii_strcasecmp(name, "Include") == 0;
    bool exclude = g_ascii_strcasecmp(name, "Exclude") == 0;
    out->all = exclude || g_ascii_strcasecmp(name, "All") == 0;
    if (!out->all && !include && g_ascii_strcasecmp(name, "None") != 0)
        return MESSAGE_BAD_FIELD;
    if ((include || exclude) && list.start)
        return parse_names(list, include ? &out->include : &out->exclude);
    return MESSAGE_OK;
}

static MessageStatus parse_audio_subscription(JsonSpan object, ReceiverAudioSubscription *out)
{
    MessageStatus status = MESSAGE_OK;
    JsonSpan all = field(object, "all"), mode = field(object, "mode");
    JsonSpan include = field(object, "include"), exclude = field(object, "exclude");
    out->include = g_new0(char *, 1);
    out->exclude = g_new0(char *, 1);
    if (mode.start && !all.start)
        return parse_audio_mode(object, mode, out);
    /* COMPAT: a missing "all" means false to deployed bridges, so clients always send it. */
    if (all.start && !json_span_bool(all, &out->all))
        return MESSAGE_BAD_FIELD;
    if (include.start)
        status = parse_names(include, &out->include);
    if (status == MESSAGE_OK && exclude.start)
        status = parse_names(exclude, &out->exclude);
    return status;
}

static MessageStatus parse_endpoint_message(JsonSpan object, Message *out)
{
    JsonSpan to = field(object, "to");
    if (!to.start) /* absent: to all others */
        return MESSAGE_OK;
    return json_span_string(to, out->to, sizeof(out->to)) ? MESSAGE_OK : MESSAGE_BAD_FIELD;
}

/* ---- the message ---- */

static const struct {
    const char *name;
    MessageType type;
} classes[] = {
    { "ClientHello", MESSAGE_CLIENT_HELLO },
    { "ReceiverVideoConstraints", MESSAGE_RECEIVER_VIDEO_CONSTRAINTS },
    { "LastNChangedEvent", MESSAGE_RECEIVER_VIDEO_CONSTRAINTS },
    { "SourceVideoTypeMessage", MESSAGE_SOURCE_VIDEO_TYPE },
    { "VideoTypeMessage", MESSAGE_VIDEO_TYPE },
    { "EndpointMessage", MESSAGE_ENDPOINT_MESSAGE },
    { "EndpointStats", MESSAGE_ENDPOINT_STATS },
    { "ReceiverAudioSubscription", MESSAGE_RECEIVER_AUDIO_SUBSCRIPTION },
};

static MessageStatus parse_class(JsonSpan root, size_t class_index, Message *out)
{
    switch (classes[class_index].type) {
    case MESSAGE_RECEIVER_VIDEO_CONSTRAINTS:
        return classes[class_index].name[0] == 'L' ? parse_last_n(root, &out->video)
                                                   : parse_video_constraints(root, &out->video);
    case MESSAGE_SOURCE_VIDEO_TYPE:
        return parse_video_type(root, true, out);
    case MESSAGE_VIDEO_TYPE:
        return parse_video_type(root, false, out);
    case MESSAGE_ENDPOINT_MESSAGE:
        return parse_endpoint_message(root, out);
    case MESSAGE_RECEIVER_AUDIO_SUBSCRIPTION:
        return parse_audio_subscription(root, &out->audio);
    case MESSAGE_CLIENT_HELLO:
    case MESSAGE_ENDPOINT_STATS:
        break;
    }
    return MESSAGE_OK;
}

static MessageStatus check_text(const char *text, size_t len)
{
    if (len > MESSAGE_MAX_BYTES)
        return MESSAGE_TOO_LONG;
    switch (json_text_check(text, len)) {
    case JSON_OK:
        return MESSAGE_OK;
    case JSON_TOO_DEEP:
        return MESSAGE_TOO_DEEP;
    case JSON_TOO_MANY:
        return MESSAGE_TOO_MANY;
    case JSON_DUPLICATE:
        return MESSAGE_DUPLICATE_KEY;
    case JSON_SYNTAX:
        break;
    }
    return MESSAGE_SYNTAX;
}

MessageStatus message_parse(const char *text, size_t len, Message *out)
{
    MessageStatus status = check_text(text, len);
    if (status != MESSAGE_OK)
        return status;
    JsonSpan root = json_text_root(text, len);
    JsonSpan name = json_member(root, "colibriClass");
    if (json_span_kind(name) != '"')
        return MESSAGE_NO_CLASS;
    for (size_t i = 0; i < G_N_ELEMENTS(classes); i++) {
        if (!json_span_equals(name, classes[i].name))
            continue;
        Message m = { .type = classes[i].type };
        status = parse_class(root, i, &m);
        if (status == MESSAGE_OK)
            *out = m;
        else
            message_clear(&m);
        return status;
    }
    return MESSAGE_UNKNOWN_CLASS;
}

void message_clear(Message *m)
{
    if (m->type == MESSAGE_RECEIVER_VIDEO_CONSTRAINTS) {
        g_strfreev(m->video.selected_sources);
        g_strfreev(m->video.on_stage_sources);
        for (size_t i = 0; i < m->video.n_constraints; i++)
            g_free(m->video.constraints[i].source);
        g_free(m->video.constraints);
    } else if (m->type == MESSAGE_RECEIVER_AUDIO_SUBSCRIPTION) {
        g_strfreev(m->audio.include);
        g_strfreev(m->audio.exclude);
    }
    memset(m, 0, sizeof(*m));
}
