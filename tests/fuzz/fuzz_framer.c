/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as a stream. Properties: however they are cut, the frames are the same; what parses as a stanza is
 * what stanza_parse makes of the same text between spaces. The first byte says how to cut. */
#include <stdint.h>
#include <string.h>
#include "common/xmpp/stanza_framer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static GString *frames(const char *in, size_t len, size_t piece)
{
    StanzaFramer *f = stanza_framer_new();
    GString *out = g_string_new(NULL);
    bool over = false;
    for (size_t at = 0; at < len && !over; at += piece) {
        stanza_framer_push(f, in + at, MIN(piece, len - at));
        Frame one;
        while (!over && (one = stanza_framer_next(f)).type != FRAME_NONE) {
            g_string_append_c(out, (char)('0' + one.type));
            g_string_append_len(out, one.text, (gssize)one.len);
            over = one.type == FRAME_BAD || one.type == FRAME_END;
            if (one.type == FRAME_STANZA) {
                Stanza *s = stanza_parse_in("jabber:client", one.text, one.len, NULL);
                if (s && !*stanza_ns(s))
                    g_error("a stanza without namespace");
                stanza_free(s);
            }
        }
    }
    stanza_framer_free(f);
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const char *text = (const char *)data + 1;
    GString *whole = frames(text, size - 1, size), *cut = frames(text, size - 1, 1 + data[0] % 64);
    if (!g_string_equal(whole, cut))
        g_error("it depends on how the bytes arrive");
    g_string_free(whole, TRUE);
    g_string_free(cut, TRUE);
    return 0;
}
