/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/worker_socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void set_buffer(int fd, int force_option, int option, int bytes)
{
    if (setsockopt(fd, SOL_SOCKET, force_option, &bytes, sizeof(bytes)) < 0)
        setsockopt(fd, SOL_SOCKET, option, &bytes, sizeof(bytes));
}

static int open_one(const Tuple *address, uint16_t port, bool share)
{
    struct sockaddr_storage sa;
    Tuple at = *address;
    at.port = port;
    socklen_t len = tuple_to_sockaddr(&at, &sa);
    int fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    int on = 1;
    if (sa.ss_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    if (share && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) < 0)
        goto failed;
    set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, SOCKET_RECEIVE_BYTES);
    set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, SOCKET_SEND_BYTES);
    if (bind(fd, (struct sockaddr *)&sa, len) == 0)
        return fd;
failed:;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static uint16_t bound_port(int fd)
{
    struct sockaddr_storage sa;
    socklen_t len = sizeof(sa);
    Tuple t;
    if (getsockname(fd, (struct sockaddr *)&sa, &len) < 0 || !tuple_from_sockaddr((struct sockaddr *)&sa, len, 0, &t))
        return 0;
    return t.port;
}

bool worker_sockets_open(const Tuple *addresses, size_t n_addresses, unsigned n_workers, uint16_t *port, int *fds,
                         char *error, size_t error_size)
{
    char text[TUPLE_TEXT_MAX];
    size_t opened = 0;
    /* SO_REUSEPORT would let a second bridge of the same user share the port and steal datagrams in silence:
     * binding without it first finds out whether the port is free. */
    for (size_t a = 0; a < n_addresses; a++) {
        int probe = open_one(&addresses[a], *port, false);
        if (probe < 0) {
            Tuple at = addresses[a];
            at.port = *port;
            snprintf(error, error_size, "cannot bind UDP %s: %s", tuple_text(&at, text), strerror(errno));
            return false;
        }
        if (*port == 0)
            *port = bound_port(probe);
        close(probe);
    }
    for (unsigned w = 0; w < n_workers; w++) {
        for (size_t a = 0; a < n_addresses; a++) {
            int fd = open_one(&addresses[a], *port, true);
            if (fd < 0) {
                snprintf(error, error_size, "cannot bind UDP %s port %u for worker %u: %s",
                         tuple_text(&addresses[a], text), *port, w, strerror(errno));
                while (opened > 0)
                    close(fds[--opened]);
                return false;
            }
            fds[opened++] = fd;
        }
    }
    return true;
}

void receive_vector_init(ReceiveVector *v)
{
    memset(v, 0, sizeof(*v));
    for (size_t i = 0; i < RECEIVE_BATCH; i++) {
        v->msgs[i].msg_hdr.msg_iov = &v->iov[i];
        v->msgs[i].msg_hdr.msg_iovlen = 1;
        v->msgs[i].msg_hdr.msg_name = &v->from[i];
    }
}

int receive_vector_read(ReceiveVector *v, PacketPool *pool, int fd)
{
    unsigned ready = 0;
    for (; ready < RECEIVE_BATCH; ready++) {
        if (!v->packets[ready]) {
            Packet *p = packet_new(pool);
            if (!p)
                break;
            v->packets[ready] = p;
            v->iov[ready] = (struct iovec){ p->data, PACKET_ROOM };
        }
        v->msgs[ready].msg_hdr.msg_namelen = sizeof(v->from[ready]);
    }
    if (ready == 0) {
        /* No buffer to read into: throw datagrams away, or a level-triggered epoll would spin. */
        uint8_t scratch[1];
        for (int i = 0; i < RECEIVE_BATCH && recv(fd, scratch, sizeof(scratch), MSG_DONTWAIT) >= 0; i++)
            pool->refused++;
        return 0;
    }
    int n = recvmmsg(fd, v->msgs, ready, MSG_DONTWAIT, NULL);
    for (int i = 0; i < n; i++)
        v->packets[i]->len = v->msgs[i].msg_len;
    return n > 0 ? n : 0;
}

void receive_vector_clear(ReceiveVector *v, PacketPool *pool)
{
    for (size_t i = 0; i < RECEIVE_BATCH; i++) {
        if (v->packets[i])
            packet_unref(pool, v->packets[i]);
        v->packets[i] = NULL;
    }
}
