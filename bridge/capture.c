/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/capture.h"

#include "common/base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WRITER_SLEEP_NS 10000000
#define LINK_RAW_IP 101 /* pcap: packets begin with the IP header */
#define IP_UDP_BYTES 28
#define RTP_PORT 5004
#define NAME_MAX_BYTES 64

typedef struct {
    int64_t us;
    uint16_t len;
    bool rtcp;
    uint8_t bytes[CAPTURE_PACKET_MAX];
} Slot;

struct Capture {
    /* set at birth */
    uint64_t endpoint, serial;
    char path[CAPTURE_PATH_MAX];
    FILE *file;
    int64_t until_us, wall_less_us; /* monotonic end; what makes wall clock of monotonic */
    pthread_t thread;
    /* worker writes head, the thread tail */
    _Atomic uint32_t head, tail;
    _Atomic bool over;     /* nothing is taken any more */
    _Atomic bool released; /* by the worker */
    _Atomic bool written;  /* the thread has closed the file */
    _Atomic uint64_t packets, bytes, dropped;
    Slot slots[CAPTURE_RING];
};

struct Captures {
    char *directory;
    uint64_t serial;
    Capture *entry[CAPTURES_MAX]; /* oldest first */
    size_t n;
};

/* ---- worker ---- */

bool capture_put(Capture *c, const uint8_t *bytes, size_t len, bool rtcp, int64_t us)
{
    if (atomic_load_explicit(&c->over, memory_order_relaxed))
        return false;
    uint32_t head = atomic_load_explicit(&c->head, memory_order_relaxed);
    if (head - atomic_load_explicit(&c->tail, memory_order_acquire) == CAPTURE_RING) {
        atomic_fetch_add_explicit(&c->dropped, 1, memory_order_relaxed);
        return true;
    }
    Slot *s = &c->slots[head % CAPTURE_RING];
    s->us = us;
    s->rtcp = rtcp;
    s->len = (uint16_t)(len < sizeof(s->bytes) ? len : sizeof(s->bytes));
    memcpy(s->bytes, bytes, s->len);
    atomic_store_explicit(&c->head, head + 1, memory_order_release);
    return true;
}

void capture_release(Capture *c)
{
    if (c)
        atomic_store_explicit(&c->released, true, memory_order_release);
}

/* ---- the file ---- */

static void put16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static bool write_start(FILE *f)
{
    uint32_t head[6] = { 0xa1b2c3d4, 4u << 16 | 2, 0, 0, 65535, LINK_RAW_IP }; /* in this machine's byte order */
    uint16_t version[2] = { 2, 4 };
    memcpy(&head[1], version, sizeof(version));
    return fwrite(head, sizeof(head), 1, f) == 1;
}

/* The addresses tell nothing about the endpoint: 192.0.2.1 to 192.0.2.2, RTP on port 5004, RTCP on 5005. */
static void ip_udp(uint8_t h[IP_UDP_BYTES], size_t len, bool rtcp)
{
    static const uint8_t start[20] = { 0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2 };
    uint32_t sum = 0;
    memcpy(h, start, sizeof(start));
    put16(h + 2, (unsigned)len + IP_UDP_BYTES);
    for (int i = 0; i < 20; i += 2)
        sum += (uint32_t)(h[i] << 8 | h[i + 1]);
    sum = (sum & 0xffff) + (sum >> 16);
    put16(h + 10, ~(sum + (sum >> 16)) & 0xffff);
    put16(h + 20, RTP_PORT + rtcp);
    put16(h + 22, RTP_PORT + rtcp);
    put16(h + 24, (unsigned)len + 8);
    put16(h + 26, 0); /* no checksum */
}

static bool write_packet(Capture *c, const Slot *s)
{
    int64_t wall_us = s->us + c->wall_less_us;
    uint32_t n = s->len + IP_UDP_BYTES;
    uint32_t record[4] = { (uint32_t)(wall_us / 1000000), (uint32_t)(wall_us % 1000000), n, n };
    uint8_t head[IP_UDP_BYTES];
    ip_udp(head, s->len, s->rtcp);
    if (fwrite(record, sizeof(record), 1, c->file) != 1 || fwrite(head, sizeof(head), 1, c->file) != 1 ||
        fwrite(s->bytes, 1, s->len, c->file) != s->len)
        return false;
    atomic_fetch_add_explicit(&c->packets, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&c->bytes, sizeof(record) + n, memory_order_relaxed);
    return true;
}

/* Writes what is there. False: the file is full, or the disk is. */
static bool write_out(Capture *c, bool *any)
{
    uint32_t tail = atomic_load_explicit(&c->tail, memory_order_relaxed);
    uint32_t head = atomic_load_explicit(&c->head, memory_order_acquire);
    *any = tail != head;
    for (; tail != head; tail++) {
        if (atomic_load_explicit(&c->bytes, memory_order_relaxed) >= CAPTURE_BYTES_MAX ||
            !write_packet(c, &c->slots[tail % CAPTURE_RING]))
            return false;
        atomic_store_explicit(&c->tail, tail + 1, memory_order_release);
    }
    return true;
}

static void *writer(void *data)
{
    Capture *c = data;
    bool any, good = true;
    while (good && !atomic_load(&c->over)) {
        bool last = atomic_load_explicit(&c->released, memory_order_acquire) || clock_now_us() >= c->until_us;
        good = write_out(c, &any);
        if (last)
            break;
        if (!any)
            nanosleep(&(struct timespec){ .tv_nsec = WRITER_SLEEP_NS }, NULL);
    }
    atomic_store(&c->over, true);
    if (good)
        write_out(c, &any); /* what came in the meantime */
    fclose(c->file);
    atomic_store_explicit(&c->written, true, memory_order_release);
    return NULL;
}

/* ---- control ---- */

Captures *captures_new(const char *directory)
{
    Captures *cs = calloc(1, sizeof(*cs));
    if (cs && !(cs->directory = strdup(directory))) {
        free(cs);
        return NULL;
    }
    return cs;
}

static void capture_free(Capture *c)
{
    pthread_join(c->thread, NULL);
    free(c);
}

static bool is_running(const Capture *c)
{
    return !atomic_load_explicit(&c->over, memory_order_relaxed);
}

/* The oldest that nobody uses any more makes room. */
static bool make_room(Captures *cs)
{
    for (size_t i = 0; cs->n == CAPTURES_MAX && i < cs->n; i++) {
        Capture *c = cs->entry[i];
        if (!atomic_load_explicit(&c->written, memory_order_acquire) ||
            !atomic_load_explicit(&c->released, memory_order_acquire))
            continue;
        memmove(&cs->entry[i], &cs->entry[i + 1], (--cs->n - i) * sizeof(cs->entry[0]));
        capture_free(c);
    }
    return cs->n < CAPTURES_MAX;
}

static bool open_file(const Captures *cs, Capture *c, const char *name)
{
    char safe[NAME_MAX_BYTES + 1];
    size_t n = 0;
    for (; *name && n < NAME_MAX_BYTES; name++)
        if ((*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') || (*name >= '0' && *name <= '9') ||
            *name == '-' || *name == '_')
            safe[n++] = *name;
    safe[n] = 0;
    int len = snprintf(c->path, sizeof(c->path), "%s/%s-%lld-%llu.pcap", cs->directory, n ? safe : "endpoint",
                       (long long)time(NULL), (unsigned long long)c->serial);
    if (len < 0 || (size_t)len >= sizeof(c->path)) {
        errno = ENAMETOOLONG;
        return false;
    }
    int fd = open(c->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    c->file = fdopen(fd, "wb");
    if (c->file && write_start(c->file))
        return true;
    if (c->file)
        fclose(c->file);
    else
        close(fd);
    return false;
}

static Capture *begin(Captures *cs, const char *name, uint64_t endpoint, unsigned seconds)
{
    struct timespec wall;
    Capture *c = calloc(1, sizeof(*c));
    if (!c)
        return NULL;
    int64_t now_us = clock_now_us();
    clock_gettime(CLOCK_REALTIME, &wall);
    c->endpoint = endpoint;
    c->serial = ++cs->serial;
    c->until_us = now_us + (int64_t)seconds * 1000000;
    c->wall_less_us = (int64_t)wall.tv_sec * 1000000 + wall.tv_nsec / 1000 - now_us;
    if (!open_file(cs, c, name)) {
        free(c);
        return NULL;
    }
    int failed = pthread_create(&c->thread, NULL, writer, c);
    if (failed) {
        errno = failed;
        fclose(c->file);
        unlink(c->path);
        free(c);
        return NULL;
    }
    return c;
}

Capture *captures_start(Captures *cs, const char *name, uint64_t endpoint, unsigned seconds, char *error,
                        size_t error_size)
{
    for (size_t i = 0; i < cs->n; i++) {
        if (cs->entry[i]->endpoint == endpoint && is_running(cs->entry[i])) {
            snprintf(error, error_size, "a capture of this endpoint is running");
            return NULL;
        }
    }
    if (!make_room(cs)) {
        snprintf(error, error_size, "%d captures are running", CAPTURES_MAX);
        return NULL;
    }
    Capture *c = begin(cs, name, endpoint,
                       seconds < 1                     ? 1
                       : seconds < CAPTURE_SECONDS_MAX ? seconds
                                                       : CAPTURE_SECONDS_MAX);
    if (!c) {
        snprintf(error, error_size, "no file in %s: %s", cs->directory, strerror(errno));
        return NULL;
    }
    cs->entry[cs->n++] = c;
    return c;
}

bool captures_end(Captures *cs, uint64_t endpoint)
{
    bool any = false;
    for (size_t i = 0; i < cs->n; i++) {
        if (cs->entry[i]->endpoint != endpoint || !is_running(cs->entry[i]))
            continue;
        atomic_store(&cs->entry[i]->over, true);
        any = true;
    }
    return any;
}

size_t captures_list(const Captures *cs, CaptureInfo out[CAPTURES_MAX])
{
    for (size_t i = 0; i < cs->n; i++) {
        Capture *c = cs->entry[i];
        out[i] = (CaptureInfo){ .endpoint = c->endpoint,
                                .path = c->path,
                                .packets = atomic_load_explicit(&c->packets, memory_order_relaxed),
                                .bytes = atomic_load_explicit(&c->bytes, memory_order_relaxed),
                                .dropped = atomic_load_explicit(&c->dropped, memory_order_relaxed),
                                .running = !atomic_load_explicit(&c->written, memory_order_acquire) };
    }
    return cs->n;
}

void captures_free(Captures *cs)
{
    if (!cs)
        return;
    for (size_t i = 0; i < cs->n; i++)
        atomic_store(&cs->entry[i]->over, true);
    for (size_t i = 0; i < cs->n; i++)
        capture_free(cs->entry[i]);
    free(cs->directory);
    free(cs);
}
