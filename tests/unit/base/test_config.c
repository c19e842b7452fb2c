/* SPDX-License-Identifier: Apache-2.0 */
#include <glib/gstdio.h>
#include <string.h>
#include "common/base/config.h"
#include "common/base/listen_address.h"
#include "common/base/config_text.h"
#include "tests/fakes/rows.h"

typedef struct {
    const char *host, *secret;
    gint64 port;
    double stress;
    gboolean enabled;
    int policy;
    const char *const *addresses;
} Sample;

static const ConfigOption table[] = {
    { "xmpp", "host", CONFIG_STRING, offsetof(Sample, host), "localhost", 1, 255, NULL, NULL, "Server." },
    { "xmpp", "port", CONFIG_INT, offsetof(Sample, port), "5347", 1, 65535, NULL, NULL, "Port." },
    { "xmpp", "secret", CONFIG_SECRET, offsetof(Sample, secret), NULL, 0, 0, NULL, NULL, "Component secret." },
    { "bridge", "stress-threshold", CONFIG_DOUBLE, offsetof(Sample, stress), "0.8", 0, 1, NULL, NULL, "Full at." },
    { "bridge", "enabled", CONFIG_BOOL, offsetof(Sample, enabled), "true", 0, 0, NULL, NULL, "Use it." },
    { "p2p", "policy", CONFIG_CHOICE, offsetof(Sample, policy), "eager", 0, 0, NULL, "off|eager|release", "When." },
    { "p2p", "addresses", CONFIG_LIST, offsetof(Sample, addresses), "", 0, 3, NULL, NULL, "Where." },
};
#define TABLE table, G_N_ELEMENTS(table), sizeof(Sample)

typedef struct {
    const char *name, *text;
    int code;            /* 0: accepted */
    const char *mention; /* must be in the message */
} Case;

static const Case cases[] = {
    { "empty", "", 0, NULL },
    { "comments and spaces", "# c\n\n  [xmpp]  \n  host   =   a b  \n", 0, NULL },
    { "no section", "host=a\n", CONFIG_ERROR_SYNTAX, "f:1: expected [section]" },
    { "no equals", "[xmpp]\nhost\n", CONFIG_ERROR_SYNTAX, "f:2: expected key = value" },
    { "bad section line", "[xmpp\n", CONFIG_ERROR_SYNTAX, "f:1: expected [section]" },
    { "unknown section", "[xmp]\n", CONFIG_ERROR_UNKNOWN, "f:1: unknown section [xmp]; the nearest is [xmpp]" },
    { "unknown key", "\n[xmpp]\nhots=a\n", CONFIG_ERROR_UNKNOWN,
      "f:3: unknown key \"hots\" in [xmpp]; the nearest is \"host\" in [xmpp]" },
    { "key of another section", "[xmpp]\nstress-threshold=1\n", CONFIG_ERROR_UNKNOWN,
      "the nearest is \"stress-threshold\" in [bridge]" },
    { "int range", "[xmpp]\nport=65536\n", CONFIG_ERROR_VALUE,
      "f:2: [xmpp] port = 65536: must be a whole number from 1 to 65535" },
    { "int text", "[xmpp]\nport=12a\n", CONFIG_ERROR_VALUE, "from 1 to 65535" },
    { "double range", "[bridge]\nstress-threshold=1.5\n", CONFIG_ERROR_VALUE, "from 0 to 1" },
    { "double nan", "[bridge]\nstress-threshold=nan\n", CONFIG_ERROR_VALUE, "from 0 to 1" },
    { "bool", "[bridge]\nenabled=maybe\n", CONFIG_ERROR_VALUE, "true or false" },
    { "choice", "[p2p]\npolicy=never\n", CONFIG_ERROR_VALUE, "one of off|eager|release" },
    { "list too long", "[p2p]\naddresses=a;b;c;d\n", CONFIG_ERROR_VALUE, "at most 3" },
    { "string too short", "[xmpp]\nhost=\n", CONFIG_ERROR_VALUE, "text of 1 to 255 bytes" },
    { "secret inside", "[xmpp]\nsecret=hunter2\n", CONFIG_ERROR_VALUE, "write secret_file = PATH" },
    { "secret file missing", "[xmpp]\nsecret_file=/nonexistent/x\n", -1, "f:2: [xmpp] secret_file: " },
    { "twice", "[xmpp]\nport=1\nport=2\n", CONFIG_ERROR_SYNTAX,
      "f:3: [xmpp] port is given a second time, first at f:2" },
    { "section twice", "[xmpp]\nport=1\n[p2p]\n[xmpp]\nhost=a\n", CONFIG_ERROR_SYNTAX,
      "f:4: section [xmpp] a second time; write its keys below the first one, at f:1" },
    { "localised key", "[xmpp]\nhost[de]=a\n", CONFIG_ERROR_UNKNOWN, "unknown key \"host[de]\"" },
};

static void test_case(gconstpointer data)
{
    const Case *c = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(Config) config = config_load_text(TABLE, "f", c->text, &error);
    if (c->code == 0) {
        g_assert_no_error(error);
        return;
    }
    g_assert_null(config);
    g_assert_nonnull(error);
    if (c->code > 0)
        g_assert_cmpint(error->code, ==, c->code);
    if (!strstr(error->message, c->mention))
        g_error("\"%s\" does not mention \"%s\"", error->message, c->mention);
}

static void test_values(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Config) config =
        config_load_text(TABLE, "f",
                         "[xmpp]\nhost=a\\sb\nport=22\n[bridge]\nstress-threshold=0.25\nenabled=off\n"
                         "[p2p]\npolicy=release\naddresses = x ; ; y,z\n",
                         &error);
    g_assert_no_error(error);
    const Sample *s = config_values(config);
    g_assert_cmpstr(s->host, ==, "a b");
    g_assert_cmpint(s->port, ==, 22);
    g_assert_cmpfloat(s->stress, ==, 0.25);
    g_assert_false(s->enabled);
    g_assert_cmpint(s->policy, ==, 2);
    g_assert_cmpuint(g_strv_length((char **)s->addresses), ==, 3);
    g_assert_cmpstr(s->addresses[2], ==, "z");
    g_assert_null(s->secret);
    g_assert_true(config_is_set(config, "xmpp", "host"));
    g_assert_false(config_is_set(config, "xmpp", "secret"));
}

static void write_file(const char *dir, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    g_autofree char *parent = g_path_get_dirname(path);
    g_mkdir_with_parents(parent, 0700);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void remove_file(const char *dir, const char *name)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    g_remove(path);
}

static void test_files(void)
{
    g_autofree char *dir = g_dir_make_tmp("plenum-config-XXXXXX", NULL);
    write_file(dir, "focus.conf", "[xmpp]\nhost=main\nport=1\nsecret_file=word\n");
    write_file(dir, "word", "hunter2\nsecond line\n");
    write_file(dir, "conf.d/focus/10.conf", "[xmpp]\nport=2\n");
    write_file(dir, "conf.d/focus/20.conf", "[xmpp]\nport=3\n");
    write_file(dir, "conf.d/focus/30.conf.bak", "[nonsense\n");
    g_autofree char *path = g_build_filename(dir, "focus.conf", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(Config) config = config_load(TABLE, path, &error);
    g_assert_no_error(error);
    const Sample *s = config_values(config);
    g_assert_cmpstr(s->host, ==, "main");
    g_assert_cmpint(s->port, ==, 3);
    g_assert_cmpstr(s->secret, ==, "hunter2");
    g_autofree char *printed = config_print(config);
    g_assert_null(strstr(printed, "hunter2"));
    g_assert_nonnull(strstr(printed, "port = 3"));
    g_autoptr(Config) reread = config_load_text(TABLE, "printed", printed, &error);
    g_assert_no_error(error);
    g_assert_cmpint(((const Sample *)config_values(reread))->port, ==, 3);

    write_file(dir, "conf.d/focus/20.conf", "[xmpp]\nport=x\n");
    g_autoptr(Config) bad = config_load(TABLE, path, &error);
    g_assert_null(bad);
    g_assert_nonnull(strstr(error->message, "20.conf:2"));
    const char *const files[] = { "conf.d/focus/10.conf",
                                  "conf.d/focus/20.conf",
                                  "conf.d/focus/30.conf.bak",
                                  "conf.d/focus",
                                  "conf.d",
                                  "focus.conf",
                                  "word" };
    for (unsigned i = 0; i < G_N_ELEMENTS(files); i++)
        remove_file(dir, files[i]);
    g_rmdir(dir);
}

static void test_missing_file(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Config) config = config_load(TABLE, "/nonexistent/focus.conf", &error);
    g_assert_null(config);
    g_assert_error(error, CONFIG_ERROR, CONFIG_ERROR_FILE);
}

static void test_credential(void)
{
    g_autofree char *dir = g_dir_make_tmp("plenum-cred-XXXXXX", NULL);
    write_file(dir, "xmpp.secret", "fromsystemd\n");
    g_setenv("CREDENTIALS_DIRECTORY", dir, TRUE);
    g_autoptr(Config) config = config_load_text(TABLE, "f", "", NULL);
    g_unsetenv("CREDENTIALS_DIRECTORY");
    g_assert_nonnull(config);
    g_assert_cmpstr(((const Sample *)config_values(config))->secret, ==, "fromsystemd");
    remove_file(dir, "xmpp.secret");
    g_rmdir(dir);
}

/* The sample with every comment sign of an option removed must load and change nothing. */
static void test_sample(void)
{
    g_autofree char *sample = config_sample(table, G_N_ELEMENTS(table));
    GString *active = g_string_new(NULL);
    g_auto(GStrv) lines = g_strsplit(sample, "\n", -1);
    for (char **l = lines; *l; l++)
        if (!strstr(*l, "secret_file"))
            g_string_append_printf(active, "%s\n", **l == '#' && (*l)[1] != ' ' ? *l + 1 : *l);
    g_autoptr(GError) error = NULL;
    g_autoptr(Config) config = config_load_text(TABLE, "sample", active->str, &error);
    g_assert_no_error(error);
    g_assert_cmpint(((const Sample *)config_values(config))->port, ==, 5347);
    g_assert_true(config_is_set(config, "p2p", "policy"));
    g_string_free(active, TRUE);
    g_autofree char *manual = config_manual_section(table, G_N_ELEMENTS(table));
    g_assert_nonnull(strstr(manual, ".SS [bridge]\n.TP\n\\fBstress\\-threshold\\fR = 0.8\n"));
}

static void test_distance(void)
{
    g_assert_cmpuint(config_text_distance("", ""), ==, 0);
    g_assert_cmpuint(config_text_distance("abc", ""), ==, 3);
    g_assert_cmpuint(config_text_distance("kitten", "sitting"), ==, 3);
    g_assert_cmpuint(config_text_distance("Host", "host"), ==, 0);
}

static void test_listen_address(void)
{
    static const struct {
        const char *text, *address; /* address NULL: refused */
        guint16 port;
    } rows[] = {
        { "127.0.0.1:8080", "127.0.0.1", 8080 },
        { "[::1]:9090", "::1", 9090 },
        { "0.0.0.0:0", "0.0.0.0", 0 },
        { "127.0.0.1", NULL, 0 },
        { "localhost:80", NULL, 0 },
        { "127.0.0.1:65536", NULL, 0 },
        { "127.0.0.1:-1", NULL, 0 },
        { ":80", NULL, 0 },
        { "", NULL, 0 },
        { "[::1]", NULL, 0 },
        { "127.0.0.1:8o", NULL, 0 },
        { "::1:8080", NULL, 0 },
        { "2001:db8::1:443", NULL, 0 },
        { "[127.0.0.1]:80", NULL, 0 },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *address = NULL;
        guint16 port = 0;
        g_assert_cmpint(listen_address_parse(rows[i].text, &address, &port), ==, rows[i].address != NULL);
        g_assert_cmpstr(address, ==, rows[i].address);
        g_assert_cmpuint(port, ==, rows[i].port);
    }
}

static void test_hosts(void)
{
    static const struct {
        const char *text;
        gboolean host, authority;
    } rows[] = {
        { "xmpp.example", TRUE, TRUE },
        { "192.0.2.1", TRUE, TRUE },
        { "2001:db8::1", TRUE, FALSE },
        { "[2001:db8::1]", FALSE, TRUE },
        { "[2001:db8::1]:443", FALSE, TRUE },
        { "xmpp.example:5222", FALSE, TRUE },
        { "b\303\274ro.example", TRUE, TRUE },
        { "\303", FALSE, FALSE },
        { "", FALSE, FALSE },
        { ":443", FALSE, FALSE },
        { "a b", FALSE, FALSE },
        { "a/b", FALSE, FALSE },
        { "wss://a", FALSE, FALSE },
        { "u@a", FALSE, FALSE },
        { "a:0", FALSE, FALSE },
        { "a:65536", FALSE, FALSE },
        { "a:", FALSE, FALSE },
        { "[::1", FALSE, FALSE },
        { "[::1]443", FALSE, FALSE },
        { "[::1]x:443", FALSE, FALSE },
        { "[a]:443", FALSE, FALSE },
        { "a:b:443", FALSE, FALSE },
        { "a\tb", FALSE, FALSE },
        { "[]:443", FALSE, FALSE },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_test_message("%s", rows[i].text);
        g_assert_cmpint(listen_address_is_host(rows[i].text), ==, rows[i].host);
        g_assert_cmpint(listen_address_is_authority(rows[i].text), ==, rows[i].authority);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_ROWS("/base/config", cases, test_case);
    g_test_add_func("/base/config/values", test_values);
    g_test_add_func("/base/config/files", test_files);
    g_test_add_func("/base/config/missing file", test_missing_file);
    g_test_add_func("/base/config/credential", test_credential);
    g_test_add_func("/base/config/sample", test_sample);
    g_test_add_func("/base/config/distance", test_distance);
    g_test_add_func("/base/config/listen address", test_listen_address);
    g_test_add_func("/base/config/hosts", test_hosts);
    return g_test_run();
}
