/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/bridge/fake_media.h"
#include <string.h>

/* The largest array element of any command; exactness does not matter here. */
WorkerCommand *worker_command_new(WorkerCommandType type, uint64_t conference, uint64_t endpoint, size_t n)
{
    WorkerCommand *c = g_malloc0(sizeof(*c) + n * sizeof(WorkerSource));
    c->type = type;
    c->conference = conference;
    c->endpoint = endpoint;
    c->n = n;
    return c;
}

void worker_command_free(WorkerCommand *c)
{
    g_free(c);
}

FakeMedia *fake_media_new(void)
{
    FakeMedia *m = g_new0(FakeMedia, 1);
    m->commands = g_ptr_array_new_with_free_func((GDestroyNotify)worker_command_free);
    return m;
}

static unsigned choose(void *user)
{
    return 0;
}

static unsigned place(void *user, uint64_t conference)
{
    return ((FakeMedia *)user)->place;
}

static uint32_t shares(void *user, uint64_t conference)
{
    return 1u | 1u << ((FakeMedia *)user)->place;
}

static bool post(void *user, unsigned worker, WorkerCommand *c)
{
    FakeMedia *m = user;
    if (m->full) {
        worker_command_free(c);
        return false;
    }
    g_ptr_array_add(m->commands, c);
    m->last_worker = worker;
    return true;
}

static bool credentials(unsigned worker, IceCredentials *out)
{
    static unsigned n;
    g_snprintf(out->ufrag, sizeof(out->ufrag), "u%07u", ++n);
    g_snprintf(out->pwd, sizeof(out->pwd), "password%016u", n);
    return true;
}

MediaPort fake_media_port(FakeMedia *m)
{
    return (MediaPort){ choose, place, shares, post, credentials, m };
}

const WorkerCommand *fake_media_last(const FakeMedia *m, WorkerCommandType type, uint64_t endpoint)
{
    for (guint i = m->commands->len; i-- > 0;) {
        const WorkerCommand *c = g_ptr_array_index(m->commands, i);
        if (c->type == type && (endpoint == 0 || c->endpoint == endpoint))
            return c;
    }
    return NULL;
}

unsigned fake_media_count(const FakeMedia *m, WorkerCommandType type)
{
    unsigned n = 0;
    for (guint i = 0; i < m->commands->len; i++)
        n += ((const WorkerCommand *)g_ptr_array_index(m->commands, i))->type == type;
    return n;
}

void fake_media_clear(FakeMedia *m)
{
    g_ptr_array_set_size(m->commands, 0);
}

void fake_media_free(FakeMedia *m)
{
    g_ptr_array_unref(m->commands);
    g_free(m);
}

WorkerEvent *fake_event(WorkerEventType type, uint64_t conference, uint64_t endpoint, size_t n, size_t extra)
{
    WorkerEvent *ev = g_malloc0(sizeof(*ev) + extra);
    ev->type = type;
    ev->conference = conference;
    ev->endpoint = endpoint;
    ev->n = n;
    return ev;
}

/* From libbridge-media, which this test does without. */
const char *worker_drop_name(WorkerDrop drop)
{
    static char names[WORKER_DROPS][16];
    g_snprintf(names[drop], sizeof(names[drop]), "drop%d", drop);
    return names[drop];
}

const char *worker_limit_name(WorkerLimit limit)
{
    static char names[WORKER_LIMITS][16];
    g_snprintf(names[limit], sizeof(names[limit]), "limit%d", limit);
    return names[limit];
}
