/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/http_client.h"
#include <libsoup/soup.h>
#include "tests/fakes/await.h"

typedef struct {
    GBytes *body;
    gboolean done;
} Got;

static void on_got(GObject *source, GAsyncResult *result, gpointer user)
{
    Got *got = user;
    got->body = soup_session_send_and_read_finish(SOUP_SESSION(source), result, NULL);
    got->done = TRUE;
}

unsigned http_client_ask(guint16 port, const HttpQuestion *q, char **text)
{
    g_autofree char *url = g_strdup_printf("http://127.0.0.1:%u%s", port, q->path);
    /* Looking for a proxy would take a thread of GLib's. */
    g_autoptr(SoupSession) session = soup_session_new_with_options("proxy-resolver", NULL, NULL);
    g_autoptr(SoupMessage) msg = soup_message_new(q->method, url);
    Got got = { 0 };
    if (q->body) {
        g_autoptr(GBytes) bytes = g_bytes_new(q->body, q->len);
        soup_message_set_request_body_from_bytes(msg, q->type, bytes);
    }
    if (q->authorization)
        soup_message_headers_append(soup_message_get_request_headers(msg), "Authorization", q->authorization);
    soup_session_send_and_read_async(session, msg, G_PRIORITY_DEFAULT, NULL, on_got, &got);
    AWAIT_FOR(got.done, url);
    if (text && got.body) {
        gsize len;
        const char *bytes = g_bytes_get_data(got.body, &len);
        *text = g_strndup(len ? bytes : "", len);
    } else if (text) {
        *text = NULL;
    }
    g_clear_pointer(&got.body, g_bytes_unref);
    return soup_message_get_status(msg);
}
