/* SPDX-License-Identifier: Apache-2.0 */
#include "common/jingle/ice_transport.h"

#include "common/jingle/jingle_ns.h"
#include "common/jingle/jingle_refuse.h"

static const char *const candidate_types[] = { "host", "srflx", "prflx", "relay" };
static const char *const setups[] = { NULL, "active", "passive", "actpass" };
/* Bytes of each hash, so that a fingerprint of the wrong length is seen here. */
static const struct {
    const char *name;
    guint len;
} hashes[] = { { "sha-1", 20 }, { "sha-256", 32 }, { "sha-384", 48 }, { "sha-512", 64 } };

const char *ice_candidate_type_name(IceCandidateType type)
{
    return candidate_types[type];
}

const char *dtls_setup_name(DtlsSetup setup)
{
    return setups[setup];
}

/* --- values ------------------------------------------------------------------------------------- */

IceCandidate *ice_candidate_copy(const IceCandidate *c)
{
    IceCandidate *copy = g_memdup2(c, sizeof *c);
    copy->id = g_strdup(c->id);
    copy->foundation = g_strdup(c->foundation);
    copy->protocol = g_strdup(c->protocol);
    copy->ip = g_strdup(c->ip);
    copy->tcptype = g_strdup(c->tcptype);
    copy->rel_addr = g_strdup(c->rel_addr);
    return copy;
}

void ice_candidate_free(IceCandidate *c)
{
    if (!c)
        return;
    g_free(c->id);
    g_free(c->foundation);
    g_free(c->protocol);
    g_free(c->ip);
    g_free(c->tcptype);
    g_free(c->rel_addr);
    g_free(c);
}

static void candidate_free(void *p)
{
    ice_candidate_free(p);
}

static void fingerprint_free(void *p)
{
    DtlsFingerprint *f = p;
    g_free(f->hash);
    g_free(f->value);
    g_free(f);
}

static void sctpmap_free(SctpMap *map)
{
    if (!map)
        return;
    g_free(map->protocol);
    g_free(map);
}

IceTransport *ice_transport_new(void)
{
    IceTransport *t = g_new0(IceTransport, 1);
    t->candidates = g_ptr_array_new_with_free_func(candidate_free);
    t->fingerprints = g_ptr_array_new_with_free_func(fingerprint_free);
    t->web_sockets = g_ptr_array_new_with_free_func(g_free);
    t->ice_generation = ICE_NO_GENERATION;
    return t;
}

void ice_transport_free(IceTransport *t)
{
    if (!t)
        return;
    g_free(t->ufrag);
    g_free(t->pwd);
    g_ptr_array_unref(t->candidates);
    g_ptr_array_unref(t->fingerprints);
    g_ptr_array_unref(t->web_sockets);
    sctpmap_free(t->sctpmap);
    g_free(t);
}

void ice_transport_set_credentials(IceTransport *t, const char *ufrag, const char *pwd)
{
    g_free(t->ufrag);
    g_free(t->pwd);
    t->ufrag = g_strdup(ufrag);
    t->pwd = g_strdup(pwd);
}

IceCandidate *ice_transport_add_candidate(IceTransport *t, IceCandidateType type, const char *foundation,
                                          const char *protocol, const char *ip, uint16_t port, uint32_t priority)
{
    IceCandidate *c = g_new0(IceCandidate, 1);
    c->type = type;
    c->foundation = g_strdup(foundation);
    c->protocol = g_strdup(protocol);
    c->ip = g_strdup(ip);
    c->port = port;
    c->priority = priority;
    c->component = 1;
    c->network = -1;
    g_ptr_array_add(t->candidates, c);
    return c;
}

DtlsFingerprint *ice_transport_add_fingerprint(IceTransport *t, const char *hash, const char *value, DtlsSetup setup)
{
    DtlsFingerprint *f = g_new0(DtlsFingerprint, 1);
    f->hash = g_ascii_strdown(hash, -1);
    f->value = g_ascii_strup(value, -1);
    f->setup = setup;
    f->required = -1;
    g_ptr_array_add(t->fingerprints, f);
    return f;
}

void ice_transport_add_web_socket(IceTransport *t, const char *url)
{
    g_ptr_array_add(t->web_sockets, g_strdup(url));
}

void ice_transport_set_sctpmap(IceTransport *t, uint16_t port, uint16_t streams)
{
    sctpmap_free(t->sctpmap);
    t->sctpmap = g_new0(SctpMap, 1);
    t->sctpmap->protocol = g_strdup("webrtc-datachannel");
    t->sctpmap->port = port;
    t->sctpmap->streams = streams;
}

IceTransport *ice_transport_copy(const IceTransport *t)
{
    IceTransport *copy = ice_transport_new();
    ice_transport_set_credentials(copy, t->ufrag, t->pwd);
    copy->ice_generation = t->ice_generation;
    copy->rtcp_mux = t->rtcp_mux;
    for (guint i = 0; i < t->candidates->len; i++)
        g_ptr_array_add(copy->candidates, ice_candidate_copy(t->candidates->pdata[i]));
    for (guint i = 0; i < t->fingerprints->len; i++) {
        const DtlsFingerprint *f = t->fingerprints->pdata[i];
        DtlsFingerprint *added = ice_transport_add_fingerprint(copy, f->hash, f->value, f->setup);
        added->cryptex = f->cryptex;
        added->required = f->required;
    }
    for (guint i = 0; i < t->web_sockets->len; i++)
        ice_transport_add_web_socket(copy, t->web_sockets->pdata[i]);
    if (t->sctpmap) {
        copy->sctpmap = g_memdup2(t->sctpmap, sizeof *t->sctpmap);
        copy->sctpmap->protocol = g_strdup(t->sctpmap->protocol);
    }
    return copy;
}

static bool candidate_equal(const IceCandidate *a, const IceCandidate *b)
{
    return a->priority == b->priority && a->port == b->port && a->rel_port == b->rel_port &&
           a->component == b->component && a->generation == b->generation && a->network == b->network &&
           a->type == b->type && g_strcmp0(a->id, b->id) == 0 && g_strcmp0(a->foundation, b->foundation) == 0 &&
           g_strcmp0(a->protocol, b->protocol) == 0 && g_strcmp0(a->ip, b->ip) == 0 &&
           g_strcmp0(a->tcptype, b->tcptype) == 0 && g_strcmp0(a->rel_addr, b->rel_addr) == 0;
}

bool ice_transport_equal(const IceTransport *a, const IceTransport *b)
{
    if (g_strcmp0(a->ufrag, b->ufrag) != 0 || g_strcmp0(a->pwd, b->pwd) != 0 ||
        a->ice_generation != b->ice_generation || a->rtcp_mux != b->rtcp_mux ||
        a->candidates->len != b->candidates->len || a->fingerprints->len != b->fingerprints->len ||
        a->web_sockets->len != b->web_sockets->len || !a->sctpmap != !b->sctpmap)
        return false;
    for (guint i = 0; i < a->candidates->len; i++) {
        if (!candidate_equal(a->candidates->pdata[i], b->candidates->pdata[i]))
            return false;
    }
    for (guint i = 0; i < a->fingerprints->len; i++) {
        const DtlsFingerprint *x = a->fingerprints->pdata[i], *y = b->fingerprints->pdata[i];
        if (strcmp(x->hash, y->hash) != 0 || strcmp(x->value, y->value) != 0 || x->setup != y->setup ||
            x->cryptex != y->cryptex || x->required != y->required)
            return false;
    }
    for (guint i = 0; i < a->web_sockets->len; i++) {
        if (strcmp(a->web_sockets->pdata[i], b->web_sockets->pdata[i]) != 0)
            return false;
    }
    return !a->sctpmap || (a->sctpmap->port == b->sctpmap->port && a->sctpmap->streams == b->sctpmap->streams &&
                           g_strcmp0(a->sctpmap->protocol, b->sctpmap->protocol) == 0);
}

/* --- reading ------------------------------------------------------------------------------------ */

static bool is_credential(const char *text)
{
    for (const char *p = text; *p; p++) {
        if (!g_ascii_isgraph(*p))
            return false;
    }
    return strlen(text) <= ICE_MAX_CREDENTIAL;
}

/* Whether `text` is `len` hex pairs with colons between. */
static bool is_fingerprint(const char *text, guint len)
{
    if (strlen(text) != 3 * (size_t)len - 1)
        return false;
    for (guint i = 0; i < len; i++) {
        const char *p = text + 3 * i;
        if (!g_ascii_isxdigit(p[0]) || !g_ascii_isxdigit(p[1]) || (i + 1 < len && p[2] != ':'))
            return false;
    }
    return true;
}

static bool read_fingerprint(IceTransport *t, const Stanza *s, GError **error)
{
    const char *hash = stanza_get(s, "hash"), *setup_text = stanza_get(s, "setup");
    guint len = 0;
    for (guint i = 0; hash && i < G_N_ELEMENTS(hashes); i++) {
        if (g_ascii_strcasecmp(hash, hashes[i].name) == 0)
            len = hashes[i].len;
    }
    if (len == 0)
        return jingle_refuse(error, "Unsupported fingerprint hash.");
    DtlsSetup setup = DTLS_SETUP_NONE;
    for (guint i = 1; setup_text && i < G_N_ELEMENTS(setups); i++) {
        if (strcmp(setup_text, setups[i]) == 0)
            setup = (DtlsSetup)i;
    }
    if (setup_text && setup == DTLS_SETUP_NONE)
        return jingle_refuse(error, "Invalid DTLS setup.");
    if (t->fingerprints->len >= ICE_MAX_FINGERPRINTS)
        return jingle_refuse(error, "Too many fingerprints.");
    g_autofree char *text = stanza_text(s);
    g_strstrip(text);
    if (!is_fingerprint(text, len))
        return jingle_refuse(error, "Invalid fingerprint.");
    DtlsFingerprint *f = ice_transport_add_fingerprint(t, hash, text, setup);
    f->cryptex = stanza_get_bool(s, "cryptex", FALSE);
    if (stanza_get(s, "required"))
        f->required = stanza_get_bool(s, "required", FALSE);
    return true;
}

/* Skips what no agent could use; a peer's odd candidate must not end the call. */
static bool read_candidate(IceTransport *t, const Stanza *s, GError **error)
{
    const char *ip = stanza_get(s, "ip"), *type_text = stanza_get(s, "type");
    const char *protocol = stanza_get(s, "protocol"), *tcptype = stanza_get(s, "tcptype");
    gint64 port, priority, n;
    guint type = 0;
    while (type_text && type < G_N_ELEMENTS(candidate_types) && strcmp(type_text, candidate_types[type]) != 0)
        type++;
    if (!ip || !*ip || !protocol || !type_text || type == G_N_ELEMENTS(candidate_types) ||
        !stanza_get_int(s, "port", 0, 65535, &port) || !stanza_get_int(s, "priority", 0, UINT32_MAX, &priority) ||
        (port == 0 && g_strcmp0(tcptype, "active") != 0))
        return true;
    if (t->candidates->len >= ICE_MAX_CANDIDATES)
        return jingle_refuse(error, "Too many candidates.");
    g_autofree char *lower = g_ascii_strdown(protocol, -1);
    const char *foundation = stanza_get(s, "foundation");
    IceCandidate *c = ice_transport_add_candidate(t, (IceCandidateType)type, foundation ? foundation : "", lower, ip,
                                                  (uint16_t)port, (uint32_t)priority);
    c->id = g_strdup(stanza_get(s, "id"));
    c->tcptype = g_strdup(tcptype);
    c->rel_addr = g_strdup(stanza_get(s, "rel-addr"));
    if (stanza_get_int(s, "rel-port", 0, 65535, &n))
        c->rel_port = (uint16_t)n;
    if (stanza_get_int(s, "component", 1, 256, &n))
        c->component = (uint16_t)n;
    if (stanza_get_int(s, "generation", 0, INT32_MAX, &n))
        c->generation = (int32_t)n;
    if (stanza_get_int(s, "network", 0, INT32_MAX, &n))
        c->network = (int32_t)n;
    return true;
}

static bool read_sctpmap(IceTransport *t, const Stanza *s, GError **error)
{
    gint64 port, streams = 0;
    if (!stanza_get_int(s, "number", 1, 65535, &port))
        return jingle_refuse(error, "Invalid SCTP port.");
    if (stanza_get(s, "streams") && !stanza_get_int(s, "streams", 0, 65535, &streams))
        return jingle_refuse(error, "Invalid number of SCTP streams.");
    ice_transport_set_sctpmap(t, (uint16_t)port, (uint16_t)streams);
    if (stanza_get(s, "protocol")) {
        g_free(t->sctpmap->protocol);
        t->sctpmap->protocol = g_strdup(stanza_get(s, "protocol"));
    }
    return true;
}

static bool read_credentials(IceTransport *t, const Stanza *s, GError **error)
{
    const char *ufrag = stanza_get(s, "ufrag"), *pwd = stanza_get(s, "pwd");
    if ((!ufrag || !*ufrag) && (!pwd || !*pwd))
        return true;
    if (!ufrag || !pwd || !*ufrag || !*pwd || !is_credential(ufrag) || !is_credential(pwd))
        return jingle_refuse(error, "Invalid ICE credentials.");
    ice_transport_set_credentials(t, ufrag, pwd);
    return true;
}

static bool read_child(IceTransport *t, const Stanza *c, GError **error)
{
    if (stanza_is(c, "candidate", NULL))
        return read_candidate(t, c, error);
    if (stanza_is(c, "fingerprint", NULL))
        return read_fingerprint(t, c, error);
    if (stanza_is(c, "sctpmap", NULL))
        return read_sctpmap(t, c, error);
    if (stanza_is(c, "rtcp-mux", NULL))
        t->rtcp_mux = true;
    if (stanza_is(c, "web-socket", NULL) && stanza_get(c, "url")) {
        if (t->web_sockets->len >= ICE_MAX_WEB_SOCKETS)
            return jingle_refuse(error, "Too many web-sockets.");
        ice_transport_add_web_socket(t, stanza_get(c, "url"));
    }
    return true;
}

IceTransport *ice_transport_parse(const Stanza *s, GError **error)
{
    g_autoptr(IceTransport) t = ice_transport_new();
    gint64 generation;
    if (!read_credentials(t, s, error))
        return NULL;
    if (stanza_get(s, "ice-generation")) {
        if (!stanza_get_int(s, "ice-generation", 0, INT32_MAX, &generation)) {
            jingle_refuse(error, "Invalid ice-generation.");
            return NULL;
        }
        t->ice_generation = (int32_t)generation;
    }
    for (const Stanza *c = stanza_find(s, NULL, NULL); c; c = stanza_next(c, NULL, NULL)) {
        if (!read_child(t, c, error))
            return NULL;
    }
    return g_steal_pointer(&t);
}

/* --- writing ------------------------------------------------------------------------------------ */

static void write_candidate(const IceCandidate *c, Stanza *parent)
{
    Stanza *s = stanza_child(parent, "candidate", NULL, NULL);
    stanza_set_int(s, "component", c->component);
    if (*c->foundation)
        stanza_set(s, "foundation", c->foundation);
    stanza_set_int(s, "generation", c->generation);
    stanza_set(s, "id", c->id);
    stanza_set(s, "ip", c->ip);
    if (c->network >= 0)
        stanza_set_int(s, "network", c->network);
    stanza_set_int(s, "port", c->port);
    stanza_set_int(s, "priority", c->priority);
    stanza_set(s, "protocol", c->protocol);
    stanza_set(s, "type", candidate_types[c->type]);
    stanza_set(s, "tcptype", c->tcptype);
    stanza_set(s, "rel-addr", c->rel_addr);
    if (c->rel_port)
        stanza_set_int(s, "rel-port", c->rel_port);
}

Stanza *ice_transport_build(const IceTransport *t)
{
    Stanza *s = stanza_new("transport", NS_JINGLE_ICE_UDP);
    if (t->ice_generation != ICE_NO_GENERATION)
        stanza_set_int(s, "ice-generation", t->ice_generation);
    stanza_set(s, "ufrag", t->ufrag);
    stanza_set(s, "pwd", t->pwd);
    if (t->rtcp_mux)
        stanza_child(s, "rtcp-mux", NULL, NULL);
    for (guint i = 0; i < t->fingerprints->len; i++) {
        const DtlsFingerprint *f = t->fingerprints->pdata[i];
        Stanza *c = stanza_child(s, "fingerprint", NS_JINGLE_DTLS, "hash", f->hash, NULL);
        stanza_set(c, "setup", setups[f->setup]);
        if (f->required >= 0)
            stanza_set(c, "required", f->required ? "true" : "false");
        if (f->cryptex)
            stanza_set(c, "cryptex", "true");
        stanza_set_text(c, f->value);
    }
    for (guint i = 0; i < t->candidates->len; i++)
        write_candidate(t->candidates->pdata[i], s);
    for (guint i = 0; i < t->web_sockets->len; i++)
        stanza_child(s, "web-socket", NS_COLIBRI, "url", t->web_sockets->pdata[i], NULL);
    if (t->sctpmap) {
        Stanza *c = stanza_child(s, "sctpmap", NS_JINGLE_SCTP, NULL);
        stanza_set_int(c, "number", t->sctpmap->port);
        stanza_set(c, "protocol", t->sctpmap->protocol);
        if (t->sctpmap->streams)
            stanza_set_int(c, "streams", t->sctpmap->streams);
    }
    return s;
}
