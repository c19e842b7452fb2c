/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/media_first.h"

#include <glib.h>
#include <sys/resource.h>

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
    g_test_add_func("/media-first/control", test_control);
    return g_test_run();
}
