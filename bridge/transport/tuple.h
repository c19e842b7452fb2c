/* SPDX-License-Identifier: Apache-2.0
 *
 * A path to a peer: which of our sockets, and the peer's address. A value, 24 bytes, compared and hashed as
 * such (unused bytes are zero). IPv4-mapped IPv6 addresses are kept as IPv4. Pure; any thread. */
#ifndef PLENUM_BRIDGE_TRANSPORT_TUPLE_H
#define PLENUM_BRIDGE_TRANSPORT_TUPLE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

typedef struct {
    uint8_t ip[16];    /* network order; IPv4 in the first four, the rest zero */
    uint32_t scope_id; /* IPv6 link-local only, else 0 */
    uint16_t port;     /* host order */
    uint8_t family;    /* 4, 6, or 0 for "no tuple" */
    uint8_t socket;    /* index of our socket, the owner's numbering */
} Tuple;

/* Socket, address, port and scope. */
static inline bool tuple_equal(const Tuple *a, const Tuple *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

static inline bool tuple_is_set(const Tuple *t)
{
    return t->family != 0;
}

/* False (and *out all zero) when sa is neither AF_INET nor AF_INET6, or shorter than it claims. */
bool tuple_from_sockaddr(const struct sockaddr *sa, socklen_t len, uint8_t socket, Tuple *out);
/* Returns the length to give to sendto; 0 when the tuple is not set. */
socklen_t tuple_to_sockaddr(const Tuple *t, struct sockaddr_storage *out);
/* Numeric address only ("192.0.2.1", "2001:db8::1"), no names are looked up. False when malformed. */
bool tuple_parse(const char *ip, uint16_t port, uint8_t socket, Tuple *out);

#define TUPLE_TEXT_MAX 64
/* "192.0.2.1:4000" or "[2001:db8::1]:4000", for dumps. */
const char *tuple_text(const Tuple *t, char out[TUPLE_TEXT_MAX]);

#endif
