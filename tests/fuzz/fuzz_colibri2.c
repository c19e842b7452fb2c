/* SPDX-License-Identifier: Apache-2.0
 *
 * Any stanza as request, as answer, as notification and as error. What is accepted must survive build and parse: the text
 * written the second time is the text written the first time. */
#include "common/colibri2/colibri2.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_request(const Stanza *s)
{
    g_autoptr(Colibri2Modify) m = colibri2_modify_parse(s, NULL);
    if (!m)
        return;
    g_autoptr(Stanza) once = colibri2_modify_build(m);
    g_autoptr(Colibri2Modify) back = colibri2_modify_parse(once, NULL);
    g_autoptr(Stanza) twice = back ? colibri2_modify_build(back) : NULL;
    g_autofree char *a = stanza_to_string(once);
    g_autofree char *b = twice ? stanza_to_string(twice) : NULL;
    if (g_strcmp0(a, b) != 0)
        g_error("a built conference-modify reads differently");
    g_autoptr(Colibri2Error) error = colibri2_modify_check(m);
    for (guint i = 0; i < m->endpoints->len; i++) {
        const Colibri2Endpoint *e = m->endpoints->pdata[i];
        g_autoptr(Colibri2Error) refused = colibri2_endpoint_check_new(e);
        if (!refused && !e->transport)
            g_error("a new endpoint without transport passed");
        if (!e->sources)
            continue;
        g_autoptr(SourceSet) set = colibri2_sources_to_set(e->sources);
        g_autoptr(Colibri2Sources) regrouped = colibri2_sources_from_set(set, e->id);
        g_autoptr(SourceSet) again = colibri2_sources_to_set(regrouped);
        if (again->sources->len != set->sources->len)
            g_error("grouping by name lost sources");
    }
}

static void check_answer(const Stanza *s)
{
    g_autoptr(Colibri2Modified) m = colibri2_modified_parse(s, NULL);
    if (!m)
        return;
    g_autoptr(Stanza) once = colibri2_modified_build(m);
    g_autoptr(Colibri2Modified) back = colibri2_modified_parse(once, NULL);
    g_autoptr(Stanza) twice = back ? colibri2_modified_build(back) : NULL;
    g_autofree char *a = stanza_to_string(once);
    g_autofree char *b = twice ? stanza_to_string(twice) : NULL;
    if (g_strcmp0(a, b) != 0)
        g_error("a built conference-modified reads differently");
}

static void check_notification(const Stanza *s)
{
    g_autoptr(Colibri2Notification) n = colibri2_notification_parse(s, NULL);
    if (!n)
        return;
    g_autoptr(Stanza) once = colibri2_notification_build(n);
    g_autoptr(Colibri2Notification) back = colibri2_notification_parse(once, NULL);
    if (!back || back->notices->len != n->notices->len || strcmp(back->meeting_id, n->meeting_id) != 0)
        g_error("a built conference-notification reads differently");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(Stanza) s = stanza_parse((const char *)data, size, NULL);
    if (!s)
        return 0;
    check_request(s);
    check_answer(s);
    check_notification(s);
    g_autoptr(Colibri2Error) e = colibri2_error_parse(s);
    g_autoptr(Stanza) built = colibri2_error_build(e);
    if (!stanza_is(built, "error", NULL))
        g_error("an error is no error");
    return 0;
}
