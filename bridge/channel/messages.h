/* SPDX-License-Identifier: Apache-2.0
 *
 * Bridge-channel messages: one JSON object each, the type in "colibriClass", over a data channel or a
 * WebSocket. Parsed here: what clients send; built here: what the bridge sends. PURE. Unknown fields and
 * unknown classes are ignored, a member name occurring twice is not (see json_text.h). What each message means:
 * doc/protocols.md, Bridge channel. Control thread.
 *
 * EndpointMessage and EndpointStats go on to others as the bytes that came, but for "from", which is always
 * ours (message_with_from). */
#ifndef PLENUM_BRIDGE_CHANNEL_MESSAGES_H
#define PLENUM_BRIDGE_CHANNEL_MESSAGES_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define MESSAGE_MAX_BYTES (64 * 1024)
#define MESSAGE_MAX_LIST 1000 /* names in a list, entries in the constraints map */
#define MESSAGE_MAX_NAME 128  /* bytes of a source name or endpoint id */
#define MESSAGE_MAX_PIXELS 100000
#define MESSAGE_MAX_FPS 1000

typedef enum {
    MESSAGE_OK,
    MESSAGE_TOO_LONG,
    MESSAGE_SYNTAX, /* no JSON, or not UTF-8 */
    MESSAGE_TOO_DEEP,
    MESSAGE_TOO_MANY,
    MESSAGE_DUPLICATE_KEY,
    MESSAGE_NO_CLASS,      /* no object, or no string "colibriClass" */
    MESSAGE_UNKNOWN_CLASS, /* well-formed: ignore */
    MESSAGE_BAD_FIELD,     /* a field this class needs is missing, of another kind or outside its range */
} MessageStatus;
const char *message_status_name(MessageStatus status); /* for the log; static */

typedef enum {
    MESSAGE_CLIENT_HELLO,
    MESSAGE_RECEIVER_VIDEO_CONSTRAINTS, /* LastNChangedEvent comes out as this with last_n only */
    MESSAGE_SOURCE_VIDEO_TYPE,
    MESSAGE_VIDEO_TYPE, /* deprecated: the sender's first video source */
    MESSAGE_ENDPOINT_MESSAGE,
    MESSAGE_ENDPOINT_STATS,
    MESSAGE_RECEIVER_AUDIO_SUBSCRIPTION,
} MessageType;

typedef enum {
    MESSAGE_VIDEO_CAMERA,
    MESSAGE_VIDEO_DESKTOP,
    MESSAGE_VIDEO_DESKTOP_HIGH_FPS,
    MESSAGE_VIDEO_NONE,
    MESSAGE_VIDEO_DISABLED,
} MessageVideoType;
bool message_video_type_parse(const char *text, MessageVideoType *out); /* any case */
const char *message_video_type_name(MessageVideoType type);             /* upper case, as in VideoSourcesMap */

/* maxHeight: -1 unlimited, 0 off, else pixels. maxFrameRate: -1 unlimited, 0 off, else frames a second. */
typedef struct {
    int32_t max_height, max_frame_rate;
} VideoConstraint;

typedef struct {
    char *source;
    VideoConstraint constraint;
} NamedConstraint;

/* A partial update: what is absent keeps its value, a list or map that is present replaces the old one. */
typedef struct {
    bool last_n_event; /* it was a LastNChangedEvent: nothing but last_n, and no default comes into force */
    bool has_last_n, has_assumed_bandwidth, has_default, has_constraints;
    int32_t last_n;                /* -1: all */
    int64_t assumed_bandwidth_bps; /* -1: none assumed */
    char **selected_sources;       /* NULL: absent */
    char **on_stage_sources;       /* NULL: absent */
    VideoConstraint default_constraint;
    NamedConstraint *constraints; /* n_constraints of them, names are unique */
    size_t n_constraints;
} ReceiverVideoConstraints;

/* Wanted = not excluded, and (all or included). */
typedef struct {
    bool all;
    char **include, **exclude; /* never NULL */
} ReceiverAudioSubscription;

typedef struct {
    MessageType type;
    union {
        ReceiverVideoConstraints video;
        struct {
            char source[MESSAGE_MAX_NAME + 1]; /* empty for MESSAGE_VIDEO_TYPE */
            MessageVideoType type;
        } video_type;
        char to[MESSAGE_MAX_NAME + 1]; /* EndpointMessage; "": everyone else */
        ReceiverAudioSubscription audio;
    };
} Message;

/* text need not end in NUL. Writes *out only for MESSAGE_OK; then message_clear frees what it holds. */
MessageStatus message_parse(const char *text, size_t len, Message *out);
void message_clear(Message *m); /* a zeroed one is fine */

/* The text of an EndpointMessage or EndpointStats that message_parse accepted, its top-level "from" (if any)
 * replaced by `from`; every other byte stays. The caller frees. */
char *message_with_from(const char *text, size_t len, const char *from);

/* ---- bridge -> client; the caller frees (g_free). Names are any UTF-8, they are escaped here. ---- */

typedef struct {
    const char *source, *owner, *mid; /* mid NULL: left out */
    uint32_t ssrc, rtx;               /* rtx: video only, and never 0 there (a missing rtx breaks the client) */
    MessageVideoType video_type;      /* video only */
} SourceMapEntry;

char *message_server_hello(const char *version); /* version NULL: left out */
/* n up to MESSAGE_MAX_LIST here and below; 0 is an empty list. */
char *message_video_sources_map(const SourceMapEntry *entries, size_t n);
char *message_audio_sources_map(const SourceMapEntry *entries, size_t n);
char *message_forwarded_sources(const char *const *names, size_t n);
/* -1 unlimited, 0 off, else pixels. */
char *message_sender_source_constraints(const char *source, int32_t max_height);
/* previous: newest first. endpoint NULL: nobody (silence). */
char *message_dominant_speaker(const char *endpoint, const char *const *previous, size_t n, bool silence);
char *message_connectivity(const char *endpoint, bool active); /* "active" is a string on the wire */
char *message_connection_stats(int64_t estimated_downlink_bps);

#endif
