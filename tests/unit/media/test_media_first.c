/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/media_first.h"

#include <glib.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

/* The kernel's own answer: sched_getattr(2), the part of it that is looked at. */
static uint64_t slice_ns(void)
{
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period;
    } a = { .size = sizeof(a) };
    g_assert_cmpint(syscall(SYS_sched_getattr, 0, &a, sizeof(a), 0), ==, 0);
    return a.runtime;
}

static bool kernel_has_slices(void)
{
    struct utsname u;
    int major = 0, minor = 0;
    g_assert_cmpint(uname(&u), ==, 0);
    g_assert_cmpint(sscanf(u.release, "%d.%d", &major, &minor), ==, 2);
    return major > 6 || (major == 6 && minor >= 12);
}

static gpointer media_thread(gpointer user)
{
    int before = getpriority(PRIO_PROCESS, 0);
    g_assert_true(media_first_media());
    g_assert_cmpint(getpriority(PRIO_PROCESS, 0), ==, before);
    g_assert_cmpint(sched_getscheduler(0), ==, SCHED_OTHER);
    if (kernel_has_slices())
        g_assert_cmpuint(slice_ns(), ==, MEDIA_SLICE_NS);
    else
        g_test_message("this kernel has no slices of a thread's own");
    return NULL;
}

static void test_media(void)
{
    g_thread_join(g_thread_new("media", media_thread, NULL));
}

static gpointer batch_thread(gpointer user)
{
    struct sched_param none = { 0 };
    g_assert_cmpint(sched_setscheduler(0, SCHED_BATCH, &none), ==, 0);
    uint64_t before = slice_ns();
    g_assert_false(media_first_media());
    g_assert_cmpint(sched_getscheduler(0), ==, SCHED_BATCH);
    g_assert_cmpuint(slice_ns(), ==, before);
    return NULL;
}

static void test_other_policy(void)
{
    g_thread_join(g_thread_new("batch", batch_thread, NULL));
}

static gpointer control_thread(gpointer user)
{
    int before = getpriority(PRIO_PROCESS, 0);
    g_assert_true(media_first_control());
    g_assert_cmpint(getpriority(PRIO_PROCESS, 0), ==, MIN(before + CONTROL_NICE, 19));
    return NULL;
}

/* The other threads of the process keep theirs. */
static void test_control(void)
{
    int before = getpriority(PRIO_PROCESS, 0);
    g_thread_join(g_thread_new("control", control_thread, NULL));
    g_assert_cmpint(getpriority(PRIO_PROCESS, 0), ==, before);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/media-first/media", test_media);
    g_test_add_func("/media-first/another policy", test_other_policy);
    g_test_add_func("/media-first/control", test_control);
    return g_test_run();
}
