/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/transport/dtls_certificate.h"
#include "bridge/transport/dtls_cookie.h"
#include <ctype.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S 86400L
#define CERTIFICATE_BYTES_MAX 16384 /* of the peer's chain */

static const char ciphers[] = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                              "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
/* The two large ones are no use to us, but OpenSSL takes no client certificate with a key of a group that is not here. */
static const char groups[] = "X25519:P-256:P-384:P-521";
static const char profiles[] = "SRTP_AEAD_AES_128_GCM:SRTP_AEAD_AES_256_GCM:SRTP_AES128_CM_SHA1_80";

bool dtls_certificate_digest(const X509 *x, const char *hash, char *out, size_t cap)
{
    static const struct {
        const char *name;
        const EVP_MD *(*md)(void);
    } hashes[] = { { "sha-256", EVP_sha256 }, { "sha-384", EVP_sha384 }, { "sha-512", EVP_sha512 } };
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++)
        if (strcmp(hashes[i].name, hash) == 0 && !X509_digest(x, hashes[i].md(), digest, &n))
            return false;
    if (n == 0 || cap < 3 * (size_t)n)
        return false;
    for (unsigned i = 0; i < n; i++)
        snprintf(out + 3 * i, 4, i + 1 < n ? "%02X:" : "%02X", digest[i]);
    return true;
}

unsigned dtls_certificate_hash_bytes(const char *hash)
{
    return strcmp(hash, "sha-256") == 0   ? 32
           : strcmp(hash, "sha-384") == 0 ? 48
           : strcmp(hash, "sha-512") == 0 ? 64
                                          : 0;
}

bool dtls_certificate_value_ok(const char *value, size_t bytes)
{
    if (strlen(value) != 3 * bytes - 1)
        return false;
    for (size_t i = 0; value[i]; i++)
        if (i % 3 == 2 ? value[i] != ':' : !isxdigit((unsigned char)value[i]))
            return false;
    return true;
}

static bool fill(X509 *x, EVP_PKEY *key)
{
    uint64_t serial;
    if (RAND_bytes((uint8_t *)&serial, sizeof(serial)) != 1)
        return false;
    X509_NAME *name = X509_get_subject_name(x);
    return X509_set_version(x, X509_VERSION_3) && ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), serial >> 1 | 1) &&
           X509_gmtime_adj(X509_getm_notBefore(x), -DAY_S) && X509_gmtime_adj(X509_getm_notAfter(x), 7 * DAY_S) &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"plenum", -1, -1, 0) &&
           X509_set_issuer_name(x, name) && X509_set_pubkey(x, key) && X509_sign(x, key, EVP_sha256()) > 0;
}

/* Self-signed certificates cannot be verified: the fingerprint decides, after the handshake. */
static int accept_any(X509_STORE_CTX *store, void *arg)
{
    return 1;
}

/* A session's app data is the cookie of its transport, which has checked the hello before the library sees it. */
static int cookie_write(SSL *ssl, unsigned char *cookie, unsigned *len)
{
    memcpy(cookie, SSL_get_app_data(ssl), DTLS_COOKIE_BYTES);
    *len = DTLS_COOKIE_BYTES;
    return 1;
}

static int cookie_check(SSL *ssl, const unsigned char *cookie, unsigned len)
{
    return len == DTLS_COOKIE_BYTES && CRYPTO_memcmp(cookie, SSL_get_app_data(ssl), len) == 0;
}

static bool set_up(SSL_CTX *ctx, X509 *x, EVP_PKEY *key)
{
    SSL_CTX_set_options(ctx, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_max_cert_list(ctx, CERTIFICATE_BYTES_MAX);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, accept_any, NULL);
    SSL_CTX_set_cookie_generate_cb(ctx, cookie_write);
    SSL_CTX_set_cookie_verify_cb(ctx, cookie_check);
    return SSL_CTX_set_min_proto_version(ctx, DTLS1_2_VERSION) && SSL_CTX_set_max_proto_version(ctx, DTLS1_2_VERSION) &&
           SSL_CTX_set_cipher_list(ctx, ciphers) && SSL_CTX_set1_groups_list(ctx, groups) &&
           SSL_CTX_set_tlsext_use_srtp(ctx, profiles) == 0 && /* 0 is success here */
           SSL_CTX_use_certificate(ctx, x) && SSL_CTX_use_PrivateKey(ctx, key);
}

DtlsCertificate *dtls_certificate_new(int64_t now_us)
{
    DtlsCertificate *c = calloc(1, sizeof(*c));
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    bool ok = c && key && x && fill(x, key) && (c->ssl = SSL_CTX_new(DTLS_method())) && set_up(c->ssl, x, key) &&
              dtls_certificate_digest(x, "sha-256", c->fingerprint, sizeof(c->fingerprint));
    EVP_PKEY_free(key);
    X509_free(x);
    if (!ok) {
        if (c)
            SSL_CTX_free(c->ssl);
        free(c);
        return NULL;
    }
    c->refs = 1;
    c->created_us = now_us;
    return c;
}

DtlsCertificate *dtls_certificate_ref(DtlsCertificate *c)
{
    c->refs++;
    return c;
}

void dtls_certificate_unref(DtlsCertificate *c)
{
    if (!c || --c->refs > 0)
        return;
    SSL_CTX_free(c->ssl);
    free(c);
}
