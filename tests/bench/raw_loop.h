/* SPDX-License-Identifier: Apache-2.0
 *
 * The least a forwarder can do: epoll, recvmmsg, decrypt once, and for each receiver new header fields, encryption,
 * UDP_SEGMENT runs, sendmmsg. No tables, no checks, no feedback: what the bridge is measured against. Its own thread
 * and socket, the bridge's SRTP transform. */
#ifndef PLENUM_TESTS_BENCH_RAW_LOOP_H
#define PLENUM_TESTS_BENCH_RAW_LOOP_H

#include "bridge/transport/srtp.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#define RAW_RECEIVERS_MAX 64

typedef struct RawLoop RawLoop;

typedef struct {
    struct sockaddr_in to;
    const SrtpKeys *keys;
    uint32_t ssrc;
} RawReceiver;

RawLoop *raw_loop_new(const SrtpKeys *sender, const RawReceiver *receivers, size_t n);
uint16_t raw_loop_port(const RawLoop *r);
/* CPU time of its thread. */
int64_t raw_loop_cpu_ns(const RawLoop *r);
void raw_loop_free(RawLoop *r);

#endif
