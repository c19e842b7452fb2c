/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/bridge_config.h"
#include <string.h>
#define CONFIG_STRUCT BridgeConfig
#include "common/base/config_rows.h"
#include "common/base/daemon.h"
#include "common/base/http_admin.h"
#include "common/base/listen_address.h"
#include "common/xmpp/jid.h"

const ConfigOption bridge_options[] = {
    DAEMON_LOG_OPTION(BridgeConfig, log.level),

    TEXT("bridge", "region", bridge.region, "", "Region published to the focus; empty: none."),
    TEXT("bridge", "relay_id", bridge.relay_id, "",
         "Name of this bridge among bridges; empty: it takes part in no cascade."),
    FLAG("bridge", "drain", bridge.drain, "false", "Start draining: the focus puts no new conferences here."),

    NUMBER("bridge", "graceful_timeout", bridge.graceful_timeout_s, "86400", 0, 604800, "seconds",
           "A graceful shutdown waits so long for conferences to end; then the focus moves them."),
    NUMBER("bridge", "graceful_min_participants", bridge.graceful_min_participants, "0", 0, 10000, "participants",
           "A graceful shutdown ends earlier when no more are left."),

    TEXT("xmpp", "host", xmpp.host, "127.0.0.1", "XMPP server; empty: none, COLIBRI2 by HTTP only."),
    NUMBER("xmpp", "port", xmpp.port, "5222", 1, 65535, NULL, "Client port of the XMPP server."),
    TEXT("xmpp", "domain", xmpp.domain, "auth.meet.example", "Domain of the bridge's account."),
    TEXT("xmpp", "username", xmpp.username, "bridge", "Local part of the bridge's account."),
    SECRET("xmpp", "password", xmpp.password, "Password of the bridge's account."),
    TEXT("xmpp", "muc", xmpp.muc, "jvbbrewery@internal.meet.example", "Room in which focus and bridges meet."),
    TEXT("xmpp", "nickname", xmpp.nickname, "",
         "Nickname in that room, unique to this bridge; empty: the machine's name and a random "
         "part."),
    CHOICE("xmpp", "tls", xmpp.tls, "auto", "auto|off|required|unverified",
           "TLS to the XMPP server; auto: none to a loopback address, else required and verified."),
    TEXT("xmpp", "ca_file", xmpp.ca_file, "", "Certificates to trust; empty: those of the system."),
    NUMBER("xmpp", "presence_interval", xmpp.presence_interval_s, "5", 1, 60, "seconds",
           "How often statistics are published."),

    NUMBER("ice", "port", ice.port, "10000", 1, 65535, NULL, "UDP port of all media."),
    LIST("ice", "addresses", ice.addresses, "", 16, "Local addresses to use; empty: those of all interfaces."),
    LIST("ice", "announce", ice.announce, "", 16,
         "Public addresses a static NAT maps to this machine: PUBLIC or LOCAL=PUBLIC, port as "
         "PUBLIC/PORT."),
    FLAG("ice", "include_loopback", ice.include_loopback, "false", "Also use 127.0.0.1 and ::1 (one-machine set-ups)."),
    FLAG("ice", "link_local", ice.link_local, "false", "Also use link-local addresses."),
    FLAG("ice", "ipv4", ice.ipv4, "true", "Use IPv4."),
    FLAG("ice", "ipv6", ice.ipv6, "true", "Use IPv6."),
    FLAG("ice", "advertise_private", ice.advertise_private, "true",
         "Offer private addresses although a public one is announced for them."),

    TEXT("http", "private", http.private_listener, "127.0.0.1:8080", "Listener of administration, ADDRESS:PORT."),
    TEXT("http", "public", http.public_listener, "127.0.0.1:9090",
         "Listener of the client websocket, ADDRESS:PORT; empty: none."),
    SECRET("http", "token", http.token,
           "Bearer token the private listener asks for; needed when it is not on a loopback address."),

    FLAG("websocket", "enabled", websocket.enabled, "false", "Offer clients a websocket besides the data channel."),
    LIST("websocket", "domains", websocket.domains, "", 8,
         "HOST or HOST:PORT by which clients reach the public listener, one URL each."),
    TEXT("websocket", "server_id", websocket.server_id, "default-id",
         "Part of the URL's path that leads a web proxy to this bridge."),
    FLAG("websocket", "tls", websocket.tls, "true", "URLs begin with wss: (TLS ends in the web proxy)."),

    NUMBER("media", "workers", media.workers, "0", 0, 32, "threads", "Media threads; 0: one per core."),
    NUMBER("media", "spread_at", media.spread_at, "70", 0, 100, "percent",
           "Load of a media thread above which those who join its conferences are served by another; 0: never."),
    FLAG("media", "sctp", media.sctp, "true", "Offer data channels."),
    FLAG("media", "trust_bwe", media.trust_bwe, "true", "Allocate layers within the estimated bandwidth."),
    FLAG("media", "gso", media.gso, "true", "Send runs of packets with UDP_SEGMENT where the kernel can."),
    NUMBER("media", "start_bitrate", media.start_bitrate_kbps, "2500", 30, 100000, "kbit/s",
           "First estimate toward a client."),
    NUMBER("media", "max_bitrate", media.max_bitrate_kbps, "100000", 30, 1000000, "kbit/s",
           "Highest estimate toward a client, at least start_bitrate; what it asked for limits it before."),
    NUMBER("media", "assumed_bandwidth_limit", media.assumed_bandwidth_limit_kbps, "0", 0, 1000000, "kbit/s",
           "Up to what a client may replace the estimate (assumedBandwidthBps); 0: not at all."),
    NUMBER("media", "last_n", media.last_n, "-1", -1, 1000, "sources",
           "Most video sources forwarded to one client; -1: no limit."),
    LIST(
        "media", "last_n_limits", media.last_n_limits, "", LAST_N_STEPS_MAX,
        "SIZE=N: in a conference of as many video sources as SIZE, or more, at most N are forwarded to one client; the "
        "last one that fits counts."),
    FLAG("media", "allow_oversend_onstage", media.allow_oversend_onstage, "true",
         "A screen share on stage may exceed the estimate by 500 kbit/s rather than be blurred."),
    NUMBER("media", "silence_packets", media.silence_packets, "3", -1, 1000, "packets",
           "Silent audio packets forwarded before silence is dropped; -1: never drop."),
    FLAG("media", "silence_events", media.silence_events, "false",
         "Tell clients when the dominant speaker has been silent for 3 seconds."),
    NUMBER("media", "loudest", media.loudest, "0", 0, 60, "speakers",
           "Only so many of the loudest are heard, the dominant speaker, and who was subscribed to by name; 0: "
           "everybody."),
    NUMBER("media", "stats_filter_threshold", media.stats_filter_threshold, "20", 0, 100000, "endpoints",
           "Above so many endpoints EndpointStats go only to those who look at the sender."),

    NUMBER("limits", "conferences", limits.conferences, "1000", 1, 100000, NULL, "Conferences of this bridge."),
    NUMBER("limits", "endpoints", limits.endpoints, "5000", 1, 60000, NULL, "Endpoints of this bridge."),
    NUMBER("limits", "endpoints_per_conference", limits.endpoints_per_conference, "1000", 1, 10000, NULL,
           "Endpoints of one conference."),
    NUMBER("limits", "ssrcs_per_endpoint", limits.ssrcs_per_endpoint, "32", 2, 256, NULL,
           "SSRCs one endpoint may announce."),
    NUMBER("limits", "messages", limits.messages_per_s, "20", 1, 10000, "per second",
           "Bridge-channel messages of one client in the long run."),
    NUMBER("limits", "message_burst", limits.message_burst, "100", 1, 100000, NULL,
           "Bridge-channel messages of one client at once."),

    TEXT("debug", "capture_directory", debug.capture_directory, "",
         "Where the private listener may have it write what an endpoint sends, decrypted; empty: nowhere. Only with a "
         "private listener on a loopback address."),

    REAL("load", "threshold", load.threshold, "0.9", 0.05, 64, NULL,
         "CPU share of the machine at which the published stress is 1."),
    FLAG("load", "reduce_last_n", load.reduce_last_n, "false",
         "At a stress of 1 send everybody fewer videos, a quarter less each minute, until it is below; below 0.8 more "
         "again."),
    REAL("load", "participant_stress", load.participant_stress, "0.01", 0, 1, NULL,
         "Stress the focus adds for each participant who joined a moment ago."),
};
const size_t bridge_n_options = G_N_ELEMENTS(bridge_options);

/* Captures are other people's conversations: only for who is on this machine. */
static gboolean bad(GError **error, const char *key, const char *value, const char *must)
{
    g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE, "%s = %s: %s", key, value, must);
    return FALSE;
}

static gboolean check_capture(const BridgeConfig *c, GError **error)
{
    g_autofree char *address = NULL;
    guint16 port;
    if (!c->debug.capture_directory[0])
        return TRUE;
    listen_address_parse(c->http.private_listener, &address, &port);
    g_autoptr(GInetAddress) parsed = g_inet_address_new_from_string(address);
    if (parsed && g_inet_address_get_is_loopback(parsed))
        return TRUE;
    g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE,
                "[debug] capture_directory needs [http] private on a loopback address, not %s", address);
    return FALSE;
}

static gboolean check_http(const BridgeConfig *c, GError **error)
{
    g_autofree char *address = NULL, *public = NULL;
    guint16 port;
    if (!listen_address_parse(c->http.private_listener, &address, &port))
        return bad(error, "[http] private", c->http.private_listener, "not a numeric ADDRESS:PORT");
    if (c->http.public_listener[0] && !listen_address_parse(c->http.public_listener, &public, &port))
        return bad(error, "[http] public", c->http.public_listener, "not a numeric ADDRESS:PORT");
    return http_admin_check(address, c->http.token, error) && check_capture(c, error);
}

static gboolean check_xmpp(const BridgeConfig *c, GError **error)
{
    if (!c->xmpp.host[0])
        return TRUE;
    if (!listen_address_is_host(c->xmpp.host))
        return bad(error, "[xmpp] host", c->xmpp.host, "not the name or address of a host; its port goes into port");
    if (!c->xmpp.password) {
        g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE,
                    "[xmpp] password_file is not set; name a file whose first line is the password, or use the systemd "
                    "credential xmpp.password (host empty: no XMPP)");
        return FALSE;
    }
    g_autoptr(Jid) domain = jid_parse_bare(c->xmpp.domain);
    if (!domain || *domain->local)
        return bad(error, "[xmpp] domain", c->xmpp.domain, "not a domain");
    g_autoptr(Jid) account = *c->xmpp.username ? jid_build(c->xmpp.username, c->xmpp.domain, NULL) : NULL;
    if (!account || strchr(c->xmpp.username, '@'))
        return bad(error, "[xmpp] username", c->xmpp.username, "not the part of an account before its @");
    g_autoptr(Jid) room = jid_parse_room(c->xmpp.muc);
    if (!room)
        return bad(error, "[xmpp] muc", c->xmpp.muc, "not a room, name@domain");
    g_autoptr(Jid) nick = jid_build("bridge", "x", *c->xmpp.nickname ? c->xmpp.nickname : "x");
    if (!nick)
        return bad(error, "[xmpp] nickname", c->xmpp.nickname, "must have no control characters");
    if (*c->xmpp.ca_file && !g_file_test(c->xmpp.ca_file, G_FILE_TEST_IS_REGULAR))
        return bad(error, "[xmpp] ca_file", c->xmpp.ca_file, "no such file; empty: the certificates of the system");
    return TRUE;
}

gboolean bridge_config_announced(const char *text, AnnouncedAddress *out)
{
    g_auto(GStrv) part = g_strsplit(text, "=", 2);
    const char *public = part[0] && part[1] ? part[1] : text;
    g_auto(GStrv) at = g_strsplit(public, "/", 2);
    guint64 port = 0;
    *out = (AnnouncedAddress){ 0 };
    return at[0] && (public == text || tuple_parse(part[0], 0, 0, &out->local)) &&
           (!at[1] || g_ascii_string_to_unsigned(at[1], 10, 1, 65535, &port, NULL)) &&
           tuple_parse(at[0], (uint16_t)port, 0, &out->public) &&
           (!tuple_is_set(&out->local) || out->local.family == out->public.family);
}

static gboolean check_ice(const BridgeConfig *c, GError **error)
{
    AnnouncedAddress announced;
    Tuple address;
    for (ConfigList one = c->ice.announce; *one; one++)
        if (!bridge_config_announced(*one, &announced))
            return bad(error, "[ice] announce", *one, "must be PUBLIC or LOCAL=PUBLIC, port as PUBLIC/PORT");
    for (ConfigList one = c->ice.addresses; *one; one++)
        if (!tuple_parse(*one, 0, 0, &address))
            return bad(error, "[ice] addresses", *one, "not an IP address");
    if (!c->ice.ipv4 && !c->ice.ipv6) {
        g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE, "[ice] ipv4 and ipv6 are both off");
        return FALSE;
    }
    return TRUE;
}

static gboolean check_websocket(const BridgeConfig *c, GError **error)
{
    static const char in_path[] = "-._~";
    if (!c->websocket.enabled)
        return TRUE;
    if (!c->http.public_listener[0] || !c->websocket.domains[0]) {
        g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE,
                    "[websocket] enabled needs [http] public and [websocket] domains");
        return FALSE;
    }
    for (ConfigList one = c->websocket.domains; *one; one++)
        if (!listen_address_is_authority(*one))
            return bad(error, "[websocket] domains", *one, "must be HOST or HOST:PORT, nothing else of the URL");
    const char *id = c->websocket.server_id;
    for (const char *p = id; *p; p++)
        if (!g_ascii_isalnum(*p) && !strchr(in_path, *p))
            return bad(error, "[websocket] server_id", id, "must be of letters, digits and -._~");
    if (!*id)
        return bad(error, "[websocket] server_id", id, "must not be empty");
    return TRUE;
}

gboolean bridge_config_last_n_limit(const char *text, LastNStep *out)
{
    g_auto(GStrv) parts = g_strsplit(text, "=", 2);
    guint64 size, n;
    if (g_strv_length(parts) != 2 || !g_ascii_string_to_unsigned(parts[0], 10, 1, 100000, &size, NULL) ||
        !g_ascii_string_to_unsigned(parts[1], 10, 0, 1000, &n, NULL))
        return FALSE;
    *out = (LastNStep){ .size = (int)size, .last_n = (int)n };
    return TRUE;
}

static gboolean check_media(const BridgeConfig *c, GError **error)
{
    int last = 0;
    for (ConfigList one = c->media.last_n_limits; *one; one++) {
        LastNStep step;
        if (!bridge_config_last_n_limit(*one, &step) || step.size <= last)
            return bad(error, "[media] last_n_limits", *one, "must be SIZE=N, with ascending sizes");
        last = step.size;
    }
    if (c->media.start_bitrate_kbps <= c->media.max_bitrate_kbps)
        return TRUE;
    g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE,
                "[media] start_bitrate = %" G_GINT64_FORMAT ": more than max_bitrate = %" G_GINT64_FORMAT,
                c->media.start_bitrate_kbps, c->media.max_bitrate_kbps);
    return FALSE;
}

gboolean bridge_config_check(const void *config, GError **error)
{
    const BridgeConfig *c = config;
    return check_http(c, error) && check_xmpp(c, error) && check_ice(c, error) && check_websocket(c, error) &&
           check_media(c, error);
}
