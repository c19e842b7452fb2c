/* SPDX-License-Identifier: Apache-2.0
 *
 * What can be sent: payload types, RTCP feedback and header extensions (XEP-0167, XEP-0293, XEP-0294).
 * The same elements stand in a Jingle description and in a COLIBRI2 media, so both codecs use these.
 * PURE. Plain values; a MediaDesc owns everything below it. Any thread, one at a time. */
#ifndef PLENUM_COMMON_JINGLE_MEDIA_DESC_H
#define PLENUM_COMMON_JINGLE_MEDIA_DESC_H

#include "common/xmpp/stanza.h"

#include <stdbool.h>
#include <stdint.h>

/* Limits of one description; a parser refuses more. */
#define MEDIA_MAX_PAYLOAD_TYPES 64
#define MEDIA_MAX_EXTENSIONS 32
#define MEDIA_MAX_PARAMETERS 16 /* of one payload type */
#define MEDIA_MAX_FEEDBACK 16   /* of one payload type */

#define JINGLE_ERROR (jingle_error_quark())
GQuark jingle_error_quark(void);
/* What a parse or check error answers: the stanza error condition. error->message is the text for it. */
typedef enum { JINGLE_ERROR_BAD_REQUEST, JINGLE_ERROR_NOT_IMPLEMENTED } JingleErrorCode;

typedef enum { MEDIA_AUDIO, MEDIA_VIDEO, MEDIA_APPLICATION } MediaKind;
const char *media_kind_name(MediaKind kind);                 /* "audio", "video", "application" */
bool media_kind_from_name(const char *name, MediaKind *out); /* NULL is no name */

typedef struct {
    char *name; /* NULL when the attribute is absent (RED's value stands alone) */
    char *value;
} MediaParameter;

typedef struct {
    char *type;    /* "nack", "ccm", "transport-cc", "goog-remb" */
    char *subtype; /* "pli", "fir"; NULL when absent */
} MediaFeedback;

typedef struct {
    uint8_t id;            /* 0..127 */
    char *name;            /* codec, spelled as received; never NULL */
    uint32_t clockrate;    /* Hz; 0 when absent */
    uint8_t channels;      /* 0 when absent, which means 1 */
    GPtrArray *parameters; /* of MediaParameter, in order */
    GPtrArray *feedback;   /* of MediaFeedback, in order */
} PayloadType;

typedef struct {
    uint16_t id; /* 1..255 (RFC 8285) */
    char *uri;
} HeaderExtension;

typedef struct {
    MediaKind kind;
    int maxptime;             /* ms; 0 when absent */
    GPtrArray *payload_types; /* of PayloadType, preference order */
    GPtrArray *extensions;    /* of HeaderExtension */
    bool extmap_allow_mixed;
    bool rtcp_mux; /* only in Jingle descriptions */
} MediaDesc;

/* The caller frees what new and copy return. free: NULL is fine. Equal: with their lists in the same order. */
MediaDesc *media_desc_new(MediaKind kind);
MediaDesc *media_desc_copy(const MediaDesc *m);
bool media_desc_equal(const MediaDesc *a, const MediaDesc *b);
void media_desc_free(MediaDesc *m);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MediaDesc, media_desc_free)

/* Append to m (or pt) and return what was added, owned by it; strings are copied. For ours: no limit is checked. */
PayloadType *media_desc_add_payload(MediaDesc *m, uint8_t id, const char *name, uint32_t clockrate, uint8_t channels);
void media_desc_add_extension(MediaDesc *m, uint16_t id, const char *uri);
void payload_type_add_parameter(PayloadType *pt, const char *name, const char *value);
void payload_type_add_feedback(PayloadType *pt, const char *type, const char *subtype);
/* Value of the first parameter of that name, borrowed; NULL when absent. */
const char *payload_type_parameter(const PayloadType *pt, const char *name);
bool payload_type_has_feedback(const PayloadType *pt, const char *type, const char *subtype);

/* Reads payload-type, rtp-hdrext and extmap-allow-mixed (and rtcp-mux) children of `parent`, a Jingle description or
 * a COLIBRI2 media. Unknown children are ignored. false and *error (BAD_REQUEST) for a bad one, and beyond the
 * limits above. */
bool media_desc_read_children(MediaDesc *m, const Stanza *parent, GError **error);
/* Writes the same children; with_rtcp_mux: also <rtcp-mux/> when set. */
void media_desc_write_children(const MediaDesc *m, Stanza *parent, bool with_rtcp_mux);

#endif
