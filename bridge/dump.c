/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/dump.h"
#include "common/base/clock.h"

static void put_text(JsonBuilder *json, const char *name, const char *value)
{
    json_builder_set_member_name(json, name);
    if (value)
        json_builder_add_string_value(json, value);
    else
        json_builder_add_null_value(json);
}

static void put_int(JsonBuilder *json, const char *name, int64_t value)
{
    json_builder_set_member_name(json, name);
    json_builder_add_int_value(json, value);
}

static void put_real(JsonBuilder *json, const char *name, double value)
{
    json_builder_set_member_name(json, name);
    json_builder_add_double_value(json, value);
}

static void put_bool(JsonBuilder *json, const char *name, bool value)
{
    json_builder_set_member_name(json, name);
    json_builder_add_boolean_value(json, value);
}

static void put_names(JsonBuilder *json, const char *name, char **names)
{
    json_builder_set_member_name(json, name);
    json_builder_begin_array(json);
    for (; names && *names; names++)
        json_builder_add_string_value(json, *names);
    json_builder_end_array(json);
}

static double age_s(int64_t since_us)
{
    int64_t age_ms = (clock_now_us() - since_us) / 1000;
    return (double)age_ms / 1000;
}

static const char *video_type_text(WorkerVideoType type)
{
    static const char *const names[] = { "camera", "desktop", "desktop_high_fps", "none", "disabled" };
    return (size_t)type < G_N_ELEMENTS(names) ? names[type] : "?";
}

static void put_sources(JsonBuilder *json, const Endpoint *ep)
{
    json_builder_set_member_name(json, "sources");
    json_builder_begin_array(json);
    for (size_t i = 0; i < ep->n_sources; i++) {
        const WorkerSource *s = &ep->sources[i];
        json_builder_begin_object(json);
        put_text(json, "name", s->name);
        put_text(json, "kind", s->kind == WORKER_VIDEO ? "video" : "audio");
        if (s->kind == WORKER_VIDEO)
            put_text(json, "video_type", video_type_text(s->video_type));
        json_builder_set_member_name(json, "encodings");
        json_builder_begin_array(json);
        for (unsigned k = 0; k < s->n_encodings; k++) {
            json_builder_begin_object(json);
            put_int(json, "ssrc", s->encodings[k].ssrc);
            put_int(json, "rtx", s->encodings[k].rtx_ssrc);
            json_builder_end_object(json);
        }
        json_builder_end_array(json);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
}

static void put_wishes(JsonBuilder *json, const ReceiverWishes *w)
{
    json_builder_set_member_name(json, "wishes");
    json_builder_begin_object(json);
    put_bool(json, "told", w->told);
    put_int(json, "last_n", w->last_n);
    put_int(json, "default_max_height", w->default_constraint.max_height);
    put_names(json, "on_stage", w->on_stage);
    put_names(json, "selected", w->selected);
    json_builder_set_member_name(json, "max_heights");
    json_builder_begin_object(json);
    for (size_t i = 0; i < w->n_constraints; i++)
        put_int(json, w->constraints[i].source, w->constraints[i].constraint.max_height);
    json_builder_end_object(json);
    json_builder_end_object(json);
}

/* How the estimate of a downlink came about. */
static void put_estimator(JsonBuilder *json, const BweStats *b)
{
    json_builder_set_member_name(json, "estimator");
    json_builder_begin_object(json);
    put_text(json, "kind", b->transport_cc ? "transport-cc" : "remb");
    put_int(json, "target_bps", b->target_bps);
    put_int(json, "delay_bps", b->delay_bps);
    put_int(json, "loss_bps", b->loss_bps);
    put_int(json, "told_bps", b->told_bps);
    put_int(json, "acked_bps", b->acked_bps);
    put_int(json, "wanted_bps", b->wanted_bps);
    put_real(json, "loss", b->loss);
    put_real(json, "rtt_ms", (double)b->rtt_us / 1000);
    put_real(json, "queue_ms", (double)b->queue_us / 1000);
    put_text(json, "usage", b->usage);
    put_text(json, "loss_state", b->loss_state);
    put_real(json, "trend", b->trend);
    put_real(json, "threshold", b->threshold);
    put_bool(json, "application_limited", b->alr);
    put_bool(json, "rtt_limited", b->rtt_limited);
    put_int(json, "feedback", (int64_t)b->feedback_packets);
    put_int(json, "unmatched", (int64_t)b->unmatched);
    put_int(json, "remb_ignored", (int64_t)b->remb_ignored);
    put_int(json, "overuses", (int64_t)b->overuses);
    put_int(json, "probes_sent", (int64_t)b->probes_sent);
    put_int(json, "probes_measured", (int64_t)b->probes_measured);
    json_builder_end_object(json);
}

static void put_numbers(JsonBuilder *json, const WorkerEndpointStats *s)
{
    static const char *const ice[] = { "new", "checking", "writable", "selected", "failed" };
    json_builder_set_member_name(json, "stats");
    json_builder_begin_object(json);
    put_text(json, "ice", (size_t)s->ice < G_N_ELEMENTS(ice) ? ice[s->ice] : "?");
    put_text(json, "remote", s->remote);
    put_bool(json, "keys", s->keys);
    put_bool(json, "connected", s->connected);
    put_int(json, "rx_packets", (int64_t)s->rx_packets);
    put_int(json, "rx_bytes", (int64_t)s->rx_bytes);
    put_int(json, "tx_packets", (int64_t)s->tx_packets);
    put_int(json, "tx_bytes", (int64_t)s->tx_bytes);
    put_int(json, "rx_bps", (int64_t)s->rx_bps);
    put_int(json, "tx_bps", (int64_t)s->tx_bps);
    put_int(json, "retransmitted", (int64_t)s->retransmitted);
    put_int(json, "nacks_in", (int64_t)s->nacks_in);
    put_int(json, "nacks_out", (int64_t)s->nacks_out);
    put_int(json, "keyframe_requests_in", (int64_t)s->keyframe_requests_in);
    put_int(json, "keyframe_requests_out", (int64_t)s->keyframe_requests_out);
    put_int(json, "rtt_ms", s->rtt_ms);
    put_real(json, "rx_loss", s->rx_loss);
    put_real(json, "tx_loss", s->tx_loss);
    put_int(json, "bandwidth_bps", s->bandwidth_bps);
    put_int(json, "target_bps", s->target_bps);
    put_int(json, "ideal_bps", s->ideal_bps);
    put_int(json, "last_packet_ms", s->last_packet_ms);
    put_int(json, "last_speech_ms", s->last_speech_ms);
    put_bool(json, "dominant", s->dominant);
    put_bool(json, "oversending", s->oversending);
    put_int(json, "slots_audio", s->slots_audio);
    put_int(json, "slots_video", s->slots_video);
    if (s->has_estimator)
        put_estimator(json, &s->estimator);
    json_builder_end_object(json);
}

static void put_endpoint(JsonBuilder *json, const Endpoint *ep, bool full)
{
    char remote[TUPLE_TEXT_MAX];
    put_text(json, "id", ep->id);
    put_text(json, "stats_id", ep->stats_id);
    put_int(json, "worker", ep->worker);
    put_bool(json, "visitor", ep->visitor);
    put_real(json, "age_s", age_s(ep->created_us));
    put_text(json, "remote", tuple_is_set(&ep->remote) ? tuple_text(&ep->remote, remote) : NULL);
    put_bool(json, "ice_writable", ep->writable);
    put_bool(json, "dtls_ready", endpoint_transport_is_ready(ep->transport));
    put_text(json, "channel",
             !endpoint_has_channel(ep)                      ? NULL
             : ep->web_socket.ops && !ep->data_channel_last ? "websocket"
                                                            : "data-channel");
    put_bool(json, "active", ep->active);
    put_bool(json, "muted_audio", ep->muted_audio);
    put_bool(json, "muted_video", ep->muted_video);
    put_int(json, "bandwidth_bps", ep->bandwidth_bps);
    put_sources(json, ep);
    put_names(json, "forwarded", ep->forwarded);
    if (ep->has_stats)
        put_numbers(json, &ep->stats);
    if (!full)
        return;
    put_bool(json, "ssrc_rewriting", ep->ssrc_rewriting);
    put_bool(json, "mid", ep->mid);
    put_bool(json, "sctp", ep->with_sctp);
    put_int(json, "ice_generation", ep->generation);
    put_bool(json, "ice_restart_pending", ep->restart_pending);
    put_wishes(json, &ep->wishes);
    g_autofree char *transport = endpoint_transport_dump(ep->transport);
    JsonNode *node = json_from_string(transport, NULL);
    json_builder_set_member_name(json, "transport");
    if (node)
        json_builder_add_value(json, node); /* taken */
    else
        json_builder_add_null_value(json);
}

void dump_endpoint(JsonBuilder *json, const Endpoint *ep, bool full)
{
    json_builder_begin_object(json);
    put_endpoint(json, ep, full);
    json_builder_end_object(json);
}

void dump_conference(JsonBuilder *json, const Conference *c, bool full)
{
    GHashTableIter iter;
    gpointer ep;
    json_builder_begin_object(json);
    put_text(json, "id", c->id);
    put_text(json, "meeting_id", c->meeting_id);
    put_text(json, "name", c->name);
    put_int(json, "worker", c->worker);
    put_real(json, "age_s", age_s(c->created_us));
    put_int(json, "size", conference_size(c));
    put_int(json, "endpoints_seen", c->endpoints_seen);
    put_int(json, "audio_feedback_ssrc", c->audio_ssrc);
    put_int(json, "video_feedback_ssrc", c->video_ssrc);
    put_names(json, "speakers", (char **)c->speakers);
    json_builder_set_member_name(json, "endpoints");
    json_builder_begin_array(json);
    g_hash_table_iter_init(&iter, c->endpoints);
    while (g_hash_table_iter_next(&iter, NULL, &ep)) {
        if (full)
            dump_endpoint(json, ep, false);
        else
            json_builder_add_string_value(json, ((const Endpoint *)ep)->id);
    }
    json_builder_end_array(json);
    json_builder_end_object(json);
}

void dump_streams(JsonBuilder *json, const WorkerEvent *ev)
{
    json_builder_set_member_name(json, "streams");
    json_builder_begin_array(json);
    for (size_t i = 0; i < ev->snapshot.n_streams; i++) {
        const WorkerStreamStats *s = &ev->snapshot.streams[i];
        json_builder_begin_object(json);
        put_text(json, "name", s->name);
        put_text(json, "owner", s->owner);
        put_text(json, "direction", s->is_tx ? "tx" : "rx");
        put_text(json, "kind", s->is_video ? "video" : "audio");
        put_int(json, "ssrc", s->ssrc);
        put_int(json, "rtx", s->rtx_ssrc);
        put_int(json, "encoding", s->encoding);
        put_int(json, "layer", s->layer);
        put_int(json, "target_layer", s->target_layer);
        put_int(json, "ideal_layer", s->ideal_layer);
        put_int(json, "height", s->height);
        if (s->is_tx)
            put_text(json, "reason", forward_reason_name(s->reason));
        put_int(json, "packets", (int64_t)s->packets);
        put_int(json, "bytes", (int64_t)s->bytes);
        put_int(json, "lost", (int64_t)s->lost);
        put_int(json, "retransmitted", (int64_t)s->retransmitted);
        put_int(json, "bps", (int64_t)s->bps);
        put_int(json, "jitter_ts", s->jitter_ts);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
}

char *dump_text(JsonBuilder *json)
{
    g_autoptr(JsonNode) root = json_builder_get_root(json);
    return json_to_string(root, TRUE);
}
