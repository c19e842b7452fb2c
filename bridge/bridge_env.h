/* SPDX-License-Identifier: Apache-2.0
 *
 * What every conference and endpoint of the bridge uses and none owns: configuration, the way to the media
 * workers, DTLS and SCTP, our candidates, counters. Owned by main (or a test), outlives the Bridge. Control
 * thread. */
#ifndef PLENUM_BRIDGE_BRIDGE_ENV_H
#define PLENUM_BRIDGE_BRIDGE_ENV_H

#include "bridge/bridge_config.h"
#include "bridge/transport/candidates.h"
#include "bridge/worker_api.h"

struct DtlsContext;
struct SctpClock;

/* The workers, or a test's recorder in their place. */
typedef struct {
    unsigned (*choose)(void *user);                              /* for a conference */
    unsigned (*place)(void *user, uint64_t conference);          /* for an endpoint */
    uint32_t (*shares)(void *user, uint64_t conference);         /* a bit for each worker it is on */
    bool (*post)(void *user, unsigned worker, WorkerCommand *c); /* takes c always */
    bool (*credentials)(unsigned worker, IceCredentials *out);
    void *user;
} MediaPort;

typedef struct { /* since start; published as statistics and metrics */
    uint64_t conferences_created, conferences_completed, conferences_superseded, conference_us;
    uint64_t participants, visitors;
    uint64_t ice_succeeded, ice_failed, consent_lost, ice_restarts_started, ice_restarts_succeeded, ice_restarts_failed,
        ice_restarts_refused;
    uint64_t dtls_failed, no_channel_after_delay;
    uint64_t endpoints_disconnected, endpoints_reconnected, dominant_speaker_changes;
    uint64_t data_channel_received, data_channel_sent, websocket_received, websocket_sent;
    uint64_t messages_limited, messages_bad, messages_unsent, commands_refused;
    uint64_t websockets_opened, websockets_refused, http_connections_refused;
    uint64_t requests, requests_failed, notifications_sent, notifications_refused, xmpp_disconnects;
} BridgeCounters;

typedef struct {
    const BridgeConfig *config;
    MediaPort media;
    struct DtlsContext *dtls;
    struct SctpClock *sctp;           /* NULL: data channels are off */
    const LocalCandidate *candidates; /* all, and those for endpoints that get no private ones */
    size_t n_candidates;
    const LocalCandidate *public_candidates;
    size_t n_public_candidates;
    BridgeCounters counters;
} BridgeEnv;

#endif
