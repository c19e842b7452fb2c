/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "common/base/log.h"

static void say(const char *text, const LogContext *ctx)
{
    log_info(ctx, "%s", text);
}

/* Each runs in a process of its own, whose stderr the test reads. */
static void test_line(void)
{
    if (g_test_subprocess()) {
        log_init("prog", LOG_LEVEL_INFO, FALSE);
        LogContext ctx = { .room = "demo@c", .endpoint = "ab\ncd" };
        say("forged\nline", &ctx);
        log_debug(NULL, "not written");
        log_error(NULL, "%d", 5);
        return;
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_passed();
    g_test_trap_assert_stderr("* prog info: room=demo@c endpoint=ab cd forged line\n*");
    g_test_trap_assert_stderr("*prog error: 5\n*");
    g_test_trap_assert_stderr_unmatched("*not written*");
}

static void test_rate(void)
{
    if (g_test_subprocess()) {
        log_init("prog", LOG_LEVEL_INFO, FALSE);
        for (int i = 0; i < LOG_SITE_BURST + 50; i++)
            log_info(NULL, "line %d.", i);
        say("another site", NULL);
        return;
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_passed();
    g_test_trap_assert_stderr("*line 0.*line 99.*another site*");
    g_test_trap_assert_stderr_unmatched("*line 100.*");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/log/line", test_line);
    g_test_add_func("/base/log/rate", test_rate);
    return g_test_run();
}
