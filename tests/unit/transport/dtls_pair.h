/* SPDX-License-Identifier: Apache-2.0
 *
 * A DTLS server, a client and the wire between them; a fixture of GTest. Time is the machine's own. Test thread. */
#ifndef PLENUM_TESTS_TRANSPORT_DTLS_PAIR_H
#define PLENUM_TESTS_TRANSPORT_DTLS_PAIR_H

#include <glib.h>
#include "bridge/transport/dtls.h"

typedef struct {
    DtlsTransport *t;
    GQueue out; /* GBytes this end sent, oldest first, not delivered yet */
    SrtpKeys keys;
    GString *data;               /* heard */
    unsigned ready, ended, sent; /* how often; sent: datagrams */
    size_t longest;              /* datagram sent */
    DtlsEnd why;                 /* it ended */
} DtlsPeer;

typedef struct {
    DtlsContext *context; /* of both */
    DtlsPeer s, c;        /* the server, the client */
    gint64 waited_us;     /* for timers, with nothing on its way; how busy the machine is does not count */
} DtlsPair;

/* One end alone; the context outlives it. */
void dtls_peer_init(DtlsPeer *e, DtlsContext *context);
void dtls_peer_clear(DtlsPeer *e);
/* The other's certificate is the right one, and the only one. */
void dtls_peer_trust(DtlsPeer *e, const DtlsPeer *other);
/* A datagram arrives, in a block of its exact size. */
void dtls_peer_feed(DtlsPeer *e, const void *bytes, size_t len);
/* What it sent so far is lost. */
void dtls_peer_forget_sent(DtlsPeer *e);

/* Two ends that know nothing of each other; and two that trust each other and have begun, the client's hello is out. */
void dtls_pair_set_up(DtlsPair *p, gconstpointer data);
void dtls_pair_set_up_begun(DtlsPair *p, gconstpointer data);
void dtls_pair_tear_down(DtlsPair *p, gconstpointer data);
void dtls_pair_trust(DtlsPair *p); /* both ways */
void dtls_pair_start(DtlsPair *p);
/* Carries datagrams both ways until both ends are quiet and `done`, or time is over. One in lose_every is lost. */
void dtls_pair_run(DtlsPair *p, unsigned lose_every, gint64 max_us, bool (*done)(const DtlsPair *p));
bool dtls_pair_is_ready(const DtlsPair *p); /* both ends */
bool dtls_pair_is_client_ready(const DtlsPair *p);
bool dtls_pair_has_ended(const DtlsPair *p); /* one end */
bool dtls_pair_is_quiet(const DtlsPair *p);  /* always: no more than that */
/* Each end's keys are the other's. */
void dtls_pair_assert_mirrored(const DtlsPair *p);
/* What one end says, the other one hears. */
void dtls_pair_assert_data(DtlsPair *p, DtlsPeer *from, DtlsPeer *to);

/* For transports beside these; user is a DtlsPeer. */
extern const DtlsCallbacks dtls_peer_callbacks;

#endif
