/* SPDX-License-Identifier: Apache-2.0
 *
 * What can be set in bridge.conf: the struct and its option table (common/base/config.h). Written once at
 * start, then only read; any thread. */
#ifndef PLENUM_BRIDGE_BRIDGE_CONFIG_H
#define PLENUM_BRIDGE_BRIDGE_CONFIG_H

#include "bridge/alloc/last_n.h"
#include "bridge/transport/candidates.h"
#include "common/base/config.h"

typedef const char *const *ConfigList; /* NULL-terminated, never NULL */

typedef struct {
    struct {
        int level;
    } log;
    struct {
        const char *region, *relay_id;
        gboolean drain; /* at start */
        gint64 graceful_timeout_s, graceful_min_participants;
    } bridge;
    struct {
        const char *host; /* "": no XMPP, HTTP only */
        gint64 port;
        const char *domain, *username, *password, *muc, *nickname;
        int tls; /* XmppLinkTls */
        const char *ca_file;
        gint64 presence_interval_s;
    } xmpp;
    struct {
        gint64 port;
        ConfigList addresses, announce;
        gboolean include_loopback, link_local, ipv4, ipv6, advertise_private;
    } ice;
    struct {
        const char *private_listener, *public_listener; /* "address:port"; public "": off */
        const char *token;
    } http;
    struct {
        gboolean enabled;
        ConfigList domains;
        const char *server_id;
        gboolean tls;
    } websocket;
    struct {
        gint64 workers;
        gboolean sctp, trust_bwe, gso, silence_events, allow_oversend_onstage;
        ConfigList last_n_limits;
        gint64 start_bitrate_kbps, max_bitrate_kbps, assumed_bandwidth_limit_kbps, last_n, silence_packets, loudest,
            spread_at, stats_filter_threshold;
    } media;
    struct {
        gint64 conferences, endpoints, endpoints_per_conference, ssrcs_per_endpoint;
        gint64 messages_per_s, message_burst;
    } limits;
    struct {
        const char *capture_directory; /* "": no captures */
    } debug;
    struct {
        double threshold, participant_stress;
        gboolean reduce_last_n;
    } load;
} BridgeConfig;

extern const ConfigOption bridge_options[];
extern const size_t bridge_n_options;

/* Checks that span options (DaemonSpec.check): FALSE and *error, a CONFIG_ERROR beginning with "[section] key". */
gboolean bridge_config_check(const void *config, GError **error);
/* One entry of [ice] announce: PUBLIC or LOCAL=PUBLIC, both IPv4 or both IPv6, port as PUBLIC/PORT, 1..65535. FALSE:
 * something else; *out is undefined. */
gboolean bridge_config_announced(const char *text, AnnouncedAddress *out);
/* One entry of [media] last_n_limits, SIZE=N. FALSE: something else; *out is untouched. */
gboolean bridge_config_last_n_limit(const char *text, LastNStep *out);

#endif
