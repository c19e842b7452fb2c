/* SPDX-License-Identifier: Apache-2.0
 *
 * The options of plenum-focus: one table (focus.conf), one read-only struct, and what the conferences and
 * the bridge pool get of it. Filled at start-up, then read by the control thread. */
#ifndef PLENUM_FOCUS_FOCUS_CONFIG_H
#define PLENUM_FOCUS_FOCUS_CONFIG_H

#include "common/base/config.h"
#include "focus/bridge_pool.h"
#include "focus/conference.h"

typedef struct {
    struct {
        int level;
    } log;
    struct {
        int mode, tls; /* FOCUS_MODE_*; XmppLinkTls */
        const char *host, *domain, *component, *secret, *username, *password, *muc, *breakout_muc, *ca_file;
        const char *const *trusted_domains;
        gint64 port, reply_timeout_ms;
    } xmpp;
    struct {
        const char *brewery, *region, *version;
        double stress_threshold, participant_stress;
        gint64 rampup_ms, failure_reset_ms, health_interval_ms, health_retry_ms;
        gboolean allow_mixed_versions, health_checks;
    } bridge;
    struct {
        gint64 min_participants, initial_timeout_ms, single_timeout_ms, join_timeout_ms, xmpp_lost_timeout_ms;
        gint64 restart_min_ms, restart_max, restart_window_ms;
        gint64 max_audio_senders, max_video_senders, max_ssrcs_per_user, max_ssrc_groups_per_user;
        gboolean auto_owner, ice_restart, strip_simulcast, check_source_names, random_document_name;
        const char *const *source_delays; /* "SIZE=MS" */
    } conference;
    struct {
        gboolean av1, vp8, vp9, h264, opus_red, opus_fec, remb, sctp;
        gboolean ssrc_rewriting, mid_demux, json_sources, extmap_allow_mixed;
        gboolean ext_audio_level, ext_mid, ext_tcc, ext_abs_send_time, ext_dependency_descriptor;
        gboolean ext_toffset, ext_rid, ext_video_content_type, ext_video_layers_allocation;
        gint64 opus_minptime;
    } codec;
    struct {
        gint64 conferences, conferences_per_user, joins, request_burst, invite_burst, member_request_burst;
        double requests_per_s, invites_per_s, member_requests_per_s;
    } limits;
    struct {
        const char *private_listener, *token;
    } http;
} FocusConfig;

enum { FOCUS_MODE_COMPONENT, FOCUS_MODE_CLIENT };

extern const ConfigOption focus_options[];
extern const size_t focus_options_n;

/* Checks that span options (DaemonSpec.check): FALSE and *error, a CONFIG_ERROR beginning with "[section] key". */
gboolean focus_config_check(const void *config, GError **error);

/* For a checked configuration. focus_jid is borrowed by the result. */
ConferenceConfig focus_config_conference(const FocusConfig *config, const char *focus_jid);
BridgePoolConfig focus_config_pool(const FocusConfig *config);

#endif
