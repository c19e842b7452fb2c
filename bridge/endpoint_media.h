/* SPDX-License-Identifier: Apache-2.0
 *
 * What COLIBRI2 says about an endpoint's media (doc/protocols.md, COLIBRI2) as the plain values a worker takes. PURE.
 * Any thread. */
#ifndef PLENUM_BRIDGE_ENDPOINT_MEDIA_H
#define PLENUM_BRIDGE_ENDPOINT_MEDIA_H

#include "bridge/worker_api.h"
#include "common/colibri2/colibri2.h"

/* Adds one media: payload types and extensions join what is known, WORKER_PAYLOADS_MAX of them (a number given again
 * is redefined), extmap-allow-mixed is overwritten. Unknown URIs and codecs that nobody here could treat are left
 * out. */
void endpoint_media_add(WorkerMedia *media, const MediaDesc *desc);

/* All SSRCs of `sources`, encodings, their RTX and any other listed, each once; g_array_unref it. */
GArray *endpoint_media_ssrcs(const Colibri2Sources *sources);

/* The list in the worker's form. NULL when fine, else what is wrong with it, for a bad-request; the caller
 * frees. max_ssrcs is the limit per endpoint. */
char *endpoint_media_sources(const Colibri2Sources *sources, unsigned max_ssrcs, WorkerSource out[WORKER_SOURCES_MAX],
                             size_t *n);

#endif
