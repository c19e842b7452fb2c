/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/daemon.h"
#include "focus/focus.h"

static int log_level(const void *config)
{
    return daemon_log_level(((const FocusConfig *)config)->log.level);
}

static gpointer start(const void *config, GMainLoop *loop, GError **error)
{
    return focus_new(config, loop, error);
}

static void drain(gpointer app)
{
    focus_drain(app);
}

static void stop(gpointer app)
{
    focus_free(app);
}

int main(int argc, char **argv)
{
    const DaemonSpec spec = {
        .name = "plenum-focus",
        .summary = "Conference focus: answers conference requests, invites participants, chooses bridges.",
        .default_config = "/etc/plenum/focus.conf",
        .options = focus_options,
        .n_options = focus_options_n,
        .config_size = sizeof(FocusConfig),
        .check = focus_config_check,
        .log_level = log_level,
        .start = start,
        .drain = drain,
        .stop = stop,
    };
    return daemon_main(&spec, argc, argv);
}
