/* SPDX-License-Identifier: Apache-2.0
 *
 * The least a forwarder can do: epoll, recvmmsg, decrypt once, and for each receiver new header fields, encryption,
 * UDP_SEGMENT runs, sendmmsg. Routes are a fixed table. No checks, no feedback, no repair: what the bridge is measured
 * against. Its own thread and socket, the bridge's SRTP transform. */
#ifndef PLENUM_TESTS_BENCH_RAW_LOOP_H
#define PLENUM_TESTS_BENCH_RAW_LOOP_H

#include "bridge/transport/srtp.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#define RAW_PEERS_MAX 64
#define RAW_STREAMS_MAX 256

typedef struct RawLoop RawLoop;

typedef struct {
    struct sockaddr_in at;
    const SrtpKeys *keys; /* as a server sees them; borrowed for the call */
} RawPeer;

RawLoop *raw_loop_new(const RawPeer *peers, size_t n);
/* Packets of `ssrc`, sent by peer `from`, go to every peer whose bit is set in `to`. Before raw_loop_start. */
void raw_loop_route(RawLoop *r, uint32_t ssrc, unsigned from, uint64_t to);
void raw_loop_start(RawLoop *r);
uint16_t raw_loop_port(const RawLoop *r);
/* CPU time of its thread. */
int64_t raw_loop_cpu_ns(const RawLoop *r);
void raw_loop_free(RawLoop *r);

#endif
