/* SPDX-License-Identifier: Apache-2.0
 *
 * Any XML as libstrophe reads it, made ours: within the limits, and the same when written and read again. */
#include <stdint.h>
#include "common/xmpp/strophe_stanza.h"
#include "tests/fuzz/stanza_checks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A namespace that is no URI, or a relative one, which libstrophe's parser does not mind. */
static gboolean is_odd_namespace(const GError *error)
{
    return strstr(error->message, "libxml2 error 99,") || strstr(error->message, "libxml2 error 100,");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    xmpp_ctx_t *context = xmpp_ctx_new(NULL, NULL);
    xmpp_stanza_t *read = xmpp_stanza_new_from_string(context, text);
    if (read) {
        g_autoptr(Stanza) whole = strophe_stanza_convert(read), tag = strophe_stanza_tag(read);
        g_assert_true(tag || !whole);
        if (whole)
            stanza_checks_run(whole, is_odd_namespace);
        if (tag)
            g_assert_cmpuint(stanza_checks_count(tag, 1), ==, 1);
        xmpp_stanza_release(read);
    }
    xmpp_ctx_free(context);
    return 0;
}
