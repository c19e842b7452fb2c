/* SPDX-License-Identifier: Apache-2.0
 *
 * People who all join at once: each has a socket, answers and sends ICE checks, and makes a real DTLS handshake as the
 * client. They are a process of their own, which stands for other machines: it shares no memory allocator with the bridge,
 * its CPU time is never counted, and it runs with ordinary priority, so that it takes nothing from the media. */
#ifndef PLENUM_TESTS_BENCH_STORM_CLIENTS_H
#define PLENUM_TESTS_BENCH_STORM_CLIENTS_H

#include "bridge/transport/ice_agent.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define STORM_CLIENTS_MAX 256

typedef struct StormClients StormClients;

/* Makes n of them, who wait. Only while this process has one thread. */
StormClients *storm_clients_new(unsigned n);
/* Where the bridge is, on 127.0.0.1; before the first of them begins. */
void storm_clients_set_port(StormClients *s, uint16_t port);
const char *storm_client_ufrag(const StormClients *s, unsigned i);
const char *storm_client_pwd(const StormClients *s, unsigned i);
const char *storm_client_fingerprint(const StormClients *s, unsigned i);
/* The bridge's answer for one of them: it begins. Any one thread. */
void storm_client_begin(StormClients *s, unsigned i, const IceCredentials *bridge, const char *fingerprint);
/* How many have their keys; any thread. */
unsigned storm_clients_ready(const StormClients *s);
/* When the last of those became ready, clock_now_us; any thread. */
int64_t storm_clients_ready_us(const StormClients *s);
/* Ends the process and frees. */
void storm_clients_free(StormClients *s);

#endif
