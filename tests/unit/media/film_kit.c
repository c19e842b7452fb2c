/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/media/film_kit.h"

#include "bridge/tx/tx_allocate.h"
#include "common/rtp/rtp_write.h"

void film_set_up(Engine *f, gconstpointer unused)
{
    WorkerSource sources[] = { { .name = "c0-a0", .kind = WORKER_AUDIO, .n_encodings = 1 },
                               { .name = "c0-a1", .kind = WORKER_AUDIO, .n_encodings = 1 },
                               { .name = "c0-v0", .kind = WORKER_VIDEO, .n_encodings = FILM_ENCODINGS },
                               { .name = "c0-v1", .kind = WORKER_VIDEO, .n_encodings = 1 } };
    engine_set_up(f, unused);
    sources[0].encodings[0].ssrc = AUDIO_SSRC(0);
    sources[1].encodings[0].ssrc = AUDIO_SSRC(100);
    for (unsigned i = 0; i < FILM_ENCODINGS; i++)
        sources[2].encodings[i].ssrc = VIDEO_SSRC(0) + 100 * i;
    sources[3].encodings[0].ssrc = VIDEO_SSRC(50);
    media_endpoint_set_sources(f->client[0].ep, sources, G_N_ELEMENTS(sources));
    g_assert_cmpuint(f->client[0].ep->n_sources, ==, G_N_ELEMENTS(sources));
}

void film_allocate(Engine *f)
{
    tx_allocate_run(f->client[1].ep, f->w.now_us += 100000);
}

void film_wish(Engine *f, int height, int last_n, int64_t bps)
{
    WorkerCommand *w = worker_command_new(WORKER_VIDEO_CONSTRAINTS, 1, 11, 0);
    w->video_constraints.last_n = last_n;
    w->video_constraints.default_max_height = height;
    w->video_constraints.default_max_fps = -1;
    w->video_constraints.assumed_bandwidth_bps = bps;
    media_endpoint_set_wishes(f->client[1].ep, w);
    film_allocate(f);
}

void film_show(Film *m, bool key)
{
    static const uint8_t lines[FILM_ENCODINGS][2] = { { 180, 0 }, { 104, 1 }, { 208, 2 } }; /* little endian */
    static const size_t len[FILM_ENCODINGS] = { 60, 250, 980 };
    m->f->w.now_us += 1000000 / FILM_RATE;
    m->seq++;
    for (unsigned i = 0; i < m->sending; i++) {
        uint8_t header[12], payload[1000] = { 0 }, dd[8];
        RtpHeader h = {
            .pt = VP8_PT, .marker = 1, .seq = m->seq, .ts = m->seq * 3600u, .ssrc = VIDEO_SSRC(0) + 100 * i
        };
        engine_picture(CODEC_VP8, key, m->seq, m->seq, 0, payload, dd);
        if (key) {
            payload[12] = 0x00; /* 1280 pixels wide */
            payload[13] = 5;
            payload[14] = lines[i][0];
            payload[15] = lines[i][1];
        }
        size_t n = rtp_header_write(header, sizeof(header), &h, NULL, 0, false);
        engine_give_rtp(m->f, 0, &m->srtp[i], header, n, payload, len[i]);
    }
}

void film_seconds(Film *m, unsigned s)
{
    for (unsigned i = 0; i < s * FILM_RATE; i++)
        film_show(m, false);
}

Film film_begin(Engine *f, unsigned encodings)
{
    Film m = { .f = f, .sending = encodings };
    film_show(&m, true);
    film_seconds(&m, 4);
    film_allocate(f);
    film_show(&m, true);
    film_seconds(&m, 1);
    return m;
}
