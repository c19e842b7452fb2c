/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/capture.h"

#include "common/base/clock.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#define PACKETS 50
#define LOOK_US 5000
#define PATIENCE 12000 /* looks: a minute, on a machine however busy */

typedef struct {
    char *directory;
    Captures *captures;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused)
{
    GError *error = NULL;
    f->directory = g_dir_make_tmp("plenum-capture-XXXXXX", &error);
    g_assert_no_error(error);
    f->captures = captures_new(f->directory);
}

static void tear_down(Fixture *f, gconstpointer unused)
{
    captures_free(f->captures);
    g_autoptr(GDir) dir = g_dir_open(f->directory, 0, NULL);
    for (const char *name; (name = g_dir_read_name(dir));) {
        g_autofree char *path = g_build_filename(f->directory, name, NULL);
        g_unlink(path);
    }
    g_rmdir(f->directory);
    g_free(f->directory);
}

static CaptureInfo newest(Fixture *f)
{
    CaptureInfo info[CAPTURES_MAX];
    size_t n = captures_list(f->captures, info);
    g_assert_cmpuint(n, >, 0);
    return info[n - 1];
}

static CaptureInfo wait_for_end(Fixture *f)
{
    for (int i = 0; i < PATIENCE && newest(f).running; i++)
        g_usleep(LOOK_US);
    g_assert_false(newest(f).running);
    return newest(f);
}

static Capture *start(Fixture *f, const char *name, uint64_t endpoint)
{
    char error[200] = "";
    Capture *c = captures_start(f->captures, name, endpoint, CAPTURE_SECONDS_MAX, error, sizeof(error));
    g_assert_cmpstr(error, ==, "");
    g_assert_nonnull(c);
    return c;
}

static uint32_t u32(const char *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

static uint16_t be16(const char *p)
{
    return (uint16_t)((uint8_t)p[0] << 8 | (uint8_t)p[1]);
}

/* What was put in is in the file, in order, with its times. */
static void test_file(Fixture *f, gconstpointer unused)
{
    g_autofree char *bytes = NULL;
    gsize len;
    Capture *c = start(f, "../a/b c", 1);
    int64_t began_us = clock_now_us(), wall_us = g_get_real_time();
    for (int i = 0; i < PACKETS; i++) {
        uint8_t packet[PACKETS + 20];
        memset(packet, i, sizeof(packet));
        g_assert_true(capture_put(c, packet, (size_t)i + 12, i % 5 == 4, began_us + i * 20000));
    }
    capture_release(c);
    CaptureInfo info = wait_for_end(f);
    g_assert_cmpuint(info.packets, ==, PACKETS);
    g_assert_cmpuint(info.dropped, ==, 0);
    g_autofree char *name = g_path_get_basename(info.path);
    g_assert_true(g_str_has_prefix(name, "abc-"));
    GStatBuf st;
    g_assert_cmpint(g_stat(info.path, &st), ==, 0);
    g_assert_cmphex(st.st_mode & 0777, ==, 0600);
    g_assert_true(g_file_get_contents(info.path, &bytes, &len, NULL));
    g_assert_cmpuint(len, ==, 24 + info.bytes);
    g_assert_cmphex(u32(bytes), ==, 0xa1b2c3d4);
    g_assert_cmpuint(u32(bytes + 20), ==, 101);
    const char *p = bytes + 24;
    for (int i = 0; i < PACKETS; i++) {
        uint32_t n = u32(p + 8);
        int64_t us = (int64_t)u32(p) * 1000000 + u32(p + 4);
        g_assert_cmpuint(n, ==, (unsigned)i + 12 + 28);
        g_assert_cmpint(ABS(us - wall_us - i * 20000), <, 2000000);
        const char *ip = p + 16, *udp = ip + 20;
        unsigned sum = 0;
        for (int k = 0; k < 20; k += 2)
            sum += be16(ip + k);
        g_assert_cmphex((sum & 0xffff) + (sum >> 16), ==, 0xffff);
        g_assert_cmpuint(be16(ip + 2), ==, n);
        g_assert_cmpuint(be16(udp + 2), ==, i % 5 == 4 ? 5005 : 5004);
        g_assert_cmpuint(be16(udp + 4), ==, n - 20);
        for (uint32_t k = 28; k < n; k++)
            g_assert_cmpint(ip[k], ==, i);
        p = ip + n;
    }
    g_assert_true(p == bytes + len);
}

/* Faster than any disk: what does not fit is counted, nobody waits. */
static void test_burst(Fixture *f, gconstpointer unused)
{
    static uint8_t packet[CAPTURE_PACKET_MAX + 500];
    Capture *c = start(f, "ep", 1);
    const unsigned n = 20 * CAPTURE_RING;
    for (unsigned i = 0; i < n; i++)
        g_assert_true(capture_put(c, packet, sizeof(packet), false, 1));
    capture_release(c);
    CaptureInfo info = wait_for_end(f);
    g_test_message("%u of %u written", (unsigned)info.packets, n);
    g_assert_cmpuint(info.packets + info.dropped, ==, n);
    g_assert_cmpuint(info.packets, >=, CAPTURE_RING);
    g_assert_cmpuint(info.bytes, ==, info.packets * (16 + 28 + CAPTURE_PACKET_MAX));
}

static void test_ends(Fixture *f, gconstpointer unused)
{
    char error[200];
    uint8_t packet[20] = { 0x80 };
    Capture *c = captures_start(f->captures, "short", 1, 1, error, sizeof(error));
    bool in_time = capture_put(c, packet, sizeof(packet), false, 1);
    CaptureInfo info = wait_for_end(f); /* its second is over */
    g_assert_cmpuint(info.packets, ==, in_time);
    g_assert_false(capture_put(c, packet, sizeof(packet), false, 2));
    capture_release(c);
    g_assert_false(captures_end(f->captures, 1));
    c = start(f, "long", 1);
    g_assert_null(captures_start(f->captures, "another", 1, 1, error, sizeof(error)));
    g_assert_nonnull(strstr(error, "running"));
    g_assert_true(capture_put(c, packet, sizeof(packet), false, 1));
    g_assert_true(captures_end(f->captures, 1));
    g_assert_false(capture_put(c, packet, sizeof(packet), false, 3));
    wait_for_end(f);
    capture_release(c);
}

static void test_limits(Fixture *f, gconstpointer unused)
{
    char error[200];
    Capture *c[CAPTURES_MAX];
    for (uint64_t i = 0; i < CAPTURES_MAX; i++)
        c[i] = start(f, "", i);
    g_assert_null(captures_start(f->captures, "one more", 99, 1, error, sizeof(error)));
    captures_end(f->captures, 3);
    capture_release(c[3]);
    for (int i = 0; i < PATIENCE && !(c[3] = captures_start(f->captures, "one more", 99, 1, error, sizeof(error))); i++)
        g_usleep(LOOK_US);
    g_assert_nonnull(c[3]);
    for (uint64_t i = 0; i < CAPTURES_MAX; i++)
        capture_release(c[i]);
    capture_release(NULL);
    Captures *nowhere = captures_new("/nonexistent/directory");
    g_assert_null(captures_start(nowhere, "a", 1, 1, error, sizeof(error)));
    g_assert_nonnull(strstr(error, "/nonexistent/directory"));
    captures_free(nowhere);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/capture/file", Fixture, NULL, set_up, test_file, tear_down);
    g_test_add("/capture/burst", Fixture, NULL, set_up, test_burst, tear_down);
    g_test_add("/capture/ends", Fixture, NULL, set_up, test_ends, tear_down);
    g_test_add("/capture/limits", Fixture, NULL, set_up, test_limits, tear_down);
    return g_test_run();
}
