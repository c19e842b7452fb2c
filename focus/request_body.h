/* SPDX-License-Identifier: Apache-2.0
 *
 * What a conference request asks for, apart from who asks: read from the properties of the IQ or from the
 * JSON of the HTTP form (doc/protocols.md, Conference requests). PURE; any thread. */
#ifndef PLENUM_FOCUS_REQUEST_BODY_H
#define PLENUM_FOCUS_REQUEST_BODY_H

#include <glib.h>
#include <stdbool.h>

#define REQUEST_BODY_MAX (64 * 1024) /* bytes of JSON */
#define REQUEST_BODY_MAX_DEPTH 4     /* {"properties":{...}} needs two */
#define REQUEST_BODY_MAX_TEXT 1024   /* bytes of room and machineUid; longer ones count as absent */
#define REQUEST_BODY_MAX_START_MUTED 100000

typedef struct {
    char *room, *machine_uid;                 /* NULL: absent. Not checked any further */
    bool rtcstats;                            /* true unless it said false */
    int start_audio_muted, start_video_muted; /* 0: no limit, up to REQUEST_BODY_MAX_START_MUTED */
} RequestBody;

#define REQUEST_BODY_EMPTY                                                                                             \
    (RequestBody)                                                                                                      \
    {                                                                                                                  \
        .rtcstats = true                                                                                               \
    }

/* One property; unknown ones and unreadable values change nothing. NULLs are fine. */
void request_body_property(RequestBody *b, const char *name, const char *value);
/* Writes *b whole, whatever it held; request_body_clear it later. False: no JSON object within the limits; *b is then
 * REQUEST_BODY_EMPTY. text need not end in NUL. */
bool request_body_read_json(RequestBody *b, const char *text, size_t len);
void request_body_clear(RequestBody *b);

#endif
