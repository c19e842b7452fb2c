/* SPDX-License-Identifier: Apache-2.0
 *
 * A run of datagrams by one system call (UDP_SEGMENT). Any thread. */
#ifndef PLENUM_TESTS_BENCH_SEND_RUN_H
#define PLENUM_TESTS_BENCH_SEND_RUN_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

/* Sends len bytes as datagrams of `one` bytes each to that IPv4 address (host: network order; port: host order); ends
 * the program when not all of it went. */
void send_run(int fd, in_addr_t host, uint16_t port, void *bytes, size_t len, size_t one);

#endif
