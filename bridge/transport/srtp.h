/* SPDX-License-Identifier: Apache-2.0
 *
 * SRTP and SRTCP (RFC 3711, RFC 7714) for one endpoint: session keys of one direction, kept cipher and MAC
 * contexts, and a few bytes of state per SSRC. Packets go through OpenSSL EVP with only the IV set per packet
 * (or through libsrtp2 when built --with-srtp=libsrtp2). No call on the packet path
 * allocates. Owner: the endpoint; one thread (its worker); objects may be moved between threads as wholes. */
#ifndef PLENUM_BRIDGE_TRANSPORT_SRTP_H
#define PLENUM_BRIDGE_TRANSPORT_SRTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The numbers are those of the DTLS-SRTP registry. */
typedef enum {
    SRTP_PROFILE_NONE = 0,
    SRTP_PROFILE_CM80 = 0x0001,   /* AES_CM_128_HMAC_SHA1_80 */
    SRTP_PROFILE_GCM128 = 0x0007, /* AEAD_AES_128_GCM */
    SRTP_PROFILE_GCM256 = 0x0008, /* AEAD_AES_256_GCM */
} SrtpProfile;

#define SRTP_KEY_MAX_BYTES 32
#define SRTP_SALT_MAX_BYTES 14
/* What protecting adds at most: RTP 10 or 16 bytes, RTCP 14 or 20. */
#define SRTP_OVERHEAD 16
#define SRTCP_OVERHEAD 20
#define SRTP_REPLAY_WINDOW 1024 /* packets, per SSRC */
#define SRTP_LATE_MAX 4096      /* outgoing: how far behind the newest a packet may still be sent */
#define SRTP_STREAMS_MAX 256    /* incoming SSRCs per endpoint */

size_t srtp_key_len(SrtpProfile profile);  /* bytes; 0 for an unknown profile */
size_t srtp_salt_len(SrtpProfile profile); /* likewise, and the tag of RTP */
size_t srtp_tag_len(SrtpProfile profile);
const char *srtp_profile_name(SrtpProfile profile); /* "AEAD_AES_128_GCM", "none"; static */

/* Master keys of both directions, as DTLS exported them. Wipe with srtp_keys_wipe after use. */
typedef struct {
    SrtpProfile profile;
    uint8_t rx_key[SRTP_KEY_MAX_BYTES], rx_salt[SRTP_SALT_MAX_BYTES]; /* what the peer sends with */
    uint8_t tx_key[SRTP_KEY_MAX_BYTES], tx_salt[SRTP_SALT_MAX_BYTES]; /* what we send with */
} SrtpKeys;
void srtp_keys_wipe(SrtpKeys *keys);

typedef enum {
    SRTP_OK,
    SRTP_MALFORMED, /* shorter than header and tag, or no RTP version 2 */
    SRTP_REPLAYED,  /* index already seen */
    SRTP_TOO_OLD,   /* left of the replay window */
    SRTP_AUTH_FAILED,
    SRTP_FULL,     /* authentic, but SRTP_STREAMS_MAX other SSRCs are already here */
    SRTP_NO_SPACE, /* outgoing: out_cap too small, or the library failed */
} SrtpStatus;

/* ---- sending ---- */

/* State of one outgoing SSRC. All zero before its first packet. Keep it as long as the SSRC may be used
 * again with the same keys: starting over would repeat indices, and with GCM that gives the key away. */
typedef struct {
    uint32_t roc;
    uint16_t highest_seq;
    bool started;
} SrtpStream;

typedef struct SrtpTx SrtpTx;
/* key and salt have srtp_key_len and srtp_salt_len bytes and are copied. NULL: unknown profile or no memory. */
SrtpTx *srtp_tx_new(SrtpProfile profile, const uint8_t *key, const uint8_t *salt);
void srtp_tx_free(SrtpTx *tx); /* keys are wiped; NULL is fine, here and below */

/* Writes the protected packet made of hdr (a whole RTP header with CSRCs and extensions, final bytes) and payload
 * (with its padding, if the header's P bit is set) to out and returns its length; 0 when out_cap is too small, hdr
 * is no RTP header, or its index would lie before the first packet's or more than SRTP_LATE_MAX behind the newest (a
 * jump that would be taken for an index long used, and its key stream with it). out may equal hdr when the payload
 * follows the header there (in place); otherwise out overlaps neither. Late packets (sequence number below the
 * highest sent) keep their place: the rollover counter is guessed as in RFC 3711 3.3.1. Sending one sequence number
 * twice is only allowed with identical bytes. */
size_t srtp_tx_protect(SrtpTx *tx, SrtpStream *st, const uint8_t *hdr, size_t hdr_len, const uint8_t *payload,
                       size_t payload_len, uint8_t *out, size_t out_cap);

/* The same packet once more, byte for byte as it was sent: state is read, never moved. Returns 0 also when
 * this sequence number cannot have been sent yet. hdr and payload must be the bytes of the first time. */
size_t srtp_tx_reprotect(SrtpTx *tx, const SrtpStream *st, const uint8_t *hdr, size_t hdr_len, const uint8_t *payload,
                         size_t payload_len, uint8_t *out, size_t out_cap);

/* ---- receiving ---- */

typedef struct {
    uint32_t ssrc;
    uint32_t roc;
    uint16_t highest_seq;
    bool started;
    uint32_t used;                            /* SRTCP: serial number of the packet heard last, modulo 2^32 */
    uint64_t window[SRTP_REPLAY_WINDOW / 64]; /* ring: bit (index mod 1024) = that index was received */
} SrtpRxStream;

typedef struct SrtpRx SrtpRx;
/* As srtp_tx_new. */
SrtpRx *srtp_rx_new(SrtpProfile profile, const uint8_t *key, const uint8_t *salt);
void srtp_rx_free(SrtpRx *rx);

/* In place: checks replay, authenticates, decrypts; *len shrinks by the tag only for SRTP_OK. On any other
 * status the bytes are undefined and the stream state is unchanged. Finds the state of the packet's SSRC
 * itself; a new SSRC gets state (the only allocation, once per SSRC) after its first packet authenticated.
 * *st, if wanted, is borrowed until srtp_rx_forget or srtp_rx_free. */
SrtpStatus srtp_rx_unprotect(SrtpRx *rx, uint8_t *pkt, size_t *len, const SrtpRxStream **st);
/* Drops the state of an SSRC that signalling removed. A replay of its old packets would then pass. */
void srtp_rx_forget(SrtpRx *rx, uint32_t ssrc);
size_t srtp_rx_streams(const SrtpRx *rx); /* SSRCs with state, 0..SRTP_STREAMS_MAX */

/* ---- RTCP, both directions ---- */

typedef struct Srtcp Srtcp;
/* Keys are copied. NULL: unknown profile or no memory. */
Srtcp *srtcp_new(const SrtpKeys *keys);
/* In place: *len grows by at most SRTCP_OVERHEAD, which must fit into cap, else SRTP_NO_SPACE (RFC 3711 3.4). */
SrtpStatus srtcp_protect(Srtcp *s, uint8_t *pkt, size_t *len, size_t cap);
/* A sender (SSRC) gets replay state after its first authentic packet; beyond SRTP_STREAMS_MAX of them the one not
 * heard of for longest is forgotten. */
SrtpStatus srtcp_unprotect(Srtcp *s, uint8_t *pkt, size_t *len);
/* Senders forgotten since the last call of this. */
uint32_t srtcp_take_evicted(Srtcp *s);
void srtcp_free(Srtcp *s);

#endif
