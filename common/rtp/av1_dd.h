/* SPDX-License-Identifier: Apache-2.0
 *
 * Dependency descriptor RTP header extension (AV1 RTP specification, Appendix A; usable with any codec), and
 * the one byte of AV1 aggregation header (4.4). Parsing needs the structure of an earlier packet, which the
 * caller keeps. Pure; any thread. */
#ifndef PLENUM_COMMON_RTP_AV1_DD_H
#define PLENUM_COMMON_RTP_AV1_DD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DD_MAX_TEMPLATES 64 /* template ids are 6 bits */
#define DD_MAX_TARGETS 32
#define DD_MAX_FDIFFS 8  /* references of one frame; AV1 itself has 7 */
#define DD_MAX_SPATIAL 4 /* 2 bits */
#define DD_MAX_LEN 255   /* bytes of a two-byte header extension element */

typedef enum { DTI_NOT_PRESENT = 0, DTI_DISCARDABLE = 1, DTI_SWITCH = 2, DTI_REQUIRED = 3 } DdIndication;

typedef struct {
    uint64_t dti; /* 2 bits per decode target, target 0 lowest */
    uint8_t sid, tid;
    uint8_t fdiff[DD_MAX_FDIFFS], fdiff_count; /* 1..16 each */
} DdTemplate;

typedef struct {
    uint8_t template_offset; /* id of the first template, 0..63 */
    uint8_t template_count, target_count, chain_count;
    uint8_t spatial_count;                                          /* 1 + the highest sid */
    uint8_t target_sid[DD_MAX_TARGETS], target_tid[DD_MAX_TARGETS]; /* highest layer that target holds */
    uint16_t width[DD_MAX_SPATIAL], height[DD_MAX_SPATIAL];         /* pixels; 0 when not given */
    DdTemplate templates[DD_MAX_TEMPLATES];
} DdStructure;

typedef enum {
    DD_OK,
    DD_TRUNCATED,
    DD_NO_STRUCTURE, /* extended part, or template id, cannot be understood without an earlier structure */
    DD_INVALID       /* breaks a rule of the specification or a limit above */
} DdStatus;

/* One packet's descriptor, templates resolved. Bit positions let a rewriter copy the variable parts. */
typedef struct {
    uint64_t dti;         /* 2 bits per decode target */
    uint32_t active_mask; /* only when has_active_mask; bit per decode target */
    uint16_t frame_number;
    uint16_t bits_structure, bits_mask, bits_custom, bits_end; /* where each part starts; equal when empty */
    uint8_t template_id;                                       /* 0..63, as on the wire */
    uint8_t sid, tid, target_count;
    uint8_t fdiff_count;
    uint16_t fdiff[DD_MAX_FDIFFS]; /* 1..4096 */
    bool start, end, extended;
    bool has_structure, has_active_mask, custom_dtis, custom_fdiffs, custom_chains;
} DdView;

/* Parses the element data ext[0..len). `current` is the structure in force before this packet, or NULL.
 * When the packet carries a structure it is written to *fresh (which must not be `current`), and *out is
 * resolved against it. For DD_NO_STRUCTURE the three mandatory bytes of *out are valid (start, end,
 * template_id, frame_number); for other errors nothing is, and what *fresh holds is undefined. */
DdStatus dd_parse(const uint8_t *ext, size_t len, const DdStructure *current, DdStructure *fresh, DdView *out);

/* Whether both read descriptors alike. */
bool dd_same_structure(const DdStructure *a, const DdStructure *b);

/* target < DD_MAX_TARGETS. */
static inline DdIndication dd_dti(uint64_t dti, unsigned target)
{
    return (DdIndication)(dti >> (2 * target) & 3);
}

typedef struct {
    uint16_t frame_number;
    uint8_t template_delta; /* added mod 64 to the template id and to the offset of a carried structure */
    bool write_mask;        /* whether an active-decode-targets mask is written; a carried one never stays */
    uint32_t mask;
} DdRewrite;

/* Writes the descriptor `ext`, parsed as *v with DD_OK, with new numbers into out[0..cap), which does not overlap it.
 * Returns its length, or 0 if it does not fit. It may be up to 5 bytes longer than the original. */
size_t dd_rewrite(const uint8_t *ext, size_t len, const DdView *v, const DdRewrite *rw, uint8_t *out, size_t cap);

/* AV1 aggregation header: N says that this packet starts a coded video sequence (a key frame); Z that it
 * continues an OBU. */
typedef struct {
    bool continues, continued_next, new_sequence; /* Z, Y, N */
} Av1Aggregation;
/* False on an empty payload; *out is then untouched. */
bool av1_aggregation_parse(const uint8_t *payload, size_t len, Av1Aggregation *out);

#endif
