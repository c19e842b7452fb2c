/* SPDX-License-Identifier: Apache-2.0
 *
 * A media thread from the inside: its sockets, its tables, what it counts. Only files of the media engine include
 * this; control sees worker_api.h. Everything under "worker" belongs to the worker's thread. */
#ifndef PLENUM_BRIDGE_WORKER_H
#define PLENUM_BRIDGE_WORKER_H

#include "bridge/packet_pool.h"
#include "bridge/tx/send_batch.h"
#include "bridge/worker_api.h"
#include "bridge/worker_delay.h"
#include "bridge/worker_gather.h"
#include "bridge/worker_socket.h"
#include "bridge/worker_timers.h"
#include "bridge/worker_tuples.h"
#include "bridge/worker_routes.h"
#include "common/base/mailbox.h"

#include <pthread.h>
#include <stdatomic.h>

#define WORKER_INBOX 8192   /* commands */
#define WORKER_EVENTS 16384 /* events of all workers */
#define WORKER_UNSENT 65536 /* events of one worker that wait for room */
#define WORKER_KEPT 65536   /* commands to one worker that wait for room; removals beyond that too */
#define WORKER_HANDOVER 256 /* datagrams, 1.6 KB each, from all other workers */
#define WORKER_SHARED 8192  /* packets and words about shared conferences, 64 bytes each */
#define WORKER_CONFERENCE_BUCKETS 1024
#define WORKER_UFRAG_BUCKETS 4096
#define WORKER_HOPS_PER_S 2000 /* STUN requests from unknown addresses handed to other workers */
#define WORKER_ROUNDS 4        /* recvmmsg calls on one socket before others and timers get their turn */

typedef struct MediaConference MediaConference;
typedef struct MediaEndpoint MediaEndpoint;
typedef struct MediaSource MediaSource;

typedef struct UfragEntry {
    struct UfragEntry *next;
    MediaEndpoint *endpoint;
    char ufrag[ICE_LOCAL_UFRAG_MAX + 1];
} UfragEntry;

typedef struct Worker {
    /* set at birth */
    unsigned index;
    Workers *group;
    const WorkersConfig *config;
    int fds[WORKER_ADDRESSES_MAX];
    size_t n_fds;
    int epoll;
    pthread_t thread;
    Mailbox *inbox;    /* WorkerCommand *, from control; NULL means stop */
    Mailbox *handover; /* HandoverItem, from the other workers */
    Mailbox *shared;   /* ShareItem, from the other workers; NULL when there are none */
    /* any thread */
    _Atomic uint32_t load; /* endpoints, for workers_choose */
    _Atomic uint32_t busy; /* CPU time of the last second, per mille */
    _Atomic uint32_t uptime_s;
    _Atomic bool wants_room; /* control has commands that did not fit */
    /* worker */
    bool stopping;
    int64_t now_us; /* of the batch or timer being worked on: read after each wait and each forwarding */
    PacketPool pool;
    ReceiveVector receive;
    SendBatch *batch;
    TupleTable tuples;
    TimerHeap timers;
    Timer second; /* once a second: rates, foreign tuples */
    uint32_t seconds;
    uint64_t busy_us, busy_at_us; /* CPU time a second ago, and when that was */
    WorkerEvent *unsent, **last_unsent;
    uint32_t n_unsent;
    int64_t batch_since_us; /* when the oldest packet handed over in this round was received; 0 none */
    IceStun *stun;
    IceOut ice_out;
    UfragEntry *ufrags[WORKER_UFRAG_BUCKETS];
    MediaConference *conferences[WORKER_CONFERENCE_BUCKETS];
    MediaConference *with_batch; /* conferences that got packets in this receive batch */
    uint32_t n_endpoints, n_conferences;
    int32_t hop_tokens;
    uint64_t random; /* xorshift state for SSRCs and sequence numbers, seeded by the system */
    WorkerTotals totals, second_ago;
    WorkerDelay delay;
    WorkerGather gather;
} Worker;

/* worker.c */
void *worker_main(void *worker);
/* One datagram that arrived here or was handed over. p->data and p->len are set; a reference is taken if kept. */
void worker_on_datagram(Worker *w, Packet *p, const Tuple *from, bool handed_over, unsigned from_worker);
/* Sends one small datagram (STUN, DTLS) with the current batch. */
void worker_send(Worker *w, const Tuple *to, const uint8_t *bytes, size_t len);
uint32_t worker_random(Worker *w); /* not for secrets */

/* worker_lookup.c */
/* NULL, or false: not there; adding a ufrag (1..ICE_LOCAL_UFRAG_MAX characters): taken, or no memory. */
MediaConference *worker_find_conference(const Worker *w, uint64_t handle);
void worker_add_conference(Worker *w, MediaConference *c);
void worker_remove_conference(Worker *w, MediaConference *c);
MediaEndpoint *worker_find_ufrag(const Worker *w, const uint8_t *ufrag, size_t len);
bool worker_add_ufrag(Worker *w, const char *ufrag, MediaEndpoint *ep);
void worker_remove_ufrag(Worker *w, const char *ufrag, const MediaEndpoint *ep);
void worker_remove_ufrags_of(Worker *w, const MediaEndpoint *ep);

/* worker_handover.c */
typedef enum { HANDOVER_DATAGRAM, HANDOVER_REMEMBER } HandoverType;
typedef struct {
    HandoverType type;
    uint8_t from_worker;
    uint16_t len;
    Tuple tuple;
    uint8_t bytes[PACKET_ROOM];
} HandoverItem;
/* To another worker; counted when its ring is full. */
void worker_hand_over(Worker *w, unsigned to, const Packet *p, const Tuple *from);
/* Tells the worker that handed us a datagram from this address to do so from now on without asking. */
void worker_claim(Worker *w, unsigned receiver, const Tuple *tuple);
void worker_on_handover(Worker *w); /* takes in what other workers handed over */
/* The worker named by the first character of a ufrag; -1 for none of ours. */
int worker_of_ufrag(const Worker *w, char first);

/* worker_commands.c */
void worker_on_inbox(Worker *w); /* carries out the commands that have come */

/* workers.c */
typedef struct { /* control */
    WorkerCommand *first, **last;
    uint32_t n;
} KeptCommands;

struct Workers {
    WorkersConfig config;
    unsigned count, started;
    uint16_t port;
    Mailbox *events; /* WorkerEvent * */
    Worker *workers[WORKERS_MAX];
    int fds[WORKERS_MAX * WORKER_ADDRESSES_MAX];
    _Atomic uint64_t refused_commands;
    _Atomic int last_n; /* because of load; 0: no limit */
    /* control */
    WorkerRoutes routes;
    KeptCommands kept[WORKERS_MAX];
    struct {
        uint32_t since_s, n; /* endpoints placed since that second of the worker */
    } placed[WORKERS_MAX];
};

/* workers_post.c; control */
void workers_send_kept(Workers *group, unsigned worker);
void workers_drop_kept(Workers *group);

/* worker_events.c: events for control. With `ep` NULL the event is about the whole conference. */
WorkerEvent *worker_event_new(const Worker *w, WorkerEventType type, const MediaConference *c, const MediaEndpoint *ep,
                              size_t n);
void worker_emit(Worker *w, WorkerEvent *ev); /* takes it; a full box keeps it for later, up to WORKER_UNSENT */
void worker_emit_plain(Worker *w, WorkerEventType type, const MediaEndpoint *ep);
/* What found the box full goes out in order when there is room; each round of the loop. */
void worker_emit_unsent(Worker *w);
void worker_drop_unsent(Worker *w);

#endif
