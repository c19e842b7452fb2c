/* SPDX-License-Identifier: Apache-2.0
 *
 * Waiting for what must happen, on a machine however busy. Test thread, which owns the default main context. */
#ifndef PLENUM_TESTS_FAKES_AWAIT_H
#define PLENUM_TESTS_FAKES_AWAIT_H

#include <glib.h>

#define AWAIT_S 60      /* then it does not come any more */
#define AWAIT_LOOK_MS 5 /* whatever makes it true: it is looked at again after so long */

static inline gboolean await_over(gpointer what)
{
    g_error("not within %d s: %s", AWAIT_S, (const char *)what);
    return G_SOURCE_REMOVE;
}

static inline gboolean await_look(gpointer nothing)
{
    return G_SOURCE_CONTINUE;
}

/* Turns the default main context until the condition is true; ends the program with `what` when it does not come true.
 * Sleeps between looks: GLib's socket timeouts, compared by microseconds, may be missed by a loop that spins. */
#define AWAIT_FOR(condition, what)                                                                                     \
    do {                                                                                                               \
        guint over_ = g_timeout_add_seconds(AWAIT_S, await_over, (gpointer)(what));                                    \
        guint look_ = g_timeout_add(AWAIT_LOOK_MS, await_look, NULL);                                                  \
        while (!(condition))                                                                                           \
            g_main_context_iteration(NULL, TRUE);                                                                      \
        g_source_remove(look_);                                                                                        \
        g_source_remove(over_);                                                                                        \
    } while (0)
#define AWAIT(condition) AWAIT_FOR(condition, #condition)

#endif
