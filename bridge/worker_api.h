/* SPDX-License-Identifier: Apache-2.0
 *
 * The contract between the control thread and the media workers. Control posts commands, workers answer with
 * events; both are values in one heap block that is handed over and never shared.
 *
 * A worker owns all media state of its endpoints: ICE, SRTP, RTP and RTCP, estimation, allocation, slots. A conference
 * begins on one worker, its home, which decides who is the dominant speaker; its endpoints may live on several, and
 * the workers then hand each other what was received (media_share.h). Control owns COLIBRI2, channels, DTLS and SCTP.
 * Commands of one conference are carried out in the order posted, on each of its workers; a command about a conference
 * or endpoint that is unknown is ignored, so closing races are harmless. Events may still arrive for an endpoint that
 * control has just removed: look the handle up.
 *
 * Conferences and endpoints are named by handles that control chooses: nonzero, never reused in the process.
 * All functions here are for the control thread. No GLib. */
#ifndef PLENUM_BRIDGE_WORKER_API_H
#define PLENUM_BRIDGE_WORKER_API_H

#include "bridge/alloc/last_n.h"
#include "bridge/transport/ice_agent.h"
#include "bridge/transport/srtp.h"
#include "bridge/transport/tuple.h"
#include "bridge/worker_stats.h"
#include "common/rtp/media_codec.h"
#include "common/rtp/rtp_ext.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WORKERS_MAX 32               /* more cores than this stay without a worker */
#define WORKER_ADDRESSES_MAX 16      /* local addresses, each a socket per worker */
#define WORKER_CANDIDATES_MAX 32     /* per command */
#define WORKER_SOURCES_MAX 32        /* per endpoint */
#define WORKER_ENCODINGS_MAX 4       /* per video source */
#define WORKER_PAYLOADS_MAX 64       /* per endpoint */
#define WORKER_CONSTRAINTS_MAX 1000  /* names in one list of ReceiverVideoConstraints */
#define WORKER_DATAGRAM_MAX 1500     /* bytes of a DTLS record either way */
#define WORKER_COMMANDS_PER_ROUND 64 /* carried out in one go; then packets get their turn */
#define WORKER_MID_SIZE 8

/* ---- values ---- */

typedef enum { WORKER_AUDIO, WORKER_VIDEO } WorkerKind;

typedef enum {
    WORKER_VIDEO_CAMERA,
    WORKER_VIDEO_DESKTOP,
    WORKER_VIDEO_DESKTOP_HIGH_FPS,
    WORKER_VIDEO_NONE,
    WORKER_VIDEO_DISABLED
} WorkerVideoType;

enum { /* bits of WorkerPayload.feedback */
       WORKER_FB_NACK = 1,
       WORKER_FB_PLI = 2,
       WORKER_FB_FIR = 4,
       WORKER_FB_REMB = 8,
       WORKER_FB_TCC = 16
};

typedef struct {
    uint8_t pt; /* 0..127 */
    WorkerKind kind;
    MediaCodec codec; /* CODEC_UNKNOWN: forwarded unparsed */
    uint32_t clock_hz;
    uint8_t apt;      /* CODEC_RTX: the payload type it repairs */
    uint8_t feedback; /* WORKER_FB_ bits */
} WorkerPayload;

typedef struct {
    uint8_t n_payloads;
    WorkerPayload payloads[WORKER_PAYLOADS_MAX];
    uint8_t extension_ids[RTP_EXT_TYPE_COUNT]; /* by RtpExtType: 1..255, 0 = not negotiated */
    bool allow_mixed;                          /* extmap-allow-mixed: two-byte headers may be sent to it */
} WorkerMedia;

typedef struct {
    uint32_t ssrc, rtx_ssrc;
} WorkerEncoding; /* rtx_ssrc 0: none */

typedef struct {
    char name[WORKER_NAME_SIZE];
    WorkerKind kind;
    WorkerVideoType video_type;
    bool synthetic;      /* audio made by a translator: only to explicit subscribers, never dominant */
    uint8_t n_encodings; /* audio: 1 */
    WorkerEncoding
        encodings[WORKER_ENCODINGS_MAX]; /* in the order of the SIM group: low to high, unless their pictures say
                                                     * otherwise */
} WorkerSource;

typedef struct {
    char name[WORKER_NAME_SIZE];
    bool on_stage, selected; /* order of the lists = order of the array */
    bool has_constraint;     /* false: the default applies to it */
    int32_t max_height;      /* -1 unlimited, 0 off */
    int32_t max_fps;         /* -1 unlimited, 0 off; others are not acted upon */
} WorkerConstraint;

/* ---- commands ---- */

typedef enum {
    WORKER_CONFERENCE_CREATE, /* on the worker that is its home */
    WORKER_CONFERENCE_REMOVE,
    WORKER_ENDPOINT_CREATE,
    WORKER_ENDPOINT_REMOVE,
    WORKER_REMOTE_ICE, /* array: candidates */
    WORKER_ICE_RESTART,
    WORKER_MEDIA,
    WORKER_SOURCES, /* array: sources */
    WORKER_SRTP_KEYS,
    WORKER_VIDEO_CONSTRAINTS,  /* array: constraints */
    WORKER_AUDIO_SUBSCRIPTION, /* array: names */
    WORKER_SOURCE_VIDEO_TYPE,
    WORKER_FORCE_MUTE,
    WORKER_DTLS_SEND,  /* array: bytes */
    WORKER_CHANNEL_UP, /* message transport (re)connected: the worker emits all state */
    WORKER_REQUEST_KEYFRAME,
    WORKER_CAPTURE, /* debug: what the endpoint sends goes into that capture too */
    WORKER_SNAPSHOT,
    WORKER_MIRROR, /* made by workers_post only: an endpoint that lives on another worker */
    WORKER_SHARES, /* the same: which workers have a share of the conference */
    WORKER_COMMANDS
} WorkerCommandType;

typedef struct {
    char name[WORKER_NAME_SIZE];
    bool exclude;
} WorkerAudioName;

typedef struct WorkerCommand {
    struct WorkerCommand *next; /* in the queue of its owner */
    WorkerCommandType type;
    uint64_t conference; /* always */
    uint64_t endpoint;   /* all but CONFERENCE_*; SNAPSHOT: 0 or one endpoint */
    size_t n;            /* elements of the array member, set by worker_command_new */
    union {
        struct {
            uint32_t audio_ssrc, video_ssrc; /* feedback SSRCs: sender SSRC of our RTCP, nobody may use them */
            int32_t last_n;                  /* bridge-wide or load limit; -1 none */
            char name[WORKER_NAME_SIZE];     /* for dumps */
            unsigned home;                   /* filled in by workers_post */
        } conference_create;
        struct {
            char id[WORKER_ID_SIZE];
            IceCredentials ice;       /* from worker_ice_credentials */
            bool ssrc_rewriting, mid; /* capabilities; mid only with ssrc_rewriting */
            bool visitor;
            int32_t initial_last_n; /* -1: not given */
        } endpoint_create;
        struct {
            uint32_t generation; /* 0: the current agent; otherwise the pending restart it belongs to */
            char ufrag[ICE_REMOTE_TEXT_MAX + 1], pwd[ICE_REMOTE_TEXT_MAX + 1]; /* empty: only candidates */
            Tuple candidates[]; /* their `socket` is filled in by the worker */
        } remote_ice;
        struct {
            uint32_t generation; /* last + 1, first restart 1; only after ICE_WRITABLE and none pending */
            IceCredentials ice;
        } ice_restart;
        WorkerMedia media; /* replaces what was known */
        struct {
            uint32_t reserved;
            WorkerSource sources[];
        } sources;          /* n = 0 clears */
        SrtpKeys srtp_keys; /* wiped by the worker */
        struct {            /* all settings, already merged by control: it replaces */
            int32_t last_n; /* -1 all */
            int32_t default_max_height, default_max_fps;
            int64_t assumed_bandwidth_bps; /* -1 none; control has applied its limit */
            WorkerConstraint constraints[];
        } video_constraints;
        struct {
            bool all;
            WorkerAudioName names[];
        } audio_subscription; /* included, or excluded */
        struct {
            char source[WORKER_NAME_SIZE];
            WorkerVideoType type;
        } video_type; /* endpoint = its owner */
        struct {
            bool audio, video;
        } force_mute;
        struct {
            uint32_t reserved;
            uint8_t bytes[];
        } dtls_send; /* one datagram, to the selected or first valid pair */
        struct {
            char source[WORKER_NAME_SIZE];
        } request_keyframe; /* endpoint = its owner; empty: all its video */
        struct {
            struct Capture *to; /* bridge/capture.h; the worker releases it */
        } capture;
        struct {
            uint64_t id;
            bool streams;
        } snapshot; /* id comes back; see WorkerEvent.snapshot */
        struct {
            char id[WORKER_ID_SIZE];
            bool visitor;
            unsigned worker; /* where it lives */
        } mirror;
        uint32_t shares; /* a bit for each worker that has one */
    };
} WorkerCommand;

/* Zeroed command with room for n array elements (0 for types without an array). Aborts without memory. */
WorkerCommand *worker_command_new(WorkerCommandType type, uint64_t conference, uint64_t endpoint, size_t n);
/* The same once more; not for commands with secrets. */
WorkerCommand *worker_command_copy(const WorkerCommand *c);
void worker_command_free(WorkerCommand *c); /* keys in it are wiped; NULL is fine */

/* ---- events ---- */

typedef enum {
    WORKER_EV_FIRST_CHECK,  /* first authenticated check arrived: create DTLS now */
    WORKER_EV_ICE_WRITABLE, /* first valid pair: DTLS may start */
    WORKER_EV_ICE_SELECTED, /* a pair was nominated, or another one was; u.ice */
    WORKER_EV_ICE_FAILED,
    WORKER_EV_CONSENT_LOST,       /* was selected, no answer any more (RFC 7675): expire or restart */
    WORKER_EV_ICE_RESTARTED,      /* the pending agent of u.ice.generation took over */
    WORKER_EV_ICE_RESTART_FAILED, /* it did not within 20 s; the old one continues */
    WORKER_EV_ENDPOINT_IDLE,      /* MEDIA_IDLE_US, MEDIA_NEVER_ACTIVE_US: expire it. Sent once */
    WORKER_EV_DTLS,               /* u.dtls: a datagram from a valid pair */
    WORKER_EV_VIDEO_SLOTS,        /* u.slots, to this endpoint */
    WORKER_EV_AUDIO_SLOTS,
    WORKER_EV_FORWARDED_SOURCES,  /* u.names */
    WORKER_EV_SOURCE_CONSTRAINTS, /* u.source_constraint: SenderSourceConstraints to this endpoint */
    WORKER_EV_DOMINANT_SPEAKER,   /* u.speaker; endpoint 0: to all of the conference */
    WORKER_EV_CONNECTIVITY,       /* u.connectivity; endpoint 0: to all of the conference */
    WORKER_EV_BANDWIDTH,          /* u.bandwidth: every 10 s while an estimate exists */
    WORKER_EV_SNAPSHOT,
    WORKER_EV_ROOM /* never seen outside: an inbox that was full has room again */
} WorkerEventType;

typedef struct {
    char source[WORKER_NAME_SIZE], owner[WORKER_ID_SIZE];
    uint32_t ssrc, rtx_ssrc;    /* rtx_ssrc 0: none (audio) */
    WorkerVideoType video_type; /* video */
    char mid[WORKER_MID_SIZE];  /* empty: not used */
} WorkerSlotEntry;

typedef struct {
    char name[WORKER_NAME_SIZE];
} WorkerName;
typedef struct {
    char id[WORKER_ID_SIZE];
} WorkerEndpointId;

typedef struct WorkerEvent {
    struct WorkerEvent *next; /* in the queue of its owner */
    WorkerEventType type;
    unsigned worker;
    uint64_t conference, endpoint; /* endpoint 0: see the type */
    size_t n;                      /* elements of the array */
    union {
        struct {
            uint32_t generation;
            Tuple remote;
        } ice;
        struct {
            uint32_t reserved;
            uint8_t bytes[];
        } dtls;
        struct {
            bool complete;
            WorkerSlotEntry entries[];
        } slots; /* complete: answer to CHANNEL_UP */
        struct {
            uint32_t reserved;
            WorkerName entries[];
        } names;
        struct {
            char source[WORKER_NAME_SIZE];
            int32_t max_height;
        } source_constraint; /* -1 unlimited, 0 off */
        struct {
            bool silence;
            char dominant[WORKER_ID_SIZE];
            WorkerEndpointId previous[];
        } speaker; /* newest first */
        struct {
            char about[WORKER_ID_SIZE];
            bool active;
        } connectivity;
        struct {
            int64_t bps;
        } bandwidth;
        struct { /* n endpoints: those of the conference on that worker, or the one asked for; none for conference 0 */
            uint64_t id;
            WorkerTotals totals; /* of the whole worker */
            size_t n_streams;
            WorkerStreamStats *streams; /* freed with the event; only for one endpoint with `streams` */
            WorkerEndpointStats endpoints[];
        } snapshot;
    };
} WorkerEvent;

void worker_event_free(WorkerEvent *ev); /* NULL is fine */

/* ---- the workers ---- */

typedef struct Workers Workers;

typedef struct {
    unsigned count;                        /* 0: one per core, at most WORKERS_MAX */
    size_t n_addresses;                    /* at least 1 */
    Tuple addresses[WORKER_ADDRESSES_MAX]; /* to bind; ports ignored; Tuple.socket of events is this index */
    uint16_t port;                         /* 0: the kernel chooses (tests) */
    bool trust_bwe;                        /* false: allocate without regard to the estimate */
    int64_t start_bps, max_bps;            /* first and highest estimate; 0: those of BWE_CONFIG_DEFAULT */
    bool gso;                              /* false: never use UDP_SEGMENT */
    bool no_oversend;                      /* a screen share on stage keeps within the estimate too */
    size_t n_last_n_limits;                /* for large conferences, by size; 0: none */
    LastNStep last_n_limits[LAST_N_STEPS_MAX];
    /* only so many of the loudest speakers are heard, the dominant one, and whoever somebody subscribed to by name;
     * 0: all */
    uint32_t loudest;
    bool silence_events;     /* tell clients when the dominant speaker has been silent for SPEECH_SILENCE_MS */
    int32_t silence_packets; /* forwarded before silence is dropped; 0: the default of 3, -1: never drop */
    uint32_t spread_percent; /* load of a worker above which its conferences spread (worker_spread.h); 0: never */
} WorkersConfig;

/* Last-n for every endpoint, from the next allocations on, within 5 s; 0: no limit. Any thread. */
void workers_limit_last_n(Workers *w, int last_n);
/* Binds all sockets and starts the threads. NULL with a sentence in error[] when an address or thread is refused. */
Workers *workers_new(const WorkersConfig *config, char *error, size_t error_size);
unsigned workers_count(const Workers *w); /* 1..WORKERS_MAX */
uint16_t workers_port(const Workers *w);  /* of all its sockets */

/* The least loaded worker, for a conference about to be created there. */
unsigned workers_choose(const Workers *w);
/* The worker for an endpoint about to be created: the conference's, or another one when that has enough to do. */
unsigned workers_place(Workers *w, uint64_t conference);
/* A bit for each worker that has endpoints of the conference, and for its home; 0 when it is unknown. */
uint32_t workers_shares(const Workers *w, uint64_t conference);

/* Hands the command over, always: false means the inbox was full and it was freed and counted. Never blocks.
 * `worker`: for a conference its home, for an endpoint the one its ICE credentials name, which may be another. What
 * the other workers of the conference must know of the command they are told here. Removals are never refused: they
 * wait until there is room. */
bool workers_post(Workers *w, unsigned worker, WorkerCommand *c);

/* Readable while events wait; put it in the control loop. Owned by w. */
int workers_event_fd(const Workers *w);
/* The next event, owned by the caller, or NULL. Drain until NULL after each wake-up. */
WorkerEvent *workers_next_event(Workers *w);

/* Fresh ICE credentials for an endpoint of that worker: the ufrag begins with a character that names the worker,
 * because a request from an unknown address is steered by it. False: the system has no randomness. */
bool worker_ice_credentials(unsigned worker, IceCredentials *out);

/* Stops and joins the threads, frees what they own; events not fetched are lost. NULL is allowed. */
void workers_free(Workers *w);

#endif
