/* SPDX-License-Identifier: Apache-2.0
 *
 * One participant on this bridge: its transport, media, sources and wishes as control knows them (doc/protocols.md,
 * COLIBRI2), and its message channel. What happens to packets is the worker's business; the endpoint tells
 * it by commands and hears of it by events. Owned by its Conference. Control thread. */
#ifndef PLENUM_BRIDGE_ENDPOINT_H
#define PLENUM_BRIDGE_ENDPOINT_H

#include "bridge/bridge_env.h"
#include "bridge/channel/carrier.h"
#include "bridge/channel/rate_limit.h"
#include "bridge/endpoint_transport.h"
#include "bridge/receiver_wishes.h"
#include "common/base/log.h"
#include "common/colibri2/colibri2.h"

#define ENDPOINT_WS_PASSWORD 24     /* characters */
#define ENDPOINT_CHANNEL_DELAY_S 30 /* DTLS done and still no message transport: counted */
#define ENDPOINT_CLOSED_CODE 1001   /* WebSocket close code of an expiring endpoint */
#define ENDPOINT_REPLACED_CODE 1000
#define ENDPOINT_TOLD_TYPES (2 * WORKER_SOURCES_MAX) /* video types remembered; of sources not signalled yet, too */

struct Conference;

typedef struct Endpoint {
    /* set at birth */
    struct Conference *conference;
    uint64_t handle;
    unsigned worker; /* where its media is; not always where the conference's home is */
    char id[WORKER_ID_SIZE];
    char *stats_id; /* NULL: none */
    char ws_password[ENDPOINT_WS_PASSWORD + 1];
    char *first_ufrag; /* of the transport it was made with: its name in notifications */
    bool visitor, ssrc_rewriting, mid, private_addresses;
    int64_t created_us;
    LogContext log;
    /* control: transport */
    EndpointTransport *transport;
    IceCredentials ice, pending_ice;
    uint32_t generation; /* of the last restart begun; 0: none yet */
    bool with_sctp, restart_pending, writable, dtls_failed;
    int64_t ready_us; /* DTLS done; 0: not yet */
    Tuple remote;     /* selected */
    /* control: media */
    WorkerMedia media;
    WorkerSource sources[WORKER_SOURCES_MAX];
    size_t n_sources;
    GHashTable *told_types; /* source name -> WorkerVideoType, as its client told; ENDPOINT_TOLD_TYPES */
    GArray *ssrcs;          /* of uint32_t: claimed in the conference */
    bool muted_audio, muted_video;
    /* control: messages */
    ReceiverWishes wishes;
    RateLimit messages;
    Carrier web_socket;
    bool data_channel_last; /* which carrier spoke or opened last: it is used for sending */
    bool channel_counted;   /* its absence was counted */
    bool active;            /* last connectivity told */
    bool moved;             /* its client has a channel to the conference that supersedes this one */
    char **forwarded;       /* video sources sent to it now; NULL: none */
    guint resync;           /* source: something could not be sent, ask for the whole state again */
    int64_t bandwidth_bps;  /* last estimate; -1 */
    bool has_stats;
    WorkerEndpointStats stats; /* last snapshot */
    const char *expiring;      /* why it is about to be expired; NULL: it is not */
} Endpoint;

/* Makes it and its media side. NULL and *error. The request has `create`. */
Endpoint *endpoint_new(struct Conference *c, const Colibri2Endpoint *request, uint64_t handle, Colibri2Error **error);
/* Everything of a request but create and expire: media, transport, sources, force-mute, ICE restart.
 * False and *error; what was applied before the error stays. *with_transport: the answer shall have one. */
bool endpoint_modify(Endpoint *ep, const Colibri2Endpoint *request, bool *with_transport, Colibri2Error **error);
/* Our transport, for the answer to a create or an ICE restart. */
void endpoint_describe_transport(const Endpoint *ep, Colibri2Endpoint *answer);
/* Takes it off the worker, closes its channels, frees it. The conference has forgotten it already. */
void endpoint_free(Endpoint *ep);

/* A command to the endpoint's worker with room for n array elements, `conference` and `endpoint` set; the caller
 * fills it and posts it. Posting takes it always; false: the inbox was full, which is counted. */
WorkerCommand *endpoint_command(const Endpoint *ep, WorkerCommandType type, size_t n);
bool endpoint_post(const Endpoint *ep, WorkerCommand *c);

/* ---- endpoint_channel.c: messages ---- */

/* Signalling says camera or desktop; what the client has told of a source of that name, before or after, is truer. */
void endpoint_told_types(const Endpoint *ep, WorkerSource *sources, size_t n);

/* An event of its worker about it; borrowed. */
void endpoint_on_event(Endpoint *ep, const WorkerEvent *ev);
/* One message from its client, by that carrier; any bytes, borrowed. What is over the rate, not well-formed or of an
 * unknown class goes no further. */
void endpoint_on_message(Endpoint *ep, bool by_data_channel, const char *text, size_t len);
/* Its client's channel came up or went away. opening a WebSocket replaces the previous one. */
void endpoint_data_channel_opened(Endpoint *ep);
void endpoint_web_socket_opened(Endpoint *ep, Carrier socket);
void endpoint_web_socket_closed(Endpoint *ep, const void *socket);
bool endpoint_has_channel(const Endpoint *ep); /* some carrier is open */
/* False: no channel, or it takes no more. */
bool endpoint_send(Endpoint *ep, const char *text);
/* Like it, for state the client must not miss: repeated in whole when it could not be sent. Takes text. */
void endpoint_tell(Endpoint *ep, char *text);

bool endpoint_owns_source(const Endpoint *ep, const char *source); /* by its signalled name */
/* Does it receive or look at one of that endpoint's sources? */
bool endpoint_looks_at(const Endpoint *ep, const Endpoint *other);

#endif
