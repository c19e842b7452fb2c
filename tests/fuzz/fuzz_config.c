/* SPDX-License-Identifier: Apache-2.0
 *
 * The configuration parser over both daemons' kinds of options. Properties: either values or an error, never
 * both; what is in effect can be printed and read again, and says the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "common/base/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct {
    const char *host;
    gint64 port;
    double stress;
    gboolean enabled;
    int policy;
    const char *const *addresses;
} Sample;

static const ConfigOption table[] = {
    { "xmpp", "host", CONFIG_STRING, offsetof(Sample, host), "localhost", 1, 255, NULL, NULL, "Server." },
    { "xmpp", "port", CONFIG_INT, offsetof(Sample, port), "5347", 1, 65535, NULL, NULL, "Port." },
    { "bridge", "stress", CONFIG_DOUBLE, offsetof(Sample, stress), "0.8", 0, 1, NULL, NULL, "Full at." },
    { "bridge", "enabled", CONFIG_BOOL, offsetof(Sample, enabled), "true", 0, 0, NULL, NULL, "Use it." },
    { "p2p", "policy", CONFIG_CHOICE, offsetof(Sample, policy), "eager", 0, 0, NULL, "off|eager|release", "When." },
    { "p2p", "addresses", CONFIG_LIST, offsetof(Sample, addresses), "", 0, 3, NULL, NULL, "Where." },
};

static Config *load(const char *text, GError **error)
{
    return config_load_text(table, G_N_ELEMENTS(table), sizeof(Sample), "fuzz", text, error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 4096)
        return 0;
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(GError) error = NULL;
    g_autoptr(Config) config = load(text, &error);
    if (!config != !!error)
        abort();
    if (!config) {
        if (!strstr(error->message, "fuzz"))
            abort(); /* the message names the file */
        return 0;
    }
    g_autofree char *printed = config_print(config);
    g_autoptr(Config) again = load(printed, &error);
    if (!again)
        abort();
    const Sample *a = config_values(config), *b = config_values(again);
    if (a->port != b->port || a->enabled != b->enabled || a->policy != b->policy || strcmp(a->host, b->host) != 0)
        abort();
    return 0;
}
