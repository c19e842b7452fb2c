/* SPDX-License-Identifier: Apache-2.0 */
#include "focus/focus_config.h"

#include <string.h>
#define CONFIG_STRUCT FocusConfig
#include "common/base/config_rows.h"
#include "common/base/daemon.h"
#include "common/base/http_admin.h"
#include "common/base/listen_address.h"
#include "common/xmpp/jid.h"

const ConfigOption focus_options[] = {
    DAEMON_LOG_OPTION(FocusConfig, log.level),

    CHOICE("xmpp", "mode", xmpp.mode, "component", "component|client",
           "How to connect: as external component (XEP-0114), or by logging in as a user."),
    TEXT("xmpp", "host", xmpp.host, "127.0.0.1", "XMPP server."),
    NUMBER("xmpp", "port", xmpp.port, "0", 0, 65535, NULL, "Port there; 0: 5347 as a component, 5222 as a client."),
    TEXT("xmpp", "domain", xmpp.domain, "meet.example",
         "Domain of the users; the names below are derived from it when empty."),
    TEXT("xmpp", "component", xmpp.component, "", "Domain of the component; empty: focus.DOMAIN."),
    SECRET("xmpp", "secret", xmpp.secret, "Secret of the component."),
    TEXT("xmpp", "username", xmpp.username, "", "Account for mode = client, user@domain; empty: focus@auth.DOMAIN."),
    SECRET("xmpp", "password", xmpp.password, "Password of that account."),
    CHOICE("xmpp", "tls", xmpp.tls, "auto", "auto|off|required|unverified",
           "TLS for mode = client; auto: none to a loopback address, else required and verified."),
    TEXT("xmpp", "ca_file", xmpp.ca_file, "", "Certificates to trust; empty: those of the system."),
    TEXT("xmpp", "muc", xmpp.muc, "",
         "Domain of the conference rooms; empty: conference.DOMAIN. Requests for rooms elsewhere are refused."),
    TEXT("xmpp", "breakout_muc", xmpp.breakout_muc, "", "Domain of breakout rooms; empty: there are none."),
    LIST("xmpp", "trusted_domains", xmpp.trusted_domains, "", 16,
         "Domains whose users are believed to be recorders, SIP gateways or transcribers when they say so."),
    NUMBER("xmpp", "reply_timeout", xmpp.reply_timeout_ms, "15000", 1000, 120000, "ms",
           "How long the answer to an IQ may take."),

    TEXT("bridge", "brewery", bridge.brewery, "",
         "Room in which focus and bridges meet; empty: jvbbrewery@internal.DOMAIN."),
    TEXT("bridge", "region", bridge.region, "", "Region assumed of participants who tell none."),
    TEXT("bridge", "version", bridge.version, "", "Use bridges of this version only; empty: any."),
    FLAG("bridge", "allow_mixed_versions", bridge.allow_mixed_versions, "false",
         "One conference may use bridges of several versions."),
    REAL("bridge", "stress_threshold", bridge.stress_threshold, "0.8", 0.01, 100, NULL,
         "Stress from which a bridge counts as overloaded."),
    REAL("bridge", "participant_stress", bridge.participant_stress, "0.01", 0, 1, NULL,
         "Stress of one participant, for bridges that do not tell."),
    NUMBER("bridge", "rampup", bridge.rampup_ms, "20000", 0, 600000, "ms",
           "For so long a new participant is added to the reported stress."),
    NUMBER("bridge", "failure_reset", bridge.failure_reset_ms, "60000", 0, 3600000, "ms",
           "For so long a failed bridge is not used."),
    FLAG("bridge", "health_checks", bridge.health_checks, "true", "Ask bridges for their health."),
    NUMBER("bridge", "health_interval", bridge.health_interval_ms, "10000", 1000, 600000, "ms", "How often."),
    NUMBER("bridge", "health_retry", bridge.health_retry_ms, "5000", 100, 600000, "ms",
           "Pause before a silent bridge is asked once more."),

    NUMBER("conference", "min_participants", conference.min_participants, "2", 1, 100, NULL,
           "So many must be there before anybody is invited."),
    NUMBER("conference", "initial_timeout", conference.initial_timeout_ms, "15000", 1000, 3600000, "ms",
           "An empty room is left after this time."),
    NUMBER("conference", "single_timeout", conference.single_timeout_ms, "20000", 0, 3600000, "ms",
           "The last one's session is ended after this time."),
    NUMBER("conference", "join_timeout", conference.join_timeout_ms, "10000", 1000, 60000, "ms",
           "How long joining a room may take."),
    NUMBER("conference", "xmpp_lost_timeout", conference.xmpp_lost_timeout_ms, "60000", 1000, 3600000, "ms",
           "Conferences end when the XMPP server stays away for so long."),
    NUMBER("conference", "restart_min", conference.restart_min_ms, "5000", 0, 600000, "ms",
           "Time between two restarts a client asks for."),
    NUMBER("conference", "restart_max", conference.restart_max, "5", 1, 16, NULL,
           "Most restarts of a client within restart_window."),
    NUMBER("conference", "restart_window", conference.restart_window_ms, "60000", 1000, 3600000, "ms",
           "See restart_max."),
    FLAG("conference", "ice_restart", conference.ice_restart, "true",
         "Restart ICE in place for clients that ask for it."),
    NUMBER("conference", "max_audio_senders", conference.max_audio_senders, "0", 0, 100000, NULL,
           "Most unmuted microphones; 0: no limit."),
    NUMBER("conference", "max_video_senders", conference.max_video_senders, "0", 0, 100000, NULL,
           "Most unmuted cameras and screens; 0: no limit."),
    NUMBER("conference", "max_ssrcs_per_user", conference.max_ssrcs_per_user, "20", 1, 64, NULL,
           "Most SSRCs of one participant."),
    NUMBER("conference", "max_ssrc_groups_per_user", conference.max_ssrc_groups_per_user, "20", 1, 64, NULL,
           "Most SSRC groups of one participant."),
    FLAG("conference", "check_source_names", conference.check_source_names, "true",
         "Sources must be named after their owner."),
    FLAG("conference", "auto_owner", conference.auto_owner, "true", "The first participant becomes owner of the room."),
    FLAG("conference", "strip_simulcast", conference.strip_simulcast, "true",
         "Tell receivers of one stream per source, as bridges send it."),
    FLAG("conference", "random_document_name", conference.random_document_name, "false",
         "Name the shared document at random instead of after the room."),
    LIST("conference", "source_delays", conference.source_delays, "", CONFERENCE_MAX_DELAYS,
         "SIZE=MS: from so many participants on, changes of sources are collected for so long."),

    FLAG("codec", "av1", codec.av1, "true", "Offer AV1."),
    FLAG("codec", "vp9", codec.vp9, "true", "Offer VP9."),
    FLAG("codec", "vp8", codec.vp8, "true", "Offer VP8."),
    FLAG("codec", "h264", codec.h264, "true", "Offer H.264."),
    FLAG("codec", "opus_red", codec.opus_red, "false", "Offer redundant audio (RFC 2198)."),
    FLAG("codec", "opus_fec", codec.opus_fec, "true", "Opus with in-band error correction."),
    NUMBER("codec", "opus_minptime", codec.opus_minptime, "10", 3, 120, "ms", "Shortest Opus packets."),
    FLAG("codec", "remb", codec.remb, "true", "Offer goog-remb to those without transport-cc."),
    FLAG("codec", "data_channel", codec.sctp, "true", "Offer a data channel."),
    FLAG("codec", "ssrc_rewriting", codec.ssrc_rewriting, "true", "Let the bridge rewrite SSRCs for clients that can."),
    FLAG("codec", "mid_demux", codec.mid_demux, "true", "Let the bridge set MIDs for clients that can."),
    FLAG("codec", "json_sources", codec.json_sources, "true", "Describe sources in compact form to clients that can."),
    FLAG("codec", "extmap_allow_mixed", codec.extmap_allow_mixed, "true",
         "Offer mixed one- and two-byte header extensions."),
    FLAG("codec", "audio_level", codec.ext_audio_level, "true", "Header extension audio level (RFC 6464)."),
    FLAG("codec", "mid", codec.ext_mid, "true", "Header extension MID."),
    FLAG("codec", "tcc", codec.ext_tcc, "true", "Transport-wide congestion control."),
    FLAG("codec", "abs_send_time", codec.ext_abs_send_time, "true", "Header extension absolute send time."),
    FLAG("codec", "dependency_descriptor", codec.ext_dependency_descriptor, "true",
         "Header extension dependency descriptor, needed for AV1."),
    FLAG("codec", "toffset", codec.ext_toffset, "false", "Header extension transmission offset (RFC 5450)."),
    FLAG("codec", "rid", codec.ext_rid, "false", "Header extension RTP stream id."),
    FLAG("codec", "video_content_type", codec.ext_video_content_type, "false", "Header extension video content type."),
    FLAG("codec", "video_layers_allocation", codec.ext_video_layers_allocation, "false",
         "Header extension video layers allocation."),

    NUMBER("limits", "conferences", limits.conferences, "5000", 1, 100000, NULL,
           "Conferences at a time; further requests are told to wait."),
    NUMBER("limits", "conferences_per_user", limits.conferences_per_user, "100", 1, 100000, NULL,
           "Conferences at a time that one user's requests made; further requests are told to wait."),
    NUMBER("limits", "joins", limits.joins, "200", 1, 100000, NULL,
           "Rooms being joined at a time; further requests are told to wait."),
    REAL("limits", "requests", limits.requests_per_s, "1", 0.01, 1000, "per second",
         "Conference requests of one user in the long run."),
    NUMBER("limits", "request_burst", limits.request_burst, "20", 1, 10000, NULL,
           "Conference requests of one user at once."),
    REAL("limits", "invites", limits.invites_per_s, "0.2", 0.01, 1000, "per second",
         "Joins of one user to one conference that are invited, in the long run; who comes and goes faster waits."),
    NUMBER("limits", "invite_burst", limits.invite_burst, "20", 1, 10000, NULL,
           "Joins of one user to one conference that are invited at once."),
    REAL("limits", "member_requests", limits.member_requests_per_s, "20", 0.1, 1000, "per second",
         "Jingle and mute requests of one participant in the long run; more are refused."),
    NUMBER("limits", "member_request_burst", limits.member_request_burst, "200", 10, 10000, NULL,
           "Jingle and mute requests of one participant at once."),

    TEXT("http", "private", http.private_listener, "127.0.0.1:8888",
         "Listener of administration, ADDRESS:PORT; empty: none."),
    SECRET("http", "token", http.token,
           "Bearer token the listener asks for; needed when it is not on a loopback address."),
};
const size_t focus_options_n = G_N_ELEMENTS(focus_options);

static gboolean bad(GError **error, const char *key, const char *value, const char *must)
{
    g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE, "%s = %s: %s", key, value, must);
    return FALSE;
}

static gboolean is_domain(const char *text)
{
    g_autoptr(Jid) jid = jid_parse_bare(text);
    return jid && !*jid->local;
}

static gboolean check_server(const FocusConfig *c, GError **error)
{
    if (!listen_address_is_host(c->xmpp.host))
        return bad(error, "[xmpp] host", c->xmpp.host, "not the name or address of a host; its port goes into port");
    if (*c->xmpp.ca_file && !g_file_test(c->xmpp.ca_file, G_FILE_TEST_IS_REGULAR))
        return bad(error, "[xmpp] ca_file", c->xmpp.ca_file, "no such file; empty: the certificates of the system");
    return TRUE;
}

static gboolean parse_delay(const char *text, guint *size, int64_t *delay_ms)
{
    g_auto(GStrv) parts = g_strsplit(text, "=", 2);
    guint64 s, ms;
    if (g_strv_length(parts) != 2 || !g_ascii_string_to_unsigned(parts[0], 10, 0, 100000, &s, NULL) ||
        !g_ascii_string_to_unsigned(parts[1], 10, 0, 60000, &ms, NULL))
        return FALSE;
    *size = (guint)s;
    *delay_ms = (int64_t)ms;
    return TRUE;
}

static gboolean check_delays(const FocusConfig *c, GError **error)
{
    guint last = 0;
    for (const char *const *d = c->conference.source_delays; *d; d++) {
        guint size;
        int64_t ms;
        if (!parse_delay(*d, &size, &ms) || (d != c->conference.source_delays && size <= last))
            return bad(error, "[conference] source_delays", *d, "must be SIZE=MS, with ascending sizes");
        last = size;
    }
    return TRUE;
}

gboolean focus_config_check(const void *config, GError **error)
{
    const FocusConfig *c = config;
    g_autofree char *address = NULL;
    guint16 port;
    if (!check_server(c, error))
        return FALSE;
    if (!is_domain(c->xmpp.domain))
        return bad(error, "[xmpp] domain", c->xmpp.domain, "not a domain");
    const char *const domains[] = { c->xmpp.component, c->xmpp.muc, c->xmpp.breakout_muc };
    const char *const keys[] = { "[xmpp] component", "[xmpp] muc", "[xmpp] breakout_muc" };
    for (guint i = 0; i < G_N_ELEMENTS(domains); i++)
        if (*domains[i] && !is_domain(domains[i]))
            return bad(error, keys[i], domains[i], "not a domain");
    g_autoptr(Jid) brewery = *c->bridge.brewery ? jid_parse_room(c->bridge.brewery) : NULL;
    if (*c->bridge.brewery && !brewery)
        return bad(error, "[bridge] brewery", c->bridge.brewery, "not a room, name@domain");
    g_autoptr(Jid) user = *c->xmpp.username ? jid_parse_room(c->xmpp.username) : NULL;
    if (*c->xmpp.username && !user)
        return bad(error, "[xmpp] username", c->xmpp.username, "not an account, user@domain");
    if (c->xmpp.mode == FOCUS_MODE_COMPONENT && !c->xmpp.secret)
        return bad(error, "[xmpp] secret_file", "(not set)",
                   "mode = component needs it; name a file whose first line is the secret, or use the systemd "
                   "credential xmpp.secret");
    if (c->xmpp.mode == FOCUS_MODE_CLIENT && !c->xmpp.password)
        return bad(error, "[xmpp] password_file", "(not set)",
                   "mode = client needs it; name a file whose first line is the password, or use the systemd "
                   "credential xmpp.password");
    if (*c->http.private_listener && !listen_address_parse(c->http.private_listener, &address, &port))
        return bad(error, "[http] private", c->http.private_listener, "not a numeric ADDRESS:PORT");
    if (address && !http_admin_check(address, c->http.token, error))
        return FALSE;
    for (const char *const *d = c->xmpp.trusted_domains; *d; d++)
        if (!is_domain(*d))
            return bad(error, "[xmpp] trusted_domains", *d, "not a domain");
    return check_delays(c, error);
}

static OfferConfig offer_config(const FocusConfig *c)
{
    return (OfferConfig){
        .av1 = c->codec.av1,
        .vp8 = c->codec.vp8,
        .h264 = c->codec.h264,
        .vp9 = c->codec.vp9,
        .opus_red = c->codec.opus_red,
        .opus_fec = c->codec.opus_fec,
        .opus_minptime = (int)c->codec.opus_minptime,
        .remb = c->codec.remb,
        .sctp = c->codec.sctp,
        .ssrc_rewriting = c->codec.ssrc_rewriting,
        .mid_demux = c->codec.mid_demux,
        .json_sources = c->codec.json_sources,
        .ext_audio_level = c->codec.ext_audio_level,
        .ext_mid = c->codec.ext_mid,
        .ext_tcc = c->codec.ext_tcc,
        .ext_abs_send_time = c->codec.ext_abs_send_time,
        .ext_dependency_descriptor = c->codec.ext_dependency_descriptor,
        .ext_toffset = c->codec.ext_toffset,
        .ext_rid = c->codec.ext_rid,
        .ext_video_content_type = c->codec.ext_video_content_type,
        .ext_video_layers_allocation = c->codec.ext_video_layers_allocation,
        .extmap_allow_mixed = c->codec.extmap_allow_mixed,
    };
}

ConferenceConfig focus_config_conference(const FocusConfig *c, const char *focus_jid)
{
    ConferenceConfig out = CONFERENCE_CONFIG_DEFAULT;
    out.focus_jid = focus_jid;
    out.min_participants = (guint)c->conference.min_participants;
    out.initial_timeout_ms = c->conference.initial_timeout_ms;
    out.single_timeout_ms = c->conference.single_timeout_ms;
    out.join_timeout_ms = c->conference.join_timeout_ms;
    out.xmpp_lost_timeout_ms = c->conference.xmpp_lost_timeout_ms;
    out.restart_min_ms = c->conference.restart_min_ms;
    out.restart_max = (guint)c->conference.restart_max;
    out.restart_window_ms = c->conference.restart_window_ms;
    out.requests_per_s = c->limits.member_requests_per_s;
    out.request_burst = (guint)c->limits.member_request_burst;
    out.invites_per_s = c->limits.invites_per_s;
    out.invite_burst = (guint)c->limits.invite_burst;
    out.auto_owner = c->conference.auto_owner;
    out.ice_restart = c->conference.ice_restart;
    out.strip_simulcast = c->conference.strip_simulcast;
    out.max_audio_senders = (guint)c->conference.max_audio_senders;
    out.max_video_senders = (guint)c->conference.max_video_senders;
    out.source_limits.max_sources = (guint)c->conference.max_ssrcs_per_user;
    out.source_limits.max_groups = (guint)c->conference.max_ssrc_groups_per_user;
    out.source_limits.check_names = c->conference.check_source_names;
    for (guint i = 0; c->conference.source_delays[i] && i < CONFERENCE_MAX_DELAYS; i++)
        parse_delay(c->conference.source_delays[i], &out.source_delays[i].size, &out.source_delays[i].delay_ms);
    out.offer = offer_config(c);
    return out;
}

BridgePoolConfig focus_config_pool(const FocusConfig *c)
{
    return (BridgePoolConfig){
        .overloaded_stress = c->bridge.stress_threshold,
        .average_participant_stress = c->bridge.participant_stress,
        .rampup_ms = c->bridge.rampup_ms,
        .failure_reset_ms = c->bridge.failure_reset_ms,
    };
}
