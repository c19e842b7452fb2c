/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/config.h"

#include <stdio.h>
#include <string.h>
#include "common/base/config_text.h"

#define MAX_SECRET 4096 /* bytes of a secret */
#define MAX_STRING 4096 /* bytes of a string whose row gives no limit */

G_DEFINE_QUARK(plenum - config - error, config_error)

typedef struct {
    char *text;  /* as written; NULL: the default holds */
    char *where; /* "file:line", or "credential" */
} Given;

struct Config {
    /* set at birth, read-only once loaded */
    const ConfigOption *table;
    size_t n;
    unsigned char *values;
    Given *given;       /* one a row */
    GPtrArray *strings; /* owns what string fields point to */
    GPtrArray *lists;
};

/* ---- what a row accepts ---- */

static void describe_range(const ConfigOption *o, char *out, size_t size)
{
    const char *unit = o->unit ? o->unit : "", *space = o->unit ? " " : "";
    switch (o->type) {
    case CONFIG_INT:
        snprintf(out, size, "a whole number from %.0f to %.0f%s%s", o->min, o->max, space, unit);
        break;
    case CONFIG_DOUBLE:
        snprintf(out, size, "a number from %g to %g%s%s", o->min, o->max, space, unit);
        break;
    case CONFIG_BOOL:
        snprintf(out, size, "true or false");
        break;
    case CONFIG_CHOICE:
        snprintf(out, size, "one of %s", o->choices);
        break;
    case CONFIG_LIST:
        snprintf(out, size, "at most %.0f entries separated by ;", o->max);
        break;
    case CONFIG_STRING:
        snprintf(out, size, "text of %.0f to %.0f bytes", o->min, o->max > 0 ? o->max : MAX_STRING);
        break;
    case CONFIG_SECRET:
        snprintf(out, size, "a file whose first line is the secret; without it, systemd's credential %s.%s", o->section,
                 o->key);
        break;
    }
}

static int choice_index(const char *choices, const char *text)
{
    g_auto(GStrv) names = g_strsplit(choices, "|", -1);
    for (int i = 0; names[i]; i++)
        if (strcmp(names[i], text) == 0)
            return i;
    return -1;
}

static gboolean bool_value(const char *text, gboolean *out)
{
    static const char *const words[] = { "false", "true", "no", "yes", "off", "on", "0", "1" };
    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++) {
        if (g_ascii_strcasecmp(text, words[i]) == 0) {
            *out = i & 1;
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean store(Config *c, const ConfigOption *o, const char *text)
{
    void *field = c->values + o->offset;
    switch (o->type) {
    case CONFIG_INT: {
        gint64 v;
        if (!g_ascii_string_to_signed(text, 10, (gint64)o->min, (gint64)o->max, &v, NULL))
            return FALSE;
        *(gint64 *)field = v;
        return TRUE;
    }
    case CONFIG_DOUBLE: {
        char *end;
        double v = g_ascii_strtod(text, &end);
        if (end == text || *end || !(v >= o->min && v <= o->max))
            return FALSE;
        *(double *)field = v;
        return TRUE;
    }
    case CONFIG_BOOL:
        return bool_value(text, field);
    case CONFIG_CHOICE: {
        int i = choice_index(o->choices, text);
        *(int *)field = i;
        return i >= 0;
    }
    case CONFIG_LIST: {
        char **list = config_text_list(text);
        g_ptr_array_add(c->lists, list);
        *(const char *const **)field = (const char *const *)list;
        return g_strv_length(list) <= (guint)o->max;
    }
    case CONFIG_STRING:
    case CONFIG_SECRET: {
        char *copy = o->type == CONFIG_SECRET ? g_strdup(text) : config_text_unescape(text);
        g_ptr_array_add(c->strings, copy);
        *(const char **)field = copy;
        size_t len = strlen(copy);
        return o->type == CONFIG_SECRET || (len >= o->min && len <= (o->max > 0 ? o->max : MAX_STRING));
    }
    }
    return FALSE;
}

/* ---- one line of a file ---- */

typedef struct {
    Config *config;
    const char *name; /* of the file, for errors */
    char *folder;     /* secrets with a relative path are looked up here; NULL: as they are */
} Source;

static const ConfigOption *find_option(const Config *c, const char *section, const char *key, gboolean *as_file)
{
    *as_file = FALSE;
    for (size_t i = 0; i < c->n; i++) {
        const ConfigOption *o = &c->table[i];
        if (strcmp(o->section, section) != 0)
            continue;
        size_t len = strlen(o->key);
        if (strcmp(o->key, key) == 0)
            return o;
        if (o->type == CONFIG_SECRET && strncmp(o->key, key, len) == 0 && strcmp(key + len, "_file") == 0) {
            *as_file = TRUE;
            return o;
        }
    }
    return NULL;
}

static void unknown_key(const Source *src, unsigned line, const char *section, const char *key, GError **error)
{
    const Config *c = src->config;
    const ConfigOption *best = &c->table[0];
    unsigned best_distance = G_MAXUINT;
    for (size_t i = 0; i < c->n; i++) {
        /* the same section first: its keys win a tie, and one more letter of difference */
        unsigned d = 2 * config_text_distance(key, c->table[i].key);
        d += strcmp(c->table[i].section, section) != 0 ? 3 : 0;
        if (d < best_distance) {
            best_distance = d;
            best = &c->table[i];
        }
    }
    g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_UNKNOWN,
                "%s:%u: unknown key \"%s\" in [%s]; the nearest is \"%s%s\" in [%s]", src->name, line, key, section,
                best->key, best->type == CONFIG_SECRET ? "_file" : "", best->section);
}

/* A heading: of a known section, and the first one of that section in this file (first_lines: section -> line). Keys
 * under two headings would have to be looked for in two places. */
static gboolean take_heading(const Source *src, GHashTable *first_lines, unsigned line, const char *section,
                             GError **error)
{
    const Config *c = src->config;
    unsigned first = GPOINTER_TO_UINT(g_hash_table_lookup(first_lines, section));
    if (first) {
        g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_SYNTAX,
                    "%s:%u: section [%s] a second time; write its keys below the first one, at %s:%u", src->name, line,
                    section, src->name, first);
        return FALSE;
    }
    g_hash_table_insert(first_lines, g_strdup(section), GUINT_TO_POINTER(line));
    const char *best = "";
    unsigned best_distance = G_MAXUINT;
    for (size_t i = 0; i < c->n; i++) {
        unsigned d = config_text_distance(section, c->table[i].section);
        if (d == 0)
            return TRUE;
        if (d < best_distance) {
            best_distance = d;
            best = c->table[i].section;
        }
    }
    g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_UNKNOWN, "%s:%u: unknown section [%s]; the nearest is [%s]",
                src->name, line, section, best);
    return FALSE;
}

static gboolean read_file(const char *path, const char *what, char **text, gsize *len, GError **error)
{
    g_autoptr(GError) cause = NULL;
    if (g_file_get_contents(path, text, len, &cause))
        return TRUE;
    const char *remedy = g_error_matches(cause, G_FILE_ERROR, G_FILE_ERROR_ACCES)
                             ? "; the user this program runs as must be allowed to read it"
                             : "";
    g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_FILE, "%s%s%s", cause->message, remedy, *remedy ? "" : what);
    return FALSE;
}

static char *read_secret(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    gsize len;
    if (!read_file(path, "; it must be a file whose first line is the secret", &text, &len, error))
        return NULL;
    text[strcspn(text, "\r\n")] = '\0';
    if (!*text || strlen(text) > MAX_SECRET) {
        g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE, "%s: the first line must have 1 to %d bytes", path,
                    MAX_SECRET);
        return NULL;
    }
    return g_steal_pointer(&text);
}

static gboolean take_pair(const Source *src, unsigned line, const char *section, const char *key, const char *value,
                          GError **error)
{
    Config *c = src->config;
    gboolean as_file;
    const ConfigOption *o = find_option(c, section, key, &as_file);
    if (!o) {
        unknown_key(src, line, section, key, error);
        return FALSE;
    }
    if (o->type == CONFIG_SECRET && !as_file) {
        g_set_error(
            error, CONFIG_ERROR, CONFIG_ERROR_VALUE,
            "%s:%u: a secret must not stand in the file; write %s_file = PATH, or use the systemd credential %s.%s",
            src->name, line, key, o->section, o->key);
        return FALSE;
    }
    g_autofree char *secret = NULL;
    if (as_file) {
        g_autofree char *path =
            src->folder && !g_path_is_absolute(value) ? g_build_filename(src->folder, value, NULL) : g_strdup(value);
        secret = read_secret(path, error);
        if (!secret) {
            g_prefix_error(error, "%s:%u: [%s] %s: ", src->name, line, section, key);
            return FALSE;
        }
        value = secret;
    }
    if (!store(c, o, value)) {
        char range[512];
        describe_range(o, range, sizeof(range));
        g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_VALUE, "%s:%u: [%s] %s = %s: must be %s", src->name, line,
                    section, key, value, range);
        return FALSE;
    }
    Given *given = &c->given[o - c->table];
    g_autofree char *where = g_strdup_printf("%s:%u", src->name, line);
    size_t name_len = strlen(src->name);
    if (given->where && strncmp(given->where, src->name, name_len) == 0 && given->where[name_len] == ':') {
        g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_SYNTAX, "%s: [%s] %s is given a second time, first at %s", where,
                    section, key, given->where);
        return FALSE;
    }
    g_free(given->text);
    g_free(given->where);
    given->text = g_strdup(value);
    given->where = g_steal_pointer(&where);
    return TRUE;
}

static gboolean take_text(const Source *src, const char *text, GError **error)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autofree char *section = NULL;
    g_autoptr(GHashTable) first_lines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (unsigned i = 0; lines[i]; i++) {
        char *line = g_strstrip(lines[i]);
        if (!*line || *line == '#')
            continue;
        if (*line == '[') {
            size_t len = strlen(line);
            if (line[len - 1] != ']' || len < 3) {
                g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_SYNTAX, "%s:%u: expected [section]", src->name, i + 1);
                return FALSE;
            }
            g_free(section);
            section = g_strndup(line + 1, len - 2);
            if (!take_heading(src, first_lines, i + 1, section, error))
                return FALSE;
            continue;
        }
        char *equals = strchr(line, '=');
        if (!equals || equals == line || !section) {
            g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_SYNTAX, "%s:%u: expected %s", src->name, i + 1,
                        section ? "key = value" : "[section] before the first key");
            return FALSE;
        }
        *equals = '\0';
        if (!take_pair(src, i + 1, section, g_strchomp(line), g_strchug(equals + 1), error))
            return FALSE;
    }
    return TRUE;
}

/* ---- loading ---- */

static gboolean take_file(Config *c, const char *path, GError **error)
{
    g_autofree char *text = NULL;
    gsize len;
    if (!read_file(path, "; name another file with --config, --print-sample writes one to begin with", &text, &len,
                   error))
        return FALSE;
    if (len > CONFIG_MAX_FILE_BYTES || strlen(text) != len || !g_utf8_validate(text, -1, NULL)) {
        g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_FILE, "%s: not a text file of at most %d bytes in UTF-8", path,
                    CONFIG_MAX_FILE_BYTES);
        return FALSE;
    }
    g_autofree char *folder = g_path_get_dirname(path);
    Source src = { c, path, folder };
    return take_text(&src, text, error);
}

static int by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static gboolean take_drop_ins(Config *c, const char *path, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *base = g_path_get_basename(path);
    if (g_str_has_suffix(base, ".conf"))
        base[strlen(base) - 5] = '\0';
    g_autofree char *drop_ins = g_build_filename(folder, "conf.d", base, NULL);
    g_autoptr(GDir) dir = g_dir_open(drop_ins, 0, NULL);
    if (!dir)
        return TRUE;
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
    const char *name;
    while ((name = g_dir_read_name(dir)))
        if (g_str_has_suffix(name, ".conf") && name[0] != '.')
            g_ptr_array_add(files, g_build_filename(drop_ins, name, NULL));
    g_ptr_array_sort(files, by_name);
    for (guint i = 0; i < files->len; i++)
        if (!take_file(c, g_ptr_array_index(files, i), error))
            return FALSE;
    return TRUE;
}

static gboolean take_credentials(Config *c, GError **error)
{
    const char *folder = g_getenv("CREDENTIALS_DIRECTORY");
    for (size_t i = 0; folder && i < c->n; i++) {
        const ConfigOption *o = &c->table[i];
        if (o->type != CONFIG_SECRET || c->given[i].text)
            continue;
        g_autofree char *name = g_strdup_printf("%s.%s", o->section, o->key);
        g_autofree char *path = g_build_filename(folder, name, NULL);
        if (!g_file_test(path, G_FILE_TEST_EXISTS))
            continue;
        g_autofree char *secret = read_secret(path, error);
        if (!secret)
            return FALSE;
        store(c, o, secret);
        c->given[i].text = g_steal_pointer(&secret);
        c->given[i].where = g_strdup("credential");
    }
    return TRUE;
}

static void free_list(gpointer p)
{
    g_strfreev(p);
}

static Config *new_with_defaults(const ConfigOption *table, size_t n_options, size_t struct_size)
{
    Config *c = g_new0(Config, 1);
    c->table = table;
    c->n = n_options;
    c->values = g_malloc0(struct_size);
    c->given = g_new0(Given, n_options);
    c->strings = g_ptr_array_new_with_free_func(g_free);
    c->lists = g_ptr_array_new_with_free_func(free_list);
    for (size_t i = 0; i < n_options; i++)
        if (table[i].type != CONFIG_SECRET && !store(c, &table[i], table[i].fallback))
            g_error("option table: the default of [%s] %s is not valid", table[i].section, table[i].key);
    return c;
}

Config *config_load(const ConfigOption *table, size_t n_options, size_t struct_size, const char *path, GError **error)
{
    g_autoptr(Config) c = new_with_defaults(table, n_options, struct_size);
    if (path && (!take_file(c, path, error) || !take_drop_ins(c, path, error)))
        return NULL;
    if (!take_credentials(c, error))
        return NULL;
    return g_steal_pointer(&c);
}

Config *config_load_text(const ConfigOption *table, size_t n_options, size_t struct_size, const char *name,
                         const char *text, GError **error)
{
    g_autoptr(Config) c = new_with_defaults(table, n_options, struct_size);
    Source src = { c, name, NULL };
    if (!take_text(&src, text, error) || !take_credentials(c, error))
        return NULL;
    return g_steal_pointer(&c);
}

const void *config_values(const Config *config)
{
    return config->values;
}

gboolean config_is_set(const Config *config, const char *section, const char *key)
{
    gboolean as_file;
    const ConfigOption *o = find_option(config, section, key, &as_file);
    return o && config->given[o - config->table].text;
}

const char *config_where(const Config *config, const char *message)
{
    char section[64], key[64];
    gboolean as_file;
    if (sscanf(message, "[%63[^]]] %63[a-z0-9_]", section, key) != 2)
        return NULL;
    const ConfigOption *o = find_option(config, section, key, &as_file);
    return o ? config->given[o - config->table].where : NULL;
}

void config_free(Config *config)
{
    if (!config)
        return;
    for (size_t i = 0; i < config->n; i++) {
        g_free(config->given[i].text);
        g_free(config->given[i].where);
    }
    g_free(config->given);
    g_free(config->values);
    g_ptr_array_unref(config->strings);
    g_ptr_array_unref(config->lists);
    g_free(config);
}

/* ---- texts made from the table ---- */

char *config_print(const Config *config)
{
    GString *out = g_string_new(NULL);
    const char *section = "";
    for (size_t i = 0; i < config->n; i++) {
        const ConfigOption *o = &config->table[i];
        const Given *g = &config->given[i];
        if (strcmp(o->section, section) != 0)
            g_string_append_printf(out, "%s[%s]\n", i ? "\n" : "", o->section);
        section = o->section;
        if (o->type == CONFIG_SECRET) /* a comment, so that the output can be read back */
            g_string_append_printf(out, "# %s: %s\n", o->key, g->text ? "(set)" : "(not set)");
        else
            g_string_append_printf(out, "%s = %s\n", o->key, g->text ? g->text : o->fallback);
    }
    return g_string_free(out, FALSE);
}

char *config_sample(const ConfigOption *table, size_t n_options)
{
    GString *out = g_string_new("# Every option with its default. A line counts when its # is removed.\n");
    const char *section = "";
    for (size_t i = 0; i < n_options; i++) {
        const ConfigOption *o = &table[i];
        char range[512];
        if (strcmp(o->section, section) != 0)
            g_string_append_printf(out, "\n[%s]\n", o->section);
        section = o->section;
        describe_range(o, range, sizeof(range));
        g_string_append_printf(out, "# %s (%s)\n", o->help, range);
        if (o->type == CONFIG_SECRET)
            g_string_append_printf(out, "#%s_file = /etc/plenum/secrets/%s.%s\n", o->key, o->section, o->key);
        else
            g_string_append_printf(out, "#%s =%s%s\n", o->key, *o->fallback ? " " : "", o->fallback);
    }
    return g_string_free(out, FALSE);
}

static void append_roff(GString *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\\' || *text == '-')
            g_string_append_c(out, '\\');
        if (*text == '\\')
            g_string_append_c(out, 'e');
        else
            g_string_append_c(out, *text);
    }
}

char *config_manual_section(const ConfigOption *table, size_t n_options)
{
    GString *out = g_string_new(NULL);
    const char *section = "";
    for (size_t i = 0; i < n_options; i++) {
        const ConfigOption *o = &table[i];
        char range[512];
        if (strcmp(o->section, section) != 0)
            g_string_append_printf(out, ".SS [%s]\n", o->section);
        section = o->section;
        describe_range(o, range, sizeof(range));
        g_string_append(out, ".TP\n\\fB");
        append_roff(out, o->key);
        g_string_append(out, o->type == CONFIG_SECRET ? "_file\\fR\n" : "\\fR = ");
        if (o->type != CONFIG_SECRET) {
            append_roff(out, *o->fallback ? o->fallback : "(empty)");
            g_string_append_c(out, '\n');
        }
        append_roff(out, o->help);
        g_string_append(out, "\n(");
        append_roff(out, range);
        g_string_append(out, ")\n");
    }
    return g_string_free(out, FALSE);
}
