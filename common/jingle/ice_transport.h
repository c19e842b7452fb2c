/* SPDX-License-Identifier: Apache-2.0
 *
 * The ICE-UDP transport element (XEP-0176) with DTLS fingerprints (XEP-0320), sctpmap (XEP-0343) and
 * Jitsi's web-socket and ice-generation. The same element stands in Jingle contents and in COLIBRI2.
 * PURE. An IceTransport owns everything below it. Any thread, one at a time. */
#ifndef PLENUM_COMMON_JINGLE_ICE_TRANSPORT_H
#define PLENUM_COMMON_JINGLE_ICE_TRANSPORT_H

#include "common/jingle/media_desc.h"

#define ICE_MAX_CANDIDATES 64 /* of one transport; a parser refuses more */
#define ICE_MAX_FINGERPRINTS 8
#define ICE_MAX_WEB_SOCKETS 8
#define ICE_MAX_CREDENTIAL 256 /* bytes of ufrag and of pwd, RFC 8839 5.4 */
#define ICE_NO_GENERATION (-1)

typedef enum { ICE_HOST, ICE_SRFLX, ICE_PRFLX, ICE_RELAY } IceCandidateType;
const char *ice_candidate_type_name(IceCandidateType type); /* "host", "srflx", "prflx", "relay" */

typedef struct {
    char *id;         /* NULL when absent */
    char *foundation; /* never NULL */
    char *protocol;   /* "udp", "tcp", "ssltcp"; lower case */
    char *ip;         /* literal address or, from browsers, an mDNS name; not checked here */
    char *tcptype;    /* "active", "passive", "so"; NULL when absent */
    char *rel_addr;   /* NULL when absent */
    uint32_t priority;
    uint16_t port, rel_port; /* rel_port 0 when absent */
    uint16_t component;      /* 1..256 */
    int32_t generation;      /* >= 0 */
    int32_t network;         /* >= 0; -1 when absent */
    IceCandidateType type;
} IceCandidate;

IceCandidate *ice_candidate_copy(const IceCandidate *c); /* the caller's, by ice_candidate_free */
void ice_candidate_free(IceCandidate *c);

typedef enum { DTLS_SETUP_NONE, DTLS_ACTIVE, DTLS_PASSIVE, DTLS_ACTPASS } DtlsSetup;
const char *dtls_setup_name(DtlsSetup setup); /* NULL for DTLS_SETUP_NONE */

typedef struct {
    char *hash;  /* "sha-1", "sha-256", "sha-384", "sha-512"; lower case */
    char *value; /* hex pairs with colons, upper case; length fits the hash */
    DtlsSetup setup;
    bool cryptex;
    int8_t required; /* 0 "false", 1 "true", -1 absent */
} DtlsFingerprint;

typedef struct {
    char *protocol;   /* "webrtc-datachannel" */
    uint16_t port;    /* attribute number */
    uint16_t streams; /* 0 when absent */
} SctpMap;

typedef struct {
    char *ufrag, *pwd;       /* NULL when absent; both or none */
    GPtrArray *candidates;   /* of IceCandidate */
    GPtrArray *fingerprints; /* of DtlsFingerprint */
    GPtrArray *web_sockets;  /* of char*: urls */
    SctpMap *sctpmap;        /* NULL when absent; Jingle data content only */
    int32_t ice_generation;  /* ICE_NO_GENERATION when absent */
    bool rtcp_mux;
} IceTransport;

/* The caller frees what new, copy and parse return. free: NULL is fine. */
IceTransport *ice_transport_new(void);
IceTransport *ice_transport_copy(const IceTransport *t);
bool ice_transport_equal(const IceTransport *a, const IceTransport *b); /* lists in the same order */
void ice_transport_free(IceTransport *t);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(IceTransport, ice_transport_free)

void ice_transport_set_credentials(IceTransport *t, const char *ufrag, const char *pwd); /* copies */
/* Add and return, owned by t; strings are copied. For ours: no limit is checked. type, foundation, protocol, ip:
 * required. */
IceCandidate *ice_transport_add_candidate(IceTransport *t, IceCandidateType type, const char *foundation,
                                          const char *protocol, const char *ip, uint16_t port, uint32_t priority);
DtlsFingerprint *ice_transport_add_fingerprint(IceTransport *t, const char *hash, const char *value, DtlsSetup setup);
void ice_transport_add_web_socket(IceTransport *t, const char *url);
void ice_transport_set_sctpmap(IceTransport *t, uint16_t port, uint16_t streams);

/* One <transport xmlns='urn:xmpp:jingle:transports:ice-udp:1'>. A candidate this reader cannot use (no address,
 * unknown type, port 0 without being TCP active) is skipped; a bad fingerprint and what is over the limits above is
 * an error, BAD_REQUEST. */
IceTransport *ice_transport_parse(const Stanza *s, GError **error);
Stanza *ice_transport_build(const IceTransport *t); /* a tree of its own */

#endif
