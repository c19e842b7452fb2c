/* SPDX-License-Identifier: Apache-2.0
 *
 * pcap_vectors CAPTURE SSRC[,SSRC...] [CUT]: a debug capture of the bridge (GET /v1/captures) as a media vector on
 * standard output. SSRCs of one source, lowest encoding first, decimal or 0x; payloads cut to CUT bytes, 0: never. */
#include "tests/fakes/capture_vectors.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    g_autofree char *pcap = NULL, *text = NULL;
    g_autoptr(GError) error = NULL;
    gsize len, cut = argc == 4 ? (gsize)g_ascii_strtoull(argv[3], NULL, 10) : 0;
    uint32_t ssrcs[CAPTURE_ENCODINGS_MAX];
    if (argc < 3 || argc > 4) {
        fprintf(stderr, "usage: %s CAPTURE SSRC[,SSRC...] [CUT]\n", argv[0]);
        return 2;
    }
    g_auto(GStrv) names = g_strsplit(argv[2], ",", -1);
    unsigned n = g_strv_length(names);
    if (n > CAPTURE_ENCODINGS_MAX) {
        fprintf(stderr, "at most %d encodings\n", CAPTURE_ENCODINGS_MAX);
        return 2;
    }
    for (unsigned i = 0; i < n; i++)
        ssrcs[i] = (uint32_t)g_ascii_strtoull(names[i], NULL, 0);
    if (g_file_get_contents(argv[1], &pcap, &len, &error))
        text = capture_vectors_from_pcap((const uint8_t *)pcap, len, ssrcs, n, cut, &error);
    if (!text) {
        fprintf(stderr, "%s: %s\n", argv[1], error->message);
        return 1;
    }
    printf("# Debug capture, SSRC %s. Encoding, time in us, payload bytes, packet%s.\n%s", argv[2],
           cut ? " with its payload cut short" : "", text);
    return 0;
}
