/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/transport/candidates.h"
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define HOST_PREFERENCE 126u
#define SRFLX_PREFERENCE 100u
#define COMPONENT 1u
#define ADDRESSES_MAX 64 /* of the system that are looked at */

static bool is_loopback(const Tuple *t)
{
    static const uint8_t one[16] = { [15] = 1 };
    return t->family == 4 ? t->ip[0] == 127 : memcmp(t->ip, one, 16) == 0;
}

static bool is_link_local(const Tuple *t)
{
    return t->family == 4 ? t->ip[0] == 169 && t->ip[1] == 254 : t->ip[0] == 0xfe && (t->ip[1] & 0xc0) == 0x80;
}

bool candidate_is_private(const Tuple *t)
{
    const uint8_t *ip = t->ip;
    if (is_loopback(t) || is_link_local(t))
        return true;
    if (t->family == 6)
        return (ip[0] & 0xfe) == 0xfc;
    return ip[0] == 10 || (ip[0] == 172 && (ip[1] & 0xf0) == 16) || (ip[0] == 192 && ip[1] == 168) ||
           (ip[0] == 100 && (ip[1] & 0xc0) == 64);
}

static bool same_ip(const Tuple *a, const Tuple *b)
{
    return a->family == b->family && memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}

static bool is_wanted(const CandidateOptions *opt, const Tuple *t)
{
    if ((t->family != 4 || !opt->ipv4) && (t->family != 6 || !opt->ipv6))
        return false;
    if ((is_loopback(t) && !opt->loopback) || (is_link_local(t) && !opt->link_local))
        return false;
    for (size_t i = 0; i < opt->n_only; i++)
        if (same_ip(&opt->only[i], t))
            return true;
    return opt->n_only == 0;
}

/* RFC 8445 5.1.2.1. Equal types are told apart by their order: earlier is better. */
static uint32_t priority_of(CandidateType type, size_t index)
{
    uint32_t preference = type == CANDIDATE_HOST ? HOST_PREFERENCE : SRFLX_PREFERENCE;
    return preference << 24 | (65535u - (uint32_t)index) << 8 | (256u - COMPONENT);
}

static bool is_listed(const LocalCandidate *out, size_t n, const Tuple *addr)
{
    for (size_t i = 0; i < n; i++)
        if (tuple_equal(&out[i].addr, addr))
            return true;
    return false;
}

static size_t add(LocalCandidate *out, size_t n, CandidateType type, const Tuple *addr, const Tuple *base, size_t index,
                  bool hide_base)
{
    if (n >= CANDIDATES_MAX || is_listed(out, n, addr))
        return n;
    LocalCandidate *c = &out[n];
    *c = (LocalCandidate){
        .type = type, .addr = *addr, .base = *base, .hide_base = hide_base, .priority = priority_of(type, index)
    };
    snprintf(c->foundation, sizeof(c->foundation), "%u", (unsigned)n + 1); /* every base and type differs */
    return n + 1;
}

static bool covers(const AnnouncedAddress *m, const Tuple *addr)
{
    return m->local.family == 0 ? m->public.family == addr->family : same_ip(&m->local, addr);
}

static bool is_announced(const CandidateOptions *opt, const Tuple *addr)
{
    for (size_t i = 0; i < opt->n_announced; i++)
        if (covers(&opt->announced[i], addr))
            return true;
    return false;
}

size_t candidates_from_addresses(const CandidateOptions *opt, const Tuple *addrs, size_t n_addrs,
                                 LocalCandidate out[CANDIDATES_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < n_addrs; i++) {
        Tuple a = addrs[i];
        a.port = opt->port;
        if (!is_wanted(opt, &a) || (opt->hide_private && candidate_is_private(&a) && is_announced(opt, &a)))
            continue;
        n = add(out, n, CANDIDATE_HOST, &a, &a, n, false);
    }
    size_t hosts = n;
    for (size_t i = 0; i < n_addrs; i++) {
        Tuple base = addrs[i];
        base.port = opt->port;
        if (!is_wanted(opt, &base))
            continue;
        for (size_t j = 0; j < opt->n_announced; j++) {
            Tuple addr = opt->announced[j].public;
            if (!covers(&opt->announced[j], &base))
                continue;
            addr.socket = base.socket;
            if (addr.port == 0)
                addr.port = base.port;
            n = add(out, n, CANDIDATE_SRFLX, &addr, &base, n - hosts, !is_listed(out, hosts, &base));
        }
    }
    return n;
}

size_t candidates_gather(const CandidateOptions *opt, LocalCandidate out[CANDIDATES_MAX])
{
    Tuple addrs[ADDRESSES_MAX];
    size_t n = 0;
    struct ifaddrs *list;
    if (getifaddrs(&list) != 0)
        return 0;
    for (const struct ifaddrs *i = list; i && n < ADDRESSES_MAX; i = i->ifa_next) {
        if (!i->ifa_addr || !(i->ifa_flags & IFF_UP))
            continue;
        socklen_t len = i->ifa_addr->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
        if (tuple_from_sockaddr(i->ifa_addr, len, 0, &addrs[n]))
            n++;
    }
    freeifaddrs(list);
    return candidates_from_addresses(opt, addrs, n, out);
}
