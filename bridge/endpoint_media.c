/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/endpoint_media.h"
#include <string.h>

static uint8_t feedback_bits(const PayloadType *pt)
{
    return (payload_type_has_feedback(pt, "nack", NULL) ? WORKER_FB_NACK : 0) |
           (payload_type_has_feedback(pt, "nack", "pli") ? WORKER_FB_PLI : 0) |
           (payload_type_has_feedback(pt, "ccm", "fir") ? WORKER_FB_FIR : 0) |
           (payload_type_has_feedback(pt, "goog-remb", NULL) ? WORKER_FB_REMB : 0) |
           (payload_type_has_feedback(pt, "transport-cc", NULL) ? WORKER_FB_TCC : 0);
}

static bool payload_from(const PayloadType *pt, MediaKind kind, WorkerPayload *out)
{
    *out = (WorkerPayload){
        .pt = pt->id,
        .kind = kind == MEDIA_VIDEO ? WORKER_VIDEO : WORKER_AUDIO,
        .codec = media_codec_from_name(pt->name),
        .clock_hz = pt->clockrate,
        .feedback = feedback_bits(pt),
    };
    if (out->codec == CODEC_RTX) {
        const char *apt = payload_type_parameter(pt, "apt");
        guint64 number;
        if (!apt || !g_ascii_string_to_unsigned(apt, 10, 0, 127, &number, NULL))
            return false;
        out->apt = (uint8_t)number;
        return true;
    }
    /* Other audio is forwarded unparsed; other video (FEC schemes) is of no use to a forwarder. */
    return kind == MEDIA_VIDEO ? media_codec_is_video(out->codec) : !media_codec_is_video(out->codec);
}

void endpoint_media_add(WorkerMedia *media, const MediaDesc *desc)
{
    if (desc->kind != MEDIA_AUDIO && desc->kind != MEDIA_VIDEO)
        return;
    for (guint i = 0; i < desc->payload_types->len; i++) {
        WorkerPayload one;
        size_t at = 0;
        if (!payload_from(g_ptr_array_index(desc->payload_types, i), desc->kind, &one))
            continue;
        while (at < media->n_payloads && media->payloads[at].pt != one.pt)
            at++;
        if (at == WORKER_PAYLOADS_MAX)
            continue;
        media->payloads[at] = one;
        if (at == media->n_payloads)
            media->n_payloads++;
    }
    for (guint i = 0; i < desc->extensions->len; i++) {
        const HeaderExtension *ext = g_ptr_array_index(desc->extensions, i);
        RtpExtType type = rtp_ext_type_from_uri(ext->uri);
        if (type != RTP_EXT_UNKNOWN && ext->id >= 1 && ext->id <= 255)
            media->extension_ids[type] = (uint8_t)ext->id;
    }
    media->allow_mixed = desc->extmap_allow_mixed;
}

/* ---- sources ---- */

static void add_ssrc(GArray *list, uint32_t ssrc)
{
    for (guint i = 0; i < list->len; i++)
        if (g_array_index(list, uint32_t, i) == ssrc)
            return;
    g_array_append_val(list, ssrc);
}

static void add_set(GArray *list, const SourceSet *set)
{
    for (guint i = 0; i < set->sources->len; i++)
        add_ssrc(list, ((const Source *)g_ptr_array_index(set->sources, i))->ssrc);
    for (guint i = 0; i < set->groups->len; i++) {
        const SourceGroup *g = g_ptr_array_index(set->groups, i);
        for (guint k = 0; k < g->n; k++)
            add_ssrc(list, g->ssrcs[k]);
    }
}

GArray *endpoint_media_ssrcs(const Colibri2Sources *sources)
{
    GArray *list = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    for (guint i = 0; i < sources->media_sources->len; i++)
        add_set(list, ((const Colibri2MediaSource *)g_ptr_array_index(sources->media_sources, i))->set);
    return list;
}

/* The group of that kind which begins with ssrc (0: the first of that kind). */
static const SourceGroup *find_group(const SourceSet *set, GroupSemantics semantics, uint32_t ssrc)
{
    for (guint i = 0; i < set->groups->len; i++) {
        const SourceGroup *g = g_ptr_array_index(set->groups, i);
        if (g->semantics == semantics && g->n >= 2 && (ssrc == 0 || g->ssrcs[0] == ssrc))
            return g;
    }
    return NULL;
}

static bool is_rtx(const SourceSet *set, uint32_t ssrc)
{
    for (guint i = 0; i < set->groups->len; i++) {
        const SourceGroup *g = g_ptr_array_index(set->groups, i);
        if (g->semantics == GROUP_FID && g->n >= 2 && g->ssrcs[1] == ssrc)
            return true;
    }
    return false;
}

static bool add_encoding(WorkerSource *source, const SourceSet *set, uint32_t ssrc)
{
    const SourceGroup *fid = source->kind == WORKER_VIDEO ? find_group(set, GROUP_FID, ssrc) : NULL;
    if (source->n_encodings == WORKER_ENCODINGS_MAX)
        return false;
    source->encodings[source->n_encodings++] = (WorkerEncoding){ ssrc, fid ? fid->ssrcs[1] : 0 };
    return true;
}

/* A SIM group lists the encodings in order; without one, the one SSRC that repairs nothing is the source. */
static bool add_encodings(WorkerSource *source, const SourceSet *set)
{
    const SourceGroup *sim = source->kind == WORKER_VIDEO ? find_group(set, GROUP_SIM, 0) : NULL;
    if (sim) {
        for (guint i = 0; i < sim->n; i++)
            if (!add_encoding(source, set, sim->ssrcs[i]))
                return false;
        return true;
    }
    for (guint i = 0; i < set->sources->len; i++) {
        const Source *one = g_ptr_array_index(set->sources, i);
        if (!is_rtx(set, one->ssrc))
            return add_encoding(source, set, one->ssrc);
    }
    return true;
}

static WorkerVideoType initial_video_type(const SourceSet *set)
{
    for (guint i = 0; i < set->sources->len; i++)
        if (((const Source *)g_ptr_array_index(set->sources, i))->video_type == VIDEO_TYPE_DESKTOP)
            return WORKER_VIDEO_DESKTOP;
    return WORKER_VIDEO_CAMERA;
}

char *endpoint_media_sources(const Colibri2Sources *sources, unsigned max_ssrcs, WorkerSource out[WORKER_SOURCES_MAX],
                             size_t *n)
{
    g_autoptr(GArray) all = endpoint_media_ssrcs(sources);
    size_t used = 0;
    guint of_sets = 0;
    if (all->len > max_ssrcs)
        return g_strdup_printf("Too many SSRCs: %u, at most %u", all->len, max_ssrcs);
    for (guint i = 0; i < sources->media_sources->len; i++) {
        const Colibri2MediaSource *ms = g_ptr_array_index(sources->media_sources, i);
        g_autoptr(GArray) own = g_array_new(FALSE, FALSE, sizeof(uint32_t));
        WorkerSource source = { .kind = ms->kind == MEDIA_VIDEO ? WORKER_VIDEO : WORKER_AUDIO,
                                .synthetic = ms->synthetic };
        add_set(own, ms->set);
        of_sets += own->len;
        if (!ms->id[0] || strlen(ms->id) > MIN(SOURCE_MAX_NAME, WORKER_NAME_SIZE - 1))
            return g_strdup("Source name is empty or too long");
        g_strlcpy(source.name, ms->id, sizeof(source.name));
        for (size_t k = 0; k < used; k++)
            if (strcmp(out[k].name, source.name) == 0)
                return g_strdup_printf("Source %s is listed twice", ms->id);
        if (source.kind == WORKER_VIDEO)
            source.video_type = initial_video_type(ms->set);
        if (!add_encodings(&source, ms->set))
            return g_strdup_printf("Source %s has more than %d encodings", ms->id, WORKER_ENCODINGS_MAX);
        if (source.n_encodings == 0)
            continue; /* a name without an SSRC: nothing will ever come */
        if (used == WORKER_SOURCES_MAX)
            return g_strdup_printf("More than %d sources", WORKER_SOURCES_MAX);
        out[used++] = source;
    }
    if (of_sets != all->len)
        return g_strdup("An SSRC belongs to two sources");
    *n = used;
    return NULL;
}
