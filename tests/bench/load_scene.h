/* SPDX-License-Identifier: Apache-2.0
 *
 * Rooms of paced clients around real workers and around a raw loop with the same routes: who sends what to whom, and
 * the loop that drives them in real time. The generator is one thread; its CPU time is never counted. */
#ifndef PLENUM_TESTS_BENCH_LOAD_SCENE_H
#define PLENUM_TESTS_BENCH_LOAD_SCENE_H

#include "tests/bench/load_client.h"
#include "tests/bench/raw_loop.h"

#include <stdatomic.h>

#define SCENE_CLIENTS_MAX RAW_PEERS_MAX

typedef enum {
    SCENE_PLAIN, /* each sender has one video stream, everybody gets it */
    SCENE_MIXED, /* everybody sends audio and three layers, and watches last_n: one large, the others small */
} SceneKind;

typedef struct {
    const char *name;
    SceneKind kind;
    unsigned rooms, people, senders; /* people: of a room; senders: the first so many of them */
    unsigned per_frame, chunk;       /* SCENE_PLAIN: packets of a frame, and sent back to back */
    int64_t frame_us, chunk_us;
    size_t payload;
    unsigned last_n, nack_percent;
    bool estimate; /* the workers pace and allocate by their estimate, as they do by default */
    bool blind;    /* see LoadClient */
    SrtpProfile profile;
} SceneShape;

typedef struct {
    SceneShape shape;
    Workers *workers;
    RawLoop *raw;
    LoadClient clients[SCENE_CLIENTS_MAX];
    unsigned n_clients;
    Samples delays[LOAD_MODES];
    /* set between runs */
    Samples *into;                 /* where delays of the server go instead; NULL: delays[] */
    bool events_elsewhere;         /* another thread fetches the workers' events */
    const _Atomic bool *stop;      /* a run ends when it is set; NULL: after its time only */
    size_t heap_idle, heap_active; /* bytes of the workers per endpoint: with keys, everybody's sources and wishes,
                                    * before any RTP; with media flowing. The latter only of a blind scene */
} LoadScene;

/* Joins everybody and lets media flow until everyone is served; ends the program when that does not happen. */
void load_scene_open(LoadScene *s, Workers *workers, const SceneShape *shape);
/* Everybody sends for so long, and what is on its way arrives. */
void load_scene_run(LoadScene *s, int mode, int64_t duration_us);
/* Media flows to the server for a moment that is not counted: while the raw loop had its pass nobody sent, so senders
 * count as silent, and their smallest layer comes first again. */
void load_scene_settle(LoadScene *s);
LoadCounts load_scene_counts(const LoadScene *s, int mode);
void load_scene_forget_counts(LoadScene *s);
void load_scene_close(LoadScene *s);

/* Heap of this process in use; only with one arena (mallopt M_ARENA_MAX 1) is it all of it. */
size_t load_heap_bytes(void);

#endif
