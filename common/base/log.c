/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/log.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "common/base/clock.h"

/* Written by log_init before threads start; the level may change later. */
static const char *program_name = "plenum";
static gboolean use_journal;
static _Atomic int max_level = LOG_LEVEL_INFO;

static const char *const level_names[] = {
    "fatal", "alert", "critical", "error", "warning", "notice", "info", "debug"
};

gboolean log_enabled(LogLevel level)
{
    return (int)level <= atomic_load_explicit(&max_level, memory_order_relaxed);
}

void log_set_level(LogLevel level)
{
    atomic_store_explicit(&max_level, (int)level, memory_order_relaxed);
}

static const char *field(const GLogField *fields, gsize n, const char *key)
{
    for (gsize i = 0; i < n; i++)
        if (strcmp(fields[i].key, key) == 0 && fields[i].length < 0)
            return fields[i].value;
    return NULL;
}

static void append_printable(GString *out, const char *text)
{
    for (; *text; text++) /* a remote's text must not forge a second line */
        g_string_append_c(out, (unsigned char)*text < 0x20 || *text == 0x7f ? ' ' : *text);
}

static void append_field(GString *out, const char *name, const char *value)
{
    if (!value)
        return;
    g_string_append_printf(out, " %s=", name);
    append_printable(out, value);
}

static GLogWriterOutput to_stderr(const GLogField *fields, gsize n)
{
    const char *priority = field(fields, n, "PRIORITY");
    int level = priority ? CLAMP(*priority - '0', 0, 7) : LOG_LEVEL_NOTICE;
    int64_t now_us = clock_wall_us();
    time_t seconds = (time_t)(now_us / 1000000);
    struct tm tm;
    char stamp[32];
    localtime_r(&seconds, &tm);
    strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S", &tm);
    GString *line = g_string_new(NULL);
    g_string_append_printf(line, "%s.%03d %s %s:", stamp, (int)(now_us / 1000 % 1000), program_name,
                           level_names[level]);
    append_field(line, "room", field(fields, n, "ROOM"));
    append_field(line, "endpoint", field(fields, n, "ENDPOINT"));
    append_field(line, "bridge", field(fields, n, "BRIDGE"));
    const char *message = field(fields, n, "MESSAGE");
    g_string_append_c(line, ' ');
    append_printable(line, message ? message : "(no message)");
    g_string_append_c(line, '\n');
    ssize_t written = write(STDERR_FILENO, line->str, line->len);
    (void)written; /* nobody is left to tell */
    g_string_free(line, TRUE);
    return G_LOG_WRITER_HANDLED;
}

static GLogWriterOutput writer(GLogLevelFlags flags, const GLogField *fields, gsize n, gpointer user)
{
    const char *priority = field(fields, n, "PRIORITY");
    if (priority && !log_enabled((LogLevel)(*priority - '0')))
        return G_LOG_WRITER_HANDLED;
    if (use_journal && g_log_writer_journald(flags, fields, n, user) == G_LOG_WRITER_HANDLED)
        return G_LOG_WRITER_HANDLED;
    return to_stderr(fields, n);
}

void log_init(const char *program, LogLevel level, gboolean to_journal)
{
    program_name = program;
    use_journal = to_journal && g_log_writer_is_journald(STDERR_FILENO);
    log_set_level(level);
    g_log_set_writer_func(writer, NULL, NULL);
}

/* How many lines to report as left out; -1: this line is one of them. */
static int64_t admit(LogSite *site)
{
    int64_t now_ms = clock_now_ms();
    int64_t start = atomic_load_explicit(&site->window_start_ms, memory_order_relaxed);
    if (start == 0 || now_ms - start >= LOG_SITE_WINDOW_MS) {
        atomic_store_explicit(&site->window_start_ms, now_ms, memory_order_relaxed);
        atomic_store_explicit(&site->written, 1, memory_order_relaxed);
        return atomic_exchange_explicit(&site->suppressed, 0, memory_order_relaxed);
    }
    if (atomic_fetch_add_explicit(&site->written, 1, memory_order_relaxed) < LOG_SITE_BURST)
        return 0;
    atomic_fetch_add_explicit(&site->suppressed, 1, memory_order_relaxed);
    return -1;
}

void log_write(LogSite *site, LogLevel level, const LogContext *ctx, const char *format, ...)
{
    static const char *const priorities[] = { "0", "1", "2", "3", "4", "5", "6", "7" };
    int64_t left_out = admit(site);
    if (left_out < 0)
        return;
    char text[LOG_MAX_LINE];
    va_list ap;
    va_start(ap, format);
    int len = vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    if (len < 0)
        return;
    if (left_out > 0 && (size_t)len < sizeof(text))
        snprintf(text + len, sizeof(text) - (size_t)len, " (%" G_GINT64_FORMAT " more like this were left out)",
                 (gint64)left_out);
    GLogField fields[6] = {
        { "PRIORITY", priorities[CLAMP((int)level, 0, 7)], -1 },
        { "SYSLOG_IDENTIFIER", program_name, -1 },
        { "MESSAGE", text, -1 },
    };
    gsize n = 3;
    if (ctx && ctx->room)
        fields[n++] = (GLogField){ "ROOM", ctx->room, -1 };
    if (ctx && ctx->endpoint)
        fields[n++] = (GLogField){ "ENDPOINT", ctx->endpoint, -1 };
    if (ctx && ctx->bridge)
        fields[n++] = (GLogField){ "BRIDGE", ctx->bridge, -1 };
    /* G_LOG_LEVEL_ERROR would abort; the priority field says what it is. */
    g_log_structured_array(level >= LOG_LEVEL_DEBUG ? G_LOG_LEVEL_DEBUG : G_LOG_LEVEL_MESSAGE, fields, n);
}
