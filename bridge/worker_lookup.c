/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/media_conference.h"
#include "bridge/media_endpoint.h"
#include "bridge/worker.h"

#include <stdlib.h>
#include <string.h>

static MediaConference **conference_bucket(const Worker *w, uint64_t handle)
{
    return (MediaConference **)&w->conferences[(handle * 0x9e3779b97f4a7c15u) >> 54];
}

MediaConference *worker_find_conference(const Worker *w, uint64_t handle)
{
    for (MediaConference *c = *conference_bucket(w, handle); c; c = c->next)
        if (c->handle == handle)
            return c;
    return NULL;
}

void worker_add_conference(Worker *w, MediaConference *c)
{
    MediaConference **bucket = conference_bucket(w, c->handle);
    c->next = *bucket;
    *bucket = c;
    w->n_conferences++;
}

void worker_remove_conference(Worker *w, MediaConference *c)
{
    for (MediaConference **at = conference_bucket(w, c->handle); *at; at = &(*at)->next) {
        if (*at == c) {
            *at = c->next;
            w->n_conferences--;
            return;
        }
    }
}

static UfragEntry **ufrag_bucket(const Worker *w, const uint8_t *ufrag, size_t len)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < len; i++)
        h = (h ^ ufrag[i]) * 16777619u;
    h ^= h >> 15;
    return (UfragEntry **)&w->ufrags[h % WORKER_UFRAG_BUCKETS];
}

MediaEndpoint *worker_find_ufrag(const Worker *w, const uint8_t *ufrag, size_t len)
{
    for (UfragEntry *e = *ufrag_bucket(w, ufrag, len); e; e = e->next)
        if (strlen(e->ufrag) == len && memcmp(e->ufrag, ufrag, len) == 0)
            return e->endpoint;
    return NULL;
}

bool worker_add_ufrag(Worker *w, const char *ufrag, MediaEndpoint *ep)
{
    size_t len = strlen(ufrag);
    if (len == 0 || len > ICE_LOCAL_UFRAG_MAX || worker_find_ufrag(w, (const uint8_t *)ufrag, len))
        return false;
    UfragEntry *e = calloc(1, sizeof(*e));
    if (!e)
        return false;
    UfragEntry **bucket = ufrag_bucket(w, (const uint8_t *)ufrag, len);
    memcpy(e->ufrag, ufrag, len + 1);
    e->endpoint = ep;
    e->next = *bucket;
    *bucket = e;
    return true;
}

void worker_remove_ufrag(Worker *w, const char *ufrag, const MediaEndpoint *ep)
{
    for (UfragEntry **at = ufrag_bucket(w, (const uint8_t *)ufrag, strlen(ufrag)); *at; at = &(*at)->next) {
        UfragEntry *e = *at;
        if (e->endpoint == ep && strcmp(e->ufrag, ufrag) == 0) {
            *at = e->next;
            free(e);
            return;
        }
    }
}

void worker_remove_ufrags_of(Worker *w, const MediaEndpoint *ep)
{
    for (size_t i = 0; i < WORKER_UFRAG_BUCKETS; i++) {
        for (UfragEntry **at = &w->ufrags[i]; *at;) {
            UfragEntry *e = *at;
            if (e->endpoint == ep) {
                *at = e->next;
                free(e);
            } else {
                at = &e->next;
            }
        }
    }
}
