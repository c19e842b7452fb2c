/* SPDX-License-Identifier: Apache-2.0
 *
 * SCTP over DTLS (RFC 8261) with one reliable ordered data channel (RFC 8831/8832) for the bridge-channel
 * messages. usrsctp without its threads; its addresses are small numbers, never pointers. usrsctp is global
 * to the process, so there is one SctpStack. Control thread. */
#ifndef PLENUM_BRIDGE_TRANSPORT_SCTP_H
#define PLENUM_BRIDGE_TRANSPORT_SCTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCTP_DC_PORT 5000
#define SCTP_MESSAGE_MAX 65536 /* bytes of one message, both directions; longer ones are dropped */
#define SCTP_SEND_BUFFER_MAX (4 * SCTP_MESSAGE_MAX)
#define SCTP_STREAMS 256 /* asked for in INIT; the client picks the channel's number below it */
#define SCTP_ASSOCIATIONS_MAX 65536
#define SCTP_TICK_MS 20      /* how often sctp_stack_tick should be called while it has work */
#define SCTP_PACKET_MAX 1120 /* bytes handed to send: fits dtls_write */

typedef struct SctpStack SctpStack;
/* NULL when there is one already. */
SctpStack *sctp_stack_new(int64_t now_us);
/* Drives all timers (usrsctp also reads the clock itself, when it judges a retransmission). No association, nothing to
 * do: need not be called (sctp_stack_is_idle). */
void sctp_stack_tick(SctpStack *s, int64_t now_us);
bool sctp_stack_is_idle(const SctpStack *s);
/* Every association must have been freed. Waits for nothing. NULL is fine. */
void sctp_stack_free(SctpStack *s);

typedef enum { SCTP_SERVER, SCTP_CLIENT } SctpRole; /* the bridge serves clients; a relay may be either */

/* Called from within the functions below and sctp_stack_tick; none may free the association. */
typedef struct {
    void (*send)(void *user, const uint8_t *packet, size_t len); /* one SCTP packet for dtls_write */
    void (*open)(void *user);                                    /* the channel can carry messages */
    void (*message)(void *user, const char *text, size_t len);   /* one string message, not terminated */
    void (*closed)(void *user);                                  /* association lost, reset or shut down; once */
} SctpCallbacks;

typedef struct {
    unsigned rejected_channels; /* further OPENs, unordered or partial ones: left unanswered */
    unsigned dropped_messages;  /* binary, too long, on other streams, bad DCEP */
    unsigned refused_sends;     /* channel not open, too long, or send buffer full */
} SctpCounters;

typedef struct SctpAssociation SctpAssociation;
/* A server waits for the peer's INIT; a client sends its own at once and opens the channel on stream 0 with
 * this label and the protocol http://jitsi.org/protocols/colibri (label unused for a server). */
SctpAssociation *sctp_association_new(SctpStack *s, SctpRole role, const char *label, const SctpCallbacks *cb,
                                      void *user);
/* Asks for a channel on a stream, as every client does by itself on stream 0 once; a peer of ours leaves any
 * further one unanswered. False: no association yet, or the send buffer is full. */
bool sctp_open_channel(SctpAssociation *a, uint16_t stream, uint8_t channel_type, const char *label);
/* A server whose peer has been silent: sends INIT itself, and goes on waiting for the peer's channel. For
 * peers that wait too (an ICE-controlled aiortc does). Does nothing when the association is there. */
void sctp_association_call(SctpAssociation *a);
/* One SCTP packet from dtls data; any bytes, borrowed. */
void sctp_on_packet(SctpAssociation *a, const uint8_t *buf, size_t len);
/* UTF-8 text as PPID 51 (56 when empty). False: counted in refused_sends; never waits. */
bool sctp_send_text(SctpAssociation *a, const char *text, size_t len);
/* Closes the channel (stream reset, RFC 8831 6.7); `closed` follows when the peer has done the same. */
void sctp_close_channel(SctpAssociation *a);
bool sctp_is_open(const SctpAssociation *a);
SctpCounters sctp_counters(const SctpAssociation *a);
/* Aborts the association (the peer is told if send still works) and frees it; no callback but send. NULL is fine. */
void sctp_association_free(SctpAssociation *a);

#endif
