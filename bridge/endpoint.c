/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/endpoint.h"
#include <arpa/inet.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/random.h>
#include "bridge/bridge.h"
#include "bridge/endpoint_media.h"
#include "common/base/clock.h"

WorkerCommand *endpoint_command(const Endpoint *ep, WorkerCommandType type, size_t n)
{
    return worker_command_new(type, ep->conference->handle, ep->handle, n);
}

bool endpoint_post(const Endpoint *ep, WorkerCommand *c)
{
    BridgeEnv *env = ep->conference->env;
    if (env->media.post(env->media.user, ep->worker, c))
        return true;
    env->counters.commands_refused++;
    return false;
}

/* ---- what the transport asks for ---- */

static void on_datagram(void *user, const uint8_t *bytes, size_t len)
{
    Endpoint *ep = user;
    if (len > WORKER_DATAGRAM_MAX)
        return;
    WorkerCommand *c = endpoint_command(ep, WORKER_DTLS_SEND, len);
    memcpy(c->dtls_send.bytes, bytes, len);
    endpoint_post(ep, c);
}

static void on_keys(void *user, const SrtpKeys *keys)
{
    Endpoint *ep = user;
    WorkerCommand *c = endpoint_command(ep, WORKER_SRTP_KEYS, 0);
    c->srtp_keys = *keys;
    ep->ready_us = clock_now_us();
    log_info(&ep->log, "DTLS connected, %s, after %lld ms", srtp_profile_name(keys->profile),
             (long long)((ep->ready_us - ep->created_us) / 1000));
    if (!endpoint_post(ep, c))
        bridge_expire_later(ep->conference->bridge, ep, "media worker overloaded");
    else
        bridge_endpoint_ready(ep->conference->bridge, ep);
}

static void on_channel_open(void *user)
{
    endpoint_data_channel_opened(user);
}

static void on_text(void *user, const char *text, size_t len)
{
    endpoint_on_message(user, true, text, len);
}

static void on_channel_closed(void *user)
{
    Endpoint *ep = user;
    log_info(&ep->log, "data channel closed");
}

static void on_transport_ended(void *user, bool failed, const char *why)
{
    Endpoint *ep = user;
    if (!failed) { /* the client said goodbye; its focus will say so too */
        log_info(&ep->log, "DTLS closed by the client");
        return;
    }
    ep->dtls_failed = true;
    ep->conference->env->counters.dtls_failed++;
    log_warning(&ep->log, "DTLS failed: %s", why);
    bridge_expire_later(ep->conference->bridge, ep, "DTLS failed");
}

static const EndpointTransportEvents transport_events = {
    .datagram = on_datagram,
    .keys = on_keys,
    .channel_open = on_channel_open,
    .message = on_text,
    .channel_closed = on_channel_closed,
    .ended = on_transport_ended,
};

/* ---- birth ---- */

static Colibri2Error *check_new(const BridgeEnv *env, const Colibri2Endpoint *request)
{
    Colibri2Error *error = colibri2_endpoint_check_new(request);
    if (error)
        return error;
    if (request->transport->has_sctp && !env->sctp)
        return colibri2_error_new(STANZA_FEATURE_NOT_IMPLEMENTED, COLIBRI2_REASON_FEATURE_NOT_IMPLEMENTED,
                                  "SCTP support is not configured");
    return NULL;
}

static bool random_password(char out[ENDPOINT_WS_PASSWORD + 1])
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    size_t n = 0;
    while (n < ENDPOINT_WS_PASSWORD) {
        uint8_t bytes[64];
        if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
            return false;
        for (size_t i = 0; i < sizeof(bytes) && n < ENDPOINT_WS_PASSWORD; i++)
            if (bytes[i] < 4 * (sizeof(alphabet) - 1)) /* 248: no letter is likelier than another */
                out[n++] = alphabet[bytes[i] % (sizeof(alphabet) - 1)];
    }
    out[n] = 0;
    return true;
}

static bool post_create(const Endpoint *ep, int32_t initial_last_n)
{
    WorkerCommand *c = endpoint_command(ep, WORKER_ENDPOINT_CREATE, 0);
    g_strlcpy(c->endpoint_create.id, ep->id, sizeof(c->endpoint_create.id));
    c->endpoint_create.ice = ep->ice;
    c->endpoint_create.ssrc_rewriting = ep->ssrc_rewriting;
    c->endpoint_create.mid = ep->mid;
    c->endpoint_create.visitor = ep->visitor;
    c->endpoint_create.initial_last_n = initial_last_n;
    return endpoint_post(ep, c);
}

Endpoint *endpoint_new(Conference *c, const Colibri2Endpoint *request, uint64_t handle, Colibri2Error **error)
{
    BridgeEnv *env = c->env;
    if ((*error = check_new(env, request)))
        return NULL;
    int64_t now = clock_now_us();
    Endpoint *ep = g_new0(Endpoint, 1);
    *ep = (Endpoint){
        .conference = c,
        .handle = handle,
        .worker = env->media.place(env->media.user, c->handle),
        .stats_id = g_strdup(request->stats_id),
        .visitor = request->muc_role == COLIBRI2_ROLE_VISITOR,
        .ssrc_rewriting = colibri2_endpoint_has_capability(request, COLIBRI2_CAP_SSRC_REWRITING),
        .private_addresses = colibri2_endpoint_has_capability(request, COLIBRI2_CAP_PRIVATE_ADDRESSES),
        .with_sctp = request->transport->has_sctp,
        .created_us = now,
        .messages = rate_limit_new((int32_t)env->config->limits.messages_per_s,
                                   (int32_t)env->config->limits.message_burst, now),
        .active = true,
        .bandwidth_bps = -1,
    };
    ep->mid = ep->ssrc_rewriting && colibri2_endpoint_has_capability(request, COLIBRI2_CAP_MID_DEMUX);
    g_strlcpy(ep->id, request->id, sizeof(ep->id));
    ep->log = (LogContext){ .room = c->log.room, .endpoint = ep->id };
    ep->ssrcs = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    ep->told_types = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    receiver_wishes_init(&ep->wishes);
    ep->transport = endpoint_transport_new(env->dtls, ep->with_sctp ? env->sctp : NULL, &transport_events, ep);
    bool made = ep->transport && random_password(ep->ws_password) && env->media.credentials(ep->worker, &ep->ice);
    ep->first_ufrag = g_strdup(ep->ice.ufrag);
    if (made && post_create(ep, request->initial_last_n))
        return ep;
    *error =
        made ? colibri2_error_new(STANZA_RESOURCE_CONSTRAINT, COLIBRI2_REASON_NONE, "Media worker is overloaded")
             : colibri2_error_new(STANZA_INTERNAL_SERVER_ERROR, COLIBRI2_REASON_NONE, "No randomness or certificate");
    endpoint_free(ep);
    return NULL;
}

void endpoint_free(Endpoint *ep)
{
    if (ep->web_socket.ops)
        ep->web_socket.ops->close(ep->web_socket.socket, ENDPOINT_CLOSED_CODE, "endpoint closed");
    ep->web_socket = (Carrier){ NULL, NULL };
    endpoint_transport_free(ep->transport); /* its last datagrams go out before the endpoint does */
    endpoint_post(ep, endpoint_command(ep, WORKER_ENDPOINT_REMOVE, 0));
    if (ep->resync)
        g_source_remove(ep->resync);
    receiver_wishes_clear(&ep->wishes);
    g_array_unref(ep->ssrcs);
    g_hash_table_unref(ep->told_types);
    g_strfreev(ep->forwarded);
    g_free(ep->stats_id);
    g_free(ep->first_ufrag);
    explicit_bzero(&ep->ice, sizeof(ep->ice));
    g_free(ep);
}

/* ---- updates ---- */

static void apply_media(Endpoint *ep, const GPtrArray *medias)
{
    for (guint i = 0; i < medias->len; i++)
        endpoint_media_add(&ep->media, g_ptr_array_index(medias, i));
    if (medias->len > 0) {
        WorkerCommand *c = endpoint_command(ep, WORKER_MEDIA, 0);
        c->media = ep->media;
        endpoint_post(ep, c);
    }
}

/* UDP candidates with a literal address; a browser's mDNS names and TCP are of no use here. */
static size_t remote_candidates(const IceTransport *ice, Tuple out[WORKER_CANDIDATES_MAX])
{
    size_t n = 0;
    for (guint i = 0; i < ice->candidates->len && n < WORKER_CANDIDATES_MAX; i++) {
        const IceCandidate *one = g_ptr_array_index(ice->candidates, i);
        if (one->component == 1 && strcmp(one->protocol, "udp") == 0 && tuple_parse(one->ip, one->port, 0, &out[n]))
            n++;
    }
    return n;
}

static void apply_ice(Endpoint *ep, const IceTransport *ice)
{
    Tuple candidates[WORKER_CANDIDATES_MAX];
    size_t n = remote_candidates(ice, candidates);
    uint32_t generation = ice->ice_generation > 0 ? (uint32_t)ice->ice_generation : 0;
    if (generation > 0 && (!ep->restart_pending || generation != ep->generation)) {
        log_debug(&ep->log, "ICE transport of stale generation %u ignored", generation);
        return;
    }
    if (!ice->ufrag && n == 0)
        return;
    WorkerCommand *c = endpoint_command(ep, WORKER_REMOTE_ICE, n);
    c->remote_ice.generation = generation;
    if (ice->ufrag && ice->pwd) {
        g_strlcpy(c->remote_ice.ufrag, ice->ufrag, sizeof(c->remote_ice.ufrag));
        g_strlcpy(c->remote_ice.pwd, ice->pwd, sizeof(c->remote_ice.pwd));
    }
    memcpy(c->remote_ice.candidates, candidates, n * sizeof(*candidates));
    endpoint_post(ep, c);
}

static void apply_fingerprints(Endpoint *ep, const IceTransport *ice)
{
    bool any = false;
    for (guint i = 0; i < ice->fingerprints->len; i++) {
        const DtlsFingerprint *fp = g_ptr_array_index(ice->fingerprints, i);
        if (!endpoint_transport_add_fingerprint(ep->transport, fp->hash, fp->value)) {
            log_warning(&ep->log, "fingerprint with hash %s is not accepted", fp->hash);
            continue;
        }
        any = true;
        if (fp->setup == DTLS_PASSIVE || fp->setup == DTLS_ACTIVE)
            endpoint_transport_set_client(ep->transport, fp->setup == DTLS_PASSIVE);
    }
    if (any)
        endpoint_transport_fingerprints_done(ep->transport);
}

/* An in-place restart. False: refused, the answer then has no transport. */
static bool apply_restart(Endpoint *ep)
{
    BridgeCounters *counters = &ep->conference->env->counters;
    if (ep->restart_pending)
        return true; /* the same again */
    if (!ep->writable || !ep->conference->env->media.credentials(ep->worker, &ep->pending_ice)) {
        counters->ice_restarts_refused++;
        return false;
    }
    WorkerCommand *c = endpoint_command(ep, WORKER_ICE_RESTART, 0);
    c->ice_restart.generation = ep->generation + 1;
    c->ice_restart.ice = ep->pending_ice;
    if (!endpoint_post(ep, c))
        return false;
    ep->generation++;
    ep->restart_pending = true;
    counters->ice_restarts_started++;
    log_info(&ep->log, "ICE restart %u begins", ep->generation);
    return true;
}

static bool apply_sources(Endpoint *ep, const Colibri2Sources *sources, Colibri2Error **error)
{
    WorkerSource list[WORKER_SOURCES_MAX];
    size_t n = 0;
    uint32_t taken;
    if (ep->visitor && sources->media_sources->len > 0) {
        *error = colibri2_error_new(STANZA_BAD_REQUEST, COLIBRI2_REASON_NONE, "A visitor may not have sources");
        return false;
    }
    g_autofree char *problem =
        endpoint_media_sources(sources, (unsigned)ep->conference->env->config->limits.ssrcs_per_endpoint, list, &n);
    if (problem) {
        *error = colibri2_error_new(STANZA_BAD_REQUEST, COLIBRI2_REASON_NONE, "%s", problem);
        return false;
    }
    GArray *ssrcs = endpoint_media_ssrcs(sources);
    if (!conference_claim_ssrcs(ep->conference, ep, ssrcs, &taken)) {
        g_array_unref(ssrcs);
        *error = colibri2_error_new(STANZA_BAD_REQUEST, COLIBRI2_REASON_NONE, "SSRC %u belongs to another", taken);
        return false;
    }
    endpoint_told_types(ep, list, n);
    memcpy(ep->sources, list, n * sizeof(*list));
    ep->n_sources = n;
    WorkerCommand *c = endpoint_command(ep, WORKER_SOURCES, n);
    memcpy(c->sources.sources, list, n * sizeof(*list));
    endpoint_post(ep, c);
    return true;
}

static void apply_force_mute(Endpoint *ep, const Colibri2Endpoint *request)
{
    ep->muted_audio = request->force_mute_audio;
    ep->muted_video = request->force_mute_video;
    WorkerCommand *c = endpoint_command(ep, WORKER_FORCE_MUTE, 0);
    c->force_mute.audio = ep->muted_audio;
    c->force_mute.video = ep->muted_video;
    endpoint_post(ep, c);
}

bool endpoint_modify(Endpoint *ep, const Colibri2Endpoint *request, bool *with_transport, Colibri2Error **error)
{
    *with_transport = request->create;
    apply_media(ep, request->medias);
    if (request->transport && request->transport->ice) {
        apply_fingerprints(ep, request->transport->ice);
        apply_ice(ep, request->transport->ice);
    }
    if (request->sources && !apply_sources(ep, request->sources, error))
        return false;
    if (request->has_force_mute)
        apply_force_mute(ep, request);
    if (request->transport && request->transport->ice_restart)
        *with_transport = apply_restart(ep);
    return true;
}

/* ---- the answer ---- */

static void describe_candidates(const Endpoint *ep, IceTransport *ice)
{
    const BridgeEnv *env = ep->conference->env;
    size_t n = ep->private_addresses ? env->n_candidates : env->n_public_candidates;
    const LocalCandidate *list = ep->private_addresses ? env->candidates : env->public_candidates;
    for (size_t i = 0; i < n; i++) {
        const LocalCandidate *from = &list[i];
        char ip[INET6_ADDRSTRLEN] = "", base[INET6_ADDRSTRLEN] = "";
        g_autofree char *id = g_strdup_printf("k%zu", i + 1);
        inet_ntop(from->addr.family == 6 ? AF_INET6 : AF_INET, from->addr.ip, ip, sizeof(ip));
        inet_ntop(from->base.family == 6 ? AF_INET6 : AF_INET, from->base.ip, base, sizeof(base));
        IceCandidate *to = ice_transport_add_candidate(ice, from->type == CANDIDATE_SRFLX ? ICE_SRFLX : ICE_HOST,
                                                       from->foundation, "udp", ip, from->addr.port, from->priority);
        to->id = g_steal_pointer(&id);
        to->component = 1;
        to->generation = 0;
        to->network = 0;
        if (from->type == CANDIDATE_SRFLX) {
            to->rel_addr = g_strdup(from->hide_base ? "0.0.0.0" : base);
            to->rel_port = from->hide_base ? 9 : from->base.port;
        }
    }
}

static void describe_web_sockets(const Endpoint *ep, IceTransport *ice)
{
    const BridgeConfig *config = ep->conference->env->config;
    if (!config->websocket.enabled)
        return;
    for (ConfigList domain = config->websocket.domains; *domain; domain++) {
        g_autofree char *id = g_uri_escape_string(ep->id, NULL, FALSE);
        g_autofree char *url =
            g_strdup_printf("%s://%s/colibri-ws/%s/%s/%s?pwd=%s", config->websocket.tls ? "wss" : "ws", *domain,
                            config->websocket.server_id, ep->conference->id, id, ep->ws_password);
        ice_transport_add_web_socket(ice, url);
    }
}

void endpoint_describe_transport(const Endpoint *ep, Colibri2Endpoint *answer)
{
    const IceCredentials *credentials = ep->restart_pending ? &ep->pending_ice : &ep->ice;
    Colibri2Transport *t = colibri2_transport_new();
    t->ice = ice_transport_new();
    ice_transport_set_credentials(t->ice, credentials->ufrag, credentials->pwd);
    t->ice->rtcp_mux = true;
    if (ep->restart_pending)
        t->ice->ice_generation = (int32_t)ep->generation;
    ice_transport_add_fingerprint(t->ice, "sha-256", endpoint_transport_fingerprint(ep->transport), DTLS_ACTPASS);
    describe_candidates(ep, t->ice);
    describe_web_sockets(ep, t->ice);
    if (ep->with_sctp) {
        t->has_sctp = true;
        t->sctp_role = SCTP_ROLE_SERVER;
        t->sctp_port = COLIBRI2_SCTP_PORT;
    }
    colibri2_transport_free(answer->transport);
    answer->transport = t;
}
