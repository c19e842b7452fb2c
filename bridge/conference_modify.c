/* SPDX-License-Identifier: Apache-2.0
 *
 * One conference-modify carried out (doc/protocols.md, COLIBRI2): endpoints in document order, connects, relays,
 * feedback sources. The conference's end when it is left empty is its owner's business. */
#include <string.h>
#include "bridge/bridge.h"
#include "bridge/conference.h"

static Colibri2Error *unknown_endpoint(const char *id)
{
    Colibri2Error *error =
        colibri2_error_new(STANZA_ITEM_NOT_FOUND, COLIBRI2_REASON_UNKNOWN_ENDPOINT, "Unknown endpoint %s", id);
    error->endpoint_id = g_strdup(id);
    return error;
}

/* Ids become names in messages, logs and URL paths: anything but a slash and control characters will do. */
static bool id_is_valid(const char *id)
{
    size_t len = strlen(id);
    if (len == 0 || len >= WORKER_ID_SIZE || !g_utf8_validate(id, -1, NULL))
        return false;
    for (; *id; id++)
        if ((unsigned char)*id < 0x20 || *id == 0x7f || *id == '/')
            return false;
    return true;
}

static Endpoint *create_endpoint(Conference *c, const Colibri2Endpoint *request, Colibri2Error **error)
{
    const BridgeConfig *config = c->env->config;
    if (conference_find(c, request->id)) {
        *error = colibri2_error_new(STANZA_CONFLICT, COLIBRI2_REASON_NONE, "Endpoint %s exists already", request->id);
        return NULL;
    }
    if (conference_size(c) >= (unsigned)config->limits.endpoints_per_conference || !bridge_has_room(c->bridge)) {
        *error = colibri2_error_new(STANZA_RESOURCE_CONSTRAINT, COLIBRI2_REASON_NONE, "No room for another endpoint");
        return NULL;
    }
    Endpoint *ep = endpoint_new(c, request, bridge_next_handle(c->bridge), error);
    if (!ep)
        return NULL;
    g_hash_table_insert(c->endpoints, ep->id, ep);
    bridge_register(c->bridge, ep);
    c->endpoints_seen++;
    c->env->counters.participants++;
    c->env->counters.visitors += ep->visitor;
    log_info(&ep->log, "endpoint created%s%s, %u here", ep->stats_id ? " for " : "", ep->stats_id ? ep->stats_id : "",
             conference_size(c));
    return ep;
}

static bool modify_endpoint(Conference *c, const Colibri2Endpoint *request, bool accept_unknown,
                            Colibri2Modified *answer, Colibri2Error **error)
{
    Endpoint *ep = conference_find(c, request->id);
    bool with_transport = false;
    if (!id_is_valid(request->id)) {
        *error = colibri2_error_new(STANZA_BAD_REQUEST, COLIBRI2_REASON_NONE, "Invalid endpoint id");
        return false;
    }
    if (request->expire) {
        if (ep)
            conference_expire_endpoint(c, ep, "by the focus");
        colibri2_modified_add_endpoint(answer, request->id)->expire = true;
        return true;
    }
    if (!ep && !request->create) {
        if (accept_unknown)
            colibri2_modified_add_endpoint(answer, request->id);
        else
            *error = unknown_endpoint(request->id);
        return accept_unknown;
    }
    if (request->create && !(ep = create_endpoint(c, request, error)))
        return false;
    if (!endpoint_modify(ep, request, &with_transport, error)) {
        if (request->create) /* nobody could use it: the focus got no transport, and may try again */
            conference_expire_endpoint(c, ep, "its creation failed");
        return false;
    }
    Colibri2Endpoint *told = colibri2_modified_add_endpoint(answer, request->id);
    if (with_transport)
        endpoint_describe_transport(ep, told);
    return true;
}

/* No relays here yet: expiring an unknown one is fine, anything else is refused. */
static bool modify_relays(const Colibri2Modify *request, bool accept_unknown, Colibri2Modified *answer,
                          Colibri2Error **error)
{
    for (guint i = 0; i < request->relays->len; i++) {
        const Colibri2Relay *relay = g_ptr_array_index(request->relays, i);
        if (relay->create)
            *error = colibri2_error_new(STANZA_FEATURE_NOT_IMPLEMENTED, COLIBRI2_REASON_FEATURE_NOT_IMPLEMENTED,
                                        "Relays are not enabled");
        else if (!accept_unknown)
            *error = colibri2_error_new(STANZA_BAD_REQUEST, COLIBRI2_REASON_NONE, "Unknown relay %s", relay->id);
        if (*error)
            return false;
        colibri2_modified_add_relay(answer, relay->id)->expire = relay->expire;
    }
    return true;
}

static Colibri2Sources *feedback_sources(const Conference *c)
{
    Colibri2Sources *sources = colibri2_sources_new();
    Colibri2MediaSource *audio = colibri2_sources_add(sources, MEDIA_AUDIO, "jvb-a0");
    Colibri2MediaSource *video = colibri2_sources_add(sources, MEDIA_VIDEO, "jvb-v0");
    source_set_add_source(audio->set, MEDIA_AUDIO, c->audio_ssrc, "jvb-a0", NULL, VIDEO_TYPE_UNSET);
    source_set_add_source(video->set, MEDIA_VIDEO, c->video_ssrc, "jvb-v0", NULL, VIDEO_TYPE_UNSET);
    return sources;
}

Colibri2Modified *conference_modify(Conference *c, const Colibri2Modify *request, bool created, Colibri2Error **error)
{
    g_autoptr(Colibri2Modified) answer = colibri2_modified_new();
    bool accept_unknown = colibri2_modify_accepts_unknown(request);
    bool with_sources = created;
    for (guint i = 0; i < request->endpoints->len; i++) {
        const Colibri2Endpoint *one = g_ptr_array_index(request->endpoints, i);
        if (!modify_endpoint(c, one, accept_unknown, answer, error))
            return NULL;
        with_sources = with_sources || (one->create && !one->expire);
    }
    if (request->connects && request->connects->len > 0) {
        *error = colibri2_error_new(STANZA_FEATURE_NOT_IMPLEMENTED, COLIBRI2_REASON_FEATURE_NOT_IMPLEMENTED,
                                    "Exporters are not available");
        return NULL;
    }
    if (!modify_relays(request, accept_unknown, answer, error))
        return NULL;
    if (with_sources)
        answer->sources = feedback_sources(c);
    return g_steal_pointer(&answer);
}
