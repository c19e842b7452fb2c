/* SPDX-License-Identifier: Apache-2.0
 *
 * What both daemons' main() share: options, configuration, log, signals, main loop. The first SIGTERM or
 * SIGINT asks the application to drain, the second ends it now. Main thread. */
#ifndef PLENUM_COMMON_BASE_DAEMON_H
#define PLENUM_COMMON_BASE_DAEMON_H

#include <glib.h>
#include "common/base/config.h"

#define DAEMON_EXIT_CONFIG 78 /* EX_CONFIG: systemd units do not restart on it */

typedef struct {
    const char *name;           /* "plenum-focus"; begins with "plenum-" */
    const char *summary;        /* one line for --help */
    const char *default_config; /* "/etc/plenum/focus.conf" */
    const ConfigOption *options;
    size_t n_options, config_size;
    /* Checks that span options, for --check-config too. May be NULL. */
    gboolean (*check)(const void *config, GError **error);
    /* Log level and journal use from the configuration. May be NULL (info, automatic). */
    int (*log_level)(const void *config);
    /* Builds and starts everything on the default main context; NULL and *error: exit 1, DAEMON_EXIT_CONFIG when the
     * error is a CONFIG_ERROR. */
    gpointer (*start)(const void *config, GMainLoop *loop, GError **error);
    /* First signal: refuse new work; call g_main_loop_quit(loop) when the last work is done. NULL: end now. */
    void (*drain)(gpointer app);
    /* After the loop: frees app. */
    void (*stop)(gpointer app);
} DaemonSpec;

/* The rows every daemon has, [log] level; put into a table with DAEMON_LOG_OPTION(Type, field). */
#define DAEMON_LOG_CHOICES "error|warning|notice|info|debug"
#define DAEMON_LOG_OPTION(Type, field)                                                                                 \
    {                                                                                                                  \
        "log", "level", CONFIG_CHOICE, offsetof(Type, field), "info", 0, 0, NULL, DAEMON_LOG_CHOICES,                  \
            "Least important messages that are written."                                                               \
    }
/* Index of that choice, 0..4 -> LogLevel. */
int daemon_log_level(int choice);

/* --config --check-config --print-config --print-sample --print-manual --version --help; runs until the loop is quit
 * and returns the exit code: 0, 1 not started, 2 wrong option, DAEMON_EXIT_CONFIG. spec is borrowed. Once a process. */
int daemon_main(const DaemonSpec *spec, int argc, char **argv);

#endif
