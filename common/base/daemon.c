/* SPDX-License-Identifier: Apache-2.0 */
/* Angle brackets: the header of the build, not the neighbour of the same name. */
#include <config.h>
#include "common/base/daemon.h"

#include <glib-unix.h>
#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include "common/base/log.h"

typedef struct {
    const DaemonSpec *spec;
    GMainLoop *loop;
    gpointer app;
    gboolean draining;
} Running;

typedef struct {
    char *config_path;
    gboolean check, print, sample, manual, version;
} Options;

int daemon_log_level(int choice)
{
    return LOG_LEVEL_ERROR + choice; /* DAEMON_LOG_CHOICES is in syslog's order */
}

/* sd_notify(3) in one datagram; nothing happens when systemd did not ask for it. */
static void notify_systemd(const char *state)
{
    const char *path = g_getenv("NOTIFY_SOCKET");
    if (!path || !*path)
        return;
    g_autoptr(GSocket) s = g_socket_new(G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_DEFAULT, NULL);
    g_autoptr(GSocketAddress) to =
        *path == '@' ? g_unix_socket_address_new_with_type(path + 1, -1, G_UNIX_SOCKET_ADDRESS_ABSTRACT)
                     : g_unix_socket_address_new(path);
    if (s)
        g_socket_send_to(s, to, state, strlen(state), NULL, NULL);
}

static gboolean on_signal(gpointer user)
{
    Running *r = user;
    if (r->draining || !r->spec->drain) {
        log_notice(NULL, "ending now");
        g_main_loop_quit(r->loop);
    } else {
        log_notice(NULL, "draining: no new work; a second signal ends at once");
        r->draining = TRUE;
        notify_systemd("STOPPING=1");
        r->spec->drain(r->app);
    }
    return G_SOURCE_CONTINUE;
}

/* A bad value is told with the line it stands in, also where it shows only together with others or at the start. */
static int report_bad(const DaemonSpec *spec, const char *path, const Config *config, const GError *error)
{
    const char *where = config ? config_where(config, error->message) : NULL;
    fprintf(stderr, "%s: %s%s%s\n", spec->name, config ? where ? where : path : "", config ? ": " : "", error->message);
    return DAEMON_EXIT_CONFIG;
}

static int run(const DaemonSpec *spec, const char *path, const Config *config)
{
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    g_autoptr(GError) error = NULL;
    Running r = { .spec = spec, .loop = loop };
    signal(SIGPIPE, SIG_IGN);
    r.app = spec->start(config_values(config), loop, &error);
    if (!r.app && error && error->domain == CONFIG_ERROR)
        return report_bad(spec, path, config, error);
    if (!r.app) {
        log_error(NULL, "cannot start: %s", error ? error->message : "no reason given");
        return 1;
    }
    guint term = g_unix_signal_add(SIGTERM, on_signal, &r);
    guint interrupt = g_unix_signal_add(SIGINT, on_signal, &r);
    notify_systemd("READY=1");
    g_main_loop_run(loop);
    g_source_remove(term);
    g_source_remove(interrupt);
    spec->stop(r.app);
    return 0;
}

static int with_config(const DaemonSpec *spec, const Options *o)
{
    g_autoptr(GError) error = NULL;
    const char *path = o->config_path ? o->config_path : spec->default_config;
    g_autoptr(Config) config = config_load(spec->options, spec->n_options, spec->config_size, path, &error);
    if (!config || (spec->check && !spec->check(config_values(config), &error)))
        return report_bad(spec, path, config, error);
    if (o->print) {
        g_autofree char *text = config_print(config);
        fputs(text, stdout);
    }
    if (o->check)
        printf("%s: %s is fine\n", spec->name, path);
    if (o->print || o->check)
        return 0;
    int level = spec->log_level ? spec->log_level(config_values(config)) : LOG_LEVEL_INFO;
    log_init(spec->name, (LogLevel)level, TRUE);
    return run(spec, path, config);
}

int daemon_main(const DaemonSpec *spec, int argc, char **argv)
{
    Options o = { 0 };
    const GOptionEntry entries[] = {
        { "config", 'c', 0, G_OPTION_ARG_FILENAME, &o.config_path, "Read this file", "FILE" },
        { "check-config", 0, 0, G_OPTION_ARG_NONE, &o.check, "Check the configuration and exit; 78 when it is bad",
          NULL },
        { "print-config", 0, 0, G_OPTION_ARG_NONE, &o.print, "Print the values in effect and exit", NULL },
        { "print-sample", 0, 0, G_OPTION_ARG_NONE, &o.sample, "Print every option with its default and exit", NULL },
        { "print-manual", 0, 0, G_OPTION_ARG_NONE, &o.manual, "Print every option as a section for man(1) and exit",
          NULL },
        { "version", 0, 0, G_OPTION_ARG_NONE, &o.version, "Print the version and exit", NULL },
        { 0 },
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;
    g_option_context_set_summary(context, spec->summary);
    g_autofree char *manual =
        g_strdup_printf("Without --config it reads %s, then conf.d/%s/*.conf beside it. SIGTERM drains, a "
                        "second one ends.\nExit status: 0, 1 when it cannot start, 2 for a wrong option, "
                        "%d for a wrong configuration. More: man 8 %s",
                        spec->default_config, spec->name + strlen("plenum-"), DAEMON_EXIT_CONFIG, spec->name);
    g_option_context_set_description(context, manual);
    g_option_context_add_main_entries(context, entries, NULL);
    int code = 0;
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        fprintf(stderr, "%s: %s\n", spec->name, error->message);
        code = 2;
    } else if (argc > 1) {
        fprintf(stderr, "%s: unexpected argument \"%s\"\n", spec->name, argv[1]);
        code = 2;
    } else if (o.version) {
        printf("%s %s\n", spec->name, PACKAGE_VERSION);
    } else if (o.sample) {
        g_autofree char *text = config_sample(spec->options, spec->n_options);
        fputs(text, stdout);
    } else if (o.manual) {
        g_autofree char *text = config_manual_section(spec->options, spec->n_options);
        fputs(text, stdout);
    } else {
        code = with_config(spec, &o);
    }
    g_free(o.config_path);
    return code;
}
