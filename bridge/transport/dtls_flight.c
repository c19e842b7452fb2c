/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/transport/dtls_flight.h"

#include "bridge/transport/dtls_record.h"

#include <openssl/evp.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_CLIENT_HELLO 1
#define MESSAGE_HEADER 12
#define PARTS 3 /* Certificate, ClientKeyExchange, CertificateVerify: the three messages behind the hello */

static const struct {
    uint8_t type;
    uint32_t max;
} parts[PARTS] = { { 11, DTLS_FLIGHT_CERTIFICATE_MAX },
                   { 16, DTLS_FLIGHT_MESSAGE_MAX },
                   { 15, DTLS_FLIGHT_MESSAGE_MAX } };

/* One version of a message: what has come of it so far. */
typedef struct {
    uint32_t len, missing;
    uint64_t age;
    uint8_t *bytes; /* NULL: not used; len bytes, then len flags: this one is there */
} Version;

typedef struct {
    uint8_t type;
    uint16_t seq;
    uint32_t len, off, n; /* of the message; where the fragment lies */
    const uint8_t *bytes;
} Fragment;

struct DtlsFlight {
    Version version[PARTS][DTLS_FLIGHT_VERSIONS];
    uint64_t age;
    uint8_t hello[DTLS_FLIGHT_TRANSCRIPT_MAX / 2]; /* ClientHello with its header, as if in one piece */
    uint32_t hello_len, hello_have;
    uint8_t ours[DTLS_FLIGHT_TRANSCRIPT_MAX / 2]; /* the same of our answer */
    size_t ours_len, ours_message;                /* where the message that is being sent begins */
    uint16_t ours_next;                           /* its number */
    uint16_t first;                               /* number of the client's hello, and of our first message */
    uint64_t record;                              /* number of the next record given on */
    unsigned proofs;
    bool proven, broken; /* broken: too long to follow */
};

DtlsFlight *dtls_flight_new(bool asked)
{
    DtlsFlight *f = calloc(1, sizeof(DtlsFlight));
    if (f)
        f->record = f->first = f->ours_next = asked;
    return f;
}

bool dtls_flight_was_asked(const DtlsFlight *f)
{
    return f->first > 0;
}

static void forget(DtlsFlight *f)
{
    for (int p = 0; p < PARTS; p++)
        for (int v = 0; v < DTLS_FLIGHT_VERSIONS; v++) {
            free(f->version[p][v].bytes);
            f->version[p][v] = (Version){ 0 };
        }
}

void dtls_flight_free(DtlsFlight *f)
{
    if (f)
        forget(f);
    free(f);
}

bool dtls_flight_is_proven(const DtlsFlight *f)
{
    return f->proven;
}

static void put_u24(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 16);
    p[1] = (uint8_t)(v >> 8);
    p[2] = (uint8_t)v;
}

/* The header of a message in one piece, as it is signed (RFC 6347 4.2.6). */
static void put_header(uint8_t *p, uint8_t type, uint16_t seq, uint32_t len)
{
    p[0] = type;
    put_u24(p + 1, len);
    p[4] = (uint8_t)(seq >> 8);
    p[5] = (uint8_t)seq;
    put_u24(p + 6, 0);
    put_u24(p + 9, len);
}

static bool next_fragment(Reader *r, const uint8_t *buf, Fragment *out)
{
    if (reader_left(r) < MESSAGE_HEADER)
        return false;
    out->type = reader_u8(r);
    out->len = reader_u24(r);
    out->seq = reader_u16(r);
    out->off = reader_u24(r);
    out->n = reader_u24(r);
    out->bytes = buf + r->pos;
    reader_skip(r, out->n);
    return !r->failed && out->off <= out->len && out->n <= out->len - out->off;
}

/* ---- the messages that are signed ---- */

static void our_fragment(DtlsFlight *f, const Fragment *g)
{
    if (f->broken || g->seq != f->ours_next)
        return; /* repeated */
    if (g->off == 0 && f->ours_len == f->ours_message) {
        if (f->ours_len + MESSAGE_HEADER + g->len > sizeof(f->ours)) {
            f->broken = true;
            return;
        }
        put_header(f->ours + f->ours_len, g->type, g->seq, g->len);
        f->ours_len += MESSAGE_HEADER;
    }
    if (f->ours_len != f->ours_message + MESSAGE_HEADER + g->off)
        return;
    memcpy(f->ours + f->ours_len, g->bytes, g->n);
    f->ours_len += g->n;
    if (g->off + g->n == g->len) {
        f->ours_message = f->ours_len;
        f->ours_next++;
    }
}

void dtls_flight_sent(DtlsFlight *f, const uint8_t *datagram, size_t len)
{
    Reader r = READER(datagram, len);
    for (DtlsRecord record; dtls_record_next(&r, &record);) {
        Fragment g;
        Reader in = READER(record.body, record.len);
        while (dtls_record_is_clear_handshake(&record) && next_fragment(&in, record.body, &g))
            our_fragment(f, &g);
    }
}

/* What is known of the hello says something else there. */
static bool contradicts(const DtlsFlight *f, const Fragment *g)
{
    uint32_t known = f->hello_have > g->off ? f->hello_have - g->off : 0;
    return g->len != f->hello_len ||
           memcmp(f->hello + MESSAGE_HEADER + g->off, g->bytes, g->n < known ? g->n : known) != 0;
}

/* In order, as one client sends it. False: not for the library, which is to see the hello that we know and no other. */
static bool hello_fragment(DtlsFlight *f, const Fragment *g)
{
    if (f->hello_len == 0 && g->off == 0 && MESSAGE_HEADER + g->len <= sizeof(f->hello)) {
        put_header(f->hello, g->type, g->seq, g->len);
        f->hello_len = g->len;
    }
    if (f->hello_len == 0 || g->off > f->hello_have || contradicts(f, g))
        return false;
    if (g->off + g->n > f->hello_have) {
        memcpy(f->hello + MESSAGE_HEADER + g->off, g->bytes, g->n);
        f->hello_have = g->off + g->n;
    }
    return true;
}

bool dtls_flight_is_other_hello(const DtlsFlight *f, const uint8_t *records, size_t len)
{
    Reader r = READER(records, len);
    for (DtlsRecord record; f->hello_len && dtls_record_next(&r, &record);) {
        Fragment g;
        Reader in = READER(record.body, record.len);
        while (dtls_record_is_clear_handshake(&record) && next_fragment(&in, record.body, &g)) {
            if (g.type == MESSAGE_CLIENT_HELLO && g.seq == f->first && (g.off == 0 || g.len == f->hello_len) &&
                contradicts(f, &g))
                return true;
        }
    }
    return false;
}

/* ---- versions of the three messages ---- */

static bool agrees(const Version *v, const Fragment *g)
{
    if (!v->bytes || v->len != g->len)
        return false;
    for (uint32_t i = 0; i < g->n; i++)
        if (v->bytes[v->len + g->off + i] && v->bytes[g->off + i] != g->bytes[i])
            return false;
    return true;
}

/* True: the message is whole now, and was not before. */
static bool add(Version *v, const Fragment *g)
{
    bool was_whole = v->missing == 0;
    for (uint32_t i = 0; i < g->n; i++) {
        uint8_t *flag = &v->bytes[v->len + g->off + i];
        v->missing -= !*flag;
        *flag = 1;
        v->bytes[g->off + i] = g->bytes[i];
    }
    return v->missing == 0 && !was_whole;
}

static Version *new_version(DtlsFlight *f, int part, uint32_t len)
{
    Version *oldest = &f->version[part][0];
    for (int i = 1; i < DTLS_FLIGHT_VERSIONS; i++)
        if (f->version[part][i].age < oldest->age)
            oldest = &f->version[part][i];
    free(oldest->bytes);
    *oldest = (Version){ .len = len, .missing = len, .age = ++f->age, .bytes = calloc(2, len) };
    return oldest->bytes ? oldest : NULL;
}

/* ---- the proof ---- */

static EVP_PKEY *key_of(const Version *certificate)
{
    Reader r = READER(certificate->bytes, certificate->len);
    reader_skip(&r, 3); /* length of the list */
    uint32_t n = reader_u24(&r);
    const unsigned char *der = certificate->bytes + r.pos;
    reader_skip(&r, n);
    X509 *x = r.failed ? NULL : d2i_X509(NULL, &der, (long)n);
    EVP_PKEY *key = x ? X509_get_pubkey(x) : NULL;
    X509_free(x);
    return key;
}

/* SignatureScheme of RFC 8446 4.2.3, which contains the pairs of TLS 1.2. NULL with *known false: not taken. */
static const EVP_MD *digest_of(uint16_t scheme, bool *pss, bool *known)
{
    *pss = scheme == 0x0804 || scheme == 0x0805 || scheme == 0x0806;
    *known = true;
    switch (scheme) {
    case 0x0401: /* rsa_pkcs1_sha256 */
    case 0x0403: /* ecdsa_secp256r1_sha256 */
    case 0x0804:
        return EVP_sha256();
    case 0x0501:
    case 0x0503:
    case 0x0805:
        return EVP_sha384();
    case 0x0601:
    case 0x0603:
    case 0x0806:
        return EVP_sha512();
    case 0x0807: /* ed25519 */
    case 0x0808: /* ed448 */
        return NULL;
    default:
        *known = false;
        return NULL;
    }
}

static bool signs(EVP_PKEY *key, const Version *verify, const uint8_t *text, size_t n)
{
    Reader r = READER(verify->bytes, verify->len);
    bool pss, known;
    uint16_t scheme = reader_u16(&r);
    size_t len = reader_u16(&r);
    const uint8_t *signature = verify->bytes + r.pos;
    reader_skip(&r, len);
    const EVP_MD *md = digest_of(scheme, &pss, &known);
    EVP_MD_CTX *ctx = r.failed || !known ? NULL : EVP_MD_CTX_new();
    EVP_PKEY_CTX *how;
    bool ok = ctx && EVP_DigestVerifyInit(ctx, &how, md, NULL, key) == 1 &&
              (!pss || (EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING) == 1 &&
                        EVP_PKEY_CTX_set_rsa_pss_saltlen(how, RSA_PSS_SALTLEN_DIGEST) == 1)) &&
              EVP_DigestVerify(ctx, signature, len, text, n) == 1;
    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    return ok;
}

static size_t append(const DtlsFlight *f, uint8_t *text, size_t at, int part, const Version *v)
{
    put_header(text + at, parts[part].type, (uint16_t)(f->first + part + 1), v->len);
    memcpy(text + at + MESSAGE_HEADER, v->bytes, v->len);
    return at + MESSAGE_HEADER + v->len;
}

static bool belong_together(DtlsFlight *f, Version *const set[PARTS])
{
    if (f->broken || f->hello_len == 0 || f->hello_have != f->hello_len || f->ours_len != f->ours_message ||
        f->proofs >= DTLS_FLIGHT_PROOFS_MAX)
        return false;
    f->proofs++;
    uint8_t *text = malloc(DTLS_FLIGHT_TRANSCRIPT_MAX + DTLS_FLIGHT_ROOM);
    EVP_PKEY *key = text ? key_of(set[0]) : NULL;
    bool ok = false;
    if (key) {
        size_t n = MESSAGE_HEADER + f->hello_len;
        memcpy(text, f->hello, n);
        memcpy(text + n, f->ours, f->ours_len);
        n = append(f, text, n + f->ours_len, 0, set[0]);
        n = append(f, text, n, 1, set[1]);
        ok = signs(key, set[2], text, n);
    }
    EVP_PKEY_free(key);
    free(text);
    ERR_clear_error();
    return ok;
}

static bool is_whole(const Version *v)
{
    return v->bytes && v->missing == 0;
}

/* `fresh` has just become whole: does it fit to any versions of the other two? */
static bool prove(DtlsFlight *f, int part, Version *fresh, Version *set[PARTS])
{
    int a = part == 0 ? 1 : 0, b = part == 2 ? 1 : 2;
    set[part] = fresh;
    for (int i = 0; i < DTLS_FLIGHT_VERSIONS; i++) {
        set[a] = &f->version[a][i];
        for (int k = 0; is_whole(set[a]) && k < DTLS_FLIGHT_VERSIONS; k++) {
            set[b] = &f->version[b][k];
            if (is_whole(set[b]) && belong_together(f, set))
                return true;
        }
    }
    return false;
}

/* ---- what the library gets ---- */

static size_t put_record(DtlsFlight *f, uint8_t *out, uint8_t type, size_t n)
{
    uint64_t number = f->record++;
    memcpy(out, (uint8_t[]){ type, 0xfe, 0xfd, 0, 0 }, 5);
    for (int i = 0; i < 6; i++)
        out[5 + i] = (uint8_t)(number >> (40 - 8 * i));
    out[11] = (uint8_t)(n >> 8);
    out[12] = (uint8_t)n;
    return DTLS_RECORD_HEADER + n;
}

static size_t give_on(DtlsFlight *f, Version *const set[PARTS], uint8_t *out)
{
    size_t at = 0;
    for (int p = 0; p < PARTS; p++) {
        size_t n = append(f, out + at + DTLS_RECORD_HEADER, 0, p, set[p]);
        at += put_record(f, out + at, DTLS_HANDSHAKE, n);
    }
    f->proven = true;
    forget(f);
    return at;
}

static size_t take_part(DtlsFlight *f, const Fragment *g, uint8_t *out)
{
    int part = g->seq - f->first - 1;
    Version *set[PARTS];
    bool any = false;
    if (f->proven || part < 0 || part >= PARTS || g->type != parts[part].type || g->n == 0 || g->len > parts[part].max)
        return 0;
    for (int i = 0; i < DTLS_FLIGHT_VERSIONS; i++) {
        Version *v = &f->version[part][i];
        if (!agrees(v, g))
            continue;
        any = true;
        if (add(v, g) && prove(f, part, v, set))
            return give_on(f, set, out);
    }
    Version *v = any ? NULL : new_version(f, part, g->len);
    return v && add(v, g) && prove(f, part, v, set) ? give_on(f, set, out) : 0;
}

static size_t handshake_record(DtlsFlight *f, const uint8_t *body, size_t n, uint8_t *out)
{
    Reader r = READER(body, n);
    Fragment g;
    size_t at = 0;
    while (next_fragment(&r, body, &g)) {
        if (g.seq > f->first) {
            at += take_part(f, &g, out + at);
            continue;
        }
        if (g.seq != f->first || g.type != MESSAGE_CLIENT_HELLO || !hello_fragment(f, &g))
            continue;
        size_t whole = MESSAGE_HEADER + g.n;
        memcpy(out + at + DTLS_RECORD_HEADER, g.bytes - MESSAGE_HEADER, whole);
        at += put_record(f, out + at, DTLS_HANDSHAKE, whole);
    }
    return at;
}

size_t dtls_flight_received(DtlsFlight *f, const uint8_t *records, size_t len, uint8_t *out, size_t cap)
{
    Reader r = READER(records, len);
    size_t at = 0;
    for (DtlsRecord record; dtls_record_next(&r, &record);) {
        size_t whole = DTLS_RECORD_HEADER + record.len;
        /* A record header may be split off for every message it held: 13 bytes for 12 and more each. */
        if (cap - at < 3 * whole + (f->proven ? 0 : DTLS_FLIGHT_ROOM))
            break;
        if (record.epoch > 0) {
            memcpy(out + at, record.header, whole);
            at += whole;
        } else if (dtls_record_is_clear_handshake(&record)) {
            at += handshake_record(f, record.body, record.len, out + at);
        } else if (record.type == DTLS_CHANGE_CIPHER_SPEC && f->proven) {
            memcpy(out + at + DTLS_RECORD_HEADER, record.body, record.len);
            at += put_record(f, out + at, record.type, record.len);
        }
    }
    return at;
}
