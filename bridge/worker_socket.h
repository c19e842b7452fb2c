/* SPDX-License-Identifier: Apache-2.0
 *
 * The UDP sockets of the workers: one per worker and local address, all on one port (SO_REUSEPORT), and the
 * vector they are read with. Opened by control before the threads start; read by the owning worker. */
#ifndef PLENUM_BRIDGE_WORKER_SOCKET_H
#define PLENUM_BRIDGE_WORKER_SOCKET_H

#include "bridge/packet_pool.h"
#include "bridge/transport/tuple.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define RECEIVE_BATCH 64                        /* datagrams of one recvmmsg */
#define SOCKET_RECEIVE_BYTES (10 * 1024 * 1024) /* best effort: net.core.rmem_max may say less */
#define SOCKET_SEND_BYTES (4 * 1024 * 1024)

/* Opens and binds one socket per worker and address: fds[worker * n_addresses + address]. *port 0 is replaced by
 * the one the kernel chose. False with a sentence in error[]; nothing stays open then. */
bool worker_sockets_open(const Tuple *addresses, size_t n_addresses, unsigned n_workers, uint16_t *port, int *fds,
                         char *error, size_t error_size);

typedef struct {
    Packet *packets[RECEIVE_BATCH];
    struct mmsghdr msgs[RECEIVE_BATCH];
    struct iovec iov[RECEIVE_BATCH];
    struct sockaddr_storage from[RECEIVE_BATCH];
} ReceiveVector;

void receive_vector_init(ReceiveVector *v); /* empty: no buffers yet */
/* One recvmmsg. Returns how many packets came (0: none, or no buffers). v->packets[i]->len is set; the caller may
 * take a packet out by setting its place to NULL. */
int receive_vector_read(ReceiveVector *v, PacketPool *pool, int fd);
void receive_vector_clear(ReceiveVector *v, PacketPool *pool); /* gives its buffers back */

#endif
