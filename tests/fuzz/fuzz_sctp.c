/* SPDX-License-Identifier: Apache-2.0
 *
 * Input: a flag byte, then SCTP packets, each behind a two-byte length, given to a fresh server, or (bit 0 of
 * the flags) to one that already has an association. The checksum is set here, and the verification tag too
 * (the server's own, seen in what it sent), so that the code behind both is reached. Property: a message never
 * exceeds the limit; nothing is written after the end. */
#include <stdlib.h>
#include <string.h>
#include "bridge/transport/sctp.h"
#include "tests/fakes/crc32c.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Packets on their way: given to the other end only when the stack has returned, as from a network. */
typedef struct {
    uint8_t bytes[64][SCTP_PACKET_MAX];
    size_t len[64];
    unsigned n;
} Wire;

static Wire to_client, to_server;
static uint8_t tag[4]; /* of the packets that go to the server */

static void put(Wire *w, const uint8_t *packet, size_t len)
{
    if (w->n == 64)
        return;
    memcpy(w->bytes[w->n], packet, len);
    w->len[w->n++] = len;
}

static void carry(Wire *w, SctpAssociation *to)
{
    static Wire taken;
    taken = *w;
    w->n = 0;
    for (unsigned i = 0; i < taken.n; i++)
        sctp_on_packet(to, taken.bytes[i], taken.len[i]);
}

static void server_send(void *user, const uint8_t *packet, size_t len)
{
    if (len > SCTP_PACKET_MAX)
        abort();
    if (len >= 20 && packet[12] == 2) /* INIT ACK: initiate tag */
        memcpy(tag, packet + 16, 4);
    put(&to_client, packet, len);
}

static void client_send(void *user, const uint8_t *packet, size_t len)
{
    if (len > SCTP_PACKET_MAX)
        abort();
    put(&to_server, packet, len);
}

static void on_open(void *user)
{
}

static void on_message(void *user, const char *text, size_t len)
{
    if (len > SCTP_MESSAGE_MAX)
        abort();
}

static void on_closed(void *user)
{
}

static void deliver(SctpAssociation *server, const uint8_t *bytes, size_t n)
{
    uint8_t *p = malloc(n ? n : 1);
    memcpy(p, bytes, n);
    if (n >= 13) {
        memcpy(p, (uint8_t[]){ 5000 >> 8, 5000 & 255, 5000 >> 8, 5000 & 255 }, 4);
        if (p[12] != 1) /* INIT has tag 0 */
            memcpy(p + 4, tag, 4);
        memset(p + 8, 0, 4);
        uint32_t c = crc32c(p, n);
        memcpy(p + 8, (uint8_t[]){ (uint8_t)c, (uint8_t)(c >> 8), (uint8_t)(c >> 16), (uint8_t)(c >> 24) }, 4);
    }
    sctp_on_packet(server, p, n);
    free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const SctpCallbacks server_cb = { server_send, on_open, on_message, on_closed };
    static const SctpCallbacks client_cb = { client_send, on_open, on_message, on_closed };
    if (size < 1)
        return 0;
    int64_t now = 1000000;
    SctpStack *stack = sctp_stack_new(now);
    SctpAssociation *server = sctp_association_new(stack, SCTP_SERVER, NULL, &server_cb, NULL), *client = NULL;
    to_client.n = to_server.n = 0;
    if (data[0] & 1) {
        client = sctp_association_new(stack, SCTP_CLIENT, "x", &client_cb, NULL);
        for (int i = 0; i < 10 && to_server.n; i++) {
            carry(&to_server, server);
            carry(&to_client, client);
        }
    }
    for (size_t pos = 1; pos + 2 <= size;) {
        size_t n = (size_t)(data[pos] << 8 | data[pos + 1]);
        pos += 2;
        if (n > size - pos)
            n = size - pos;
        to_client.n = 0;
        deliver(server, data + pos, n);
        pos += n;
        now += 100000;
        sctp_stack_tick(stack, now);
    }
    sctp_association_free(server);
    sctp_association_free(client);
    sctp_stack_free(stack);
    return 0;
}
