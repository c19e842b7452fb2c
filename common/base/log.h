/* SPDX-License-Identifier: Apache-2.0
 *
 * Log lines with fields, through g_log_structured to journald or stderr. Control threads only; the packet
 * path counts instead. Each call site has its own rate limit. Never log keys, passwords or ICE secrets. */
#ifndef PLENUM_COMMON_BASE_LOG_H
#define PLENUM_COMMON_BASE_LOG_H

#include <glib.h>
#include <stdatomic.h>
#include <stdint.h>

/* The numbers are syslog's priorities. */
typedef enum {
    LOG_LEVEL_ERROR = 3,
    LOG_LEVEL_WARNING = 4,
    LOG_LEVEL_NOTICE = 5,
    LOG_LEVEL_INFO = 6,
    LOG_LEVEL_DEBUG = 7,
} LogLevel;

/* Which object a line is about: fields ROOM, ENDPOINT and BRIDGE. Strings borrowed for the call, each may
 * be NULL; keep one in the object it describes. */
typedef struct {
    const char *room, *endpoint, *bridge;
} LogContext;

/* A site may write LOG_SITE_BURST lines in LOG_SITE_WINDOW_MS; the next line after a silence says how many
 * were left out. */
#define LOG_SITE_BURST 100
#define LOG_SITE_WINDOW_MS 5000
typedef struct {
    _Atomic int64_t window_start_ms;
    _Atomic uint32_t written, suppressed;
} LogSite;

#define LOG_MAX_LINE 2048 /* bytes of one message; the rest is cut off */
/* Once, before other threads start; `program` is borrowed for good (a literal). `to_journal`: write journald's native
 * protocol when stderr belongs to the journal (JOURNAL_STREAM), else text on stderr. GLib's own messages come the same
 * way. */
void log_init(const char *program, LogLevel level, gboolean to_journal);
void log_set_level(LogLevel level);   /* any thread */
gboolean log_enabled(LogLevel level); /* any thread */

/* One line, or none by the site's limit; control characters become spaces on stderr. ctx may be NULL; nothing is
 * kept. */
void log_write(LogSite *site, LogLevel level, const LogContext *ctx, const char *format, ...) G_GNUC_PRINTF(4, 5);

#define LOG_AT(level, ctx, ...)                                                                                        \
    do {                                                                                                               \
        static LogSite log_site_;                                                                                      \
        if (log_enabled(level))                                                                                        \
            log_write(&log_site_, (level), (ctx), __VA_ARGS__);                                                        \
    } while (0)
/* log_info(ctx, "format", ...): ctx may be NULL. */
#define log_error(ctx, ...) LOG_AT(LOG_LEVEL_ERROR, ctx, __VA_ARGS__)
#define log_warning(ctx, ...) LOG_AT(LOG_LEVEL_WARNING, ctx, __VA_ARGS__)
#define log_notice(ctx, ...) LOG_AT(LOG_LEVEL_NOTICE, ctx, __VA_ARGS__)
#define log_info(ctx, ...) LOG_AT(LOG_LEVEL_INFO, ctx, __VA_ARGS__)
#define log_debug(ctx, ...) LOG_AT(LOG_LEVEL_DEBUG, ctx, __VA_ARGS__)

#endif
