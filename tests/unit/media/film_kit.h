/* SPDX-License-Identifier: Apache-2.0
 *
 * A camera in simulcast before the engine: client 0 sends, client 1 is allocated. */
#ifndef PLENUM_TESTS_UNIT_MEDIA_FILM_KIT_H
#define PLENUM_TESTS_UNIT_MEDIA_FILM_KIT_H

#include "tests/unit/media/engine_kit.h"

#define FILM_ENCODINGS 3
#define FILM_RATE 25 /* pictures/s */

typedef struct {
    Engine *f;
    SrtpStream srtp[FILM_ENCODINGS];
    uint16_t seq;
    unsigned sending; /* encodings, the lowest ones */
} Film;

/* engine_set_up, where client 0 has signalled c0-a0 and c0-a1, c0-v0 of three encodings and c0-v1 of one. */
void film_set_up(Engine *f, gconstpointer unused);
/* 100 ms later. */
void film_allocate(Engine *f);
void film_wish(Engine *f, int height, int last_n, int64_t bps);
/* The next picture of c0-v0, in each encoding sent: 180, 360 and 720 lines in about 15, 55 and 200 kbit/s. */
void film_show(Film *m, bool key);
void film_seconds(Film *m, unsigned s);
/* Key frames, and as many pictures as it takes to know what each encoding costs. */
Film film_begin(Engine *f, unsigned encodings);

#endif
