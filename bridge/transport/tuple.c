/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/transport/tuple.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

static const uint8_t v4_mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

static void set_ip6(Tuple *t, const uint8_t ip[16], uint32_t scope_id)
{
    if (memcmp(ip, v4_mapped, sizeof(v4_mapped)) == 0) {
        t->family = 4;
        memcpy(t->ip, ip + sizeof(v4_mapped), 4);
        return;
    }
    t->family = 6;
    memcpy(t->ip, ip, 16);
    if (ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80)
        t->scope_id = scope_id;
}

bool tuple_from_sockaddr(const struct sockaddr *sa, socklen_t len, uint8_t socket, Tuple *out)
{
    memset(out, 0, sizeof(*out));
    if (len >= sizeof(struct sockaddr_in) && sa->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, sa, sizeof(in));
        out->family = 4;
        out->port = ntohs(in.sin_port);
        memcpy(out->ip, &in.sin_addr, 4);
    } else if (len >= sizeof(struct sockaddr_in6) && sa->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, sa, sizeof(in6));
        out->port = ntohs(in6.sin6_port);
        set_ip6(out, in6.sin6_addr.s6_addr, in6.sin6_scope_id);
    } else {
        return false;
    }
    out->socket = socket;
    return true;
}

socklen_t tuple_to_sockaddr(const Tuple *t, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof(*out));
    if (t->family == 4) {
        struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(t->port) };
        memcpy(&in.sin_addr, t->ip, 4);
        memcpy(out, &in, sizeof(in));
        return sizeof(in);
    }
    if (t->family == 6) {
        struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
                                    .sin6_port = htons(t->port),
                                    .sin6_scope_id = t->scope_id };
        memcpy(&in6.sin6_addr, t->ip, 16);
        memcpy(out, &in6, sizeof(in6));
        return sizeof(in6);
    }
    return 0;
}

bool tuple_parse(const char *ip, uint16_t port, uint8_t socket, Tuple *out)
{
    uint8_t bytes[16];
    memset(out, 0, sizeof(*out));
    if (inet_pton(AF_INET, ip, bytes) == 1) {
        out->family = 4;
        memcpy(out->ip, bytes, 4);
    } else if (inet_pton(AF_INET6, ip, bytes) == 1) {
        set_ip6(out, bytes, 0);
    } else {
        return false;
    }
    out->port = port;
    out->socket = socket;
    return true;
}

const char *tuple_text(const Tuple *t, char out[TUPLE_TEXT_MAX])
{
    char ip[INET6_ADDRSTRLEN];
    if (t->family == 0 || !inet_ntop(t->family == 4 ? AF_INET : AF_INET6, t->ip, ip, sizeof(ip)))
        snprintf(out, TUPLE_TEXT_MAX, "-");
    else
        snprintf(out, TUPLE_TEXT_MAX, t->family == 4 ? "%s:%u" : "[%s]:%u", ip, t->port);
    return out;
}
