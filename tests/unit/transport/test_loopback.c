/* SPDX-License-Identifier: Apache-2.0
 *
 * The whole transport of an endpoint against a peer made of libnice's NiceAgent, over a real UDP socket on
 * loopback: ICE in both roles, wrong password, a NAT that changes its mind, then DTLS, SRTP and the data
 * channel on top. One thread, real time. */
#include <nice/agent.h>
#include <netinet/in.h>
#include <unistd.h>
#include "bridge/transport/demux.h"
#include "bridge/transport/dtls.h"
#include "bridge/transport/ice_agent.h"
#include "bridge/transport/ice_message.h"
#include "bridge/transport/sctp.h"
#include "tests/fakes/bytes.h"

typedef struct {
    /* bridge side */
    int fd;
    IceStun *stun;
    IceCredentials cred;
    IceAgent *ice;
    IceOut out;
    uint16_t nat_shift; /* what the pretended NAT adds to the peer's port */
    unsigned drops[ICE_DROP_REASONS], events[ICE_EV_GENERATION_ENDED + 1], media, bad_media;
    DtlsTransport *dtls;
    SctpAssociation *sctp;
    SrtpTx *tx;
    SrtpRx *rx;
    GString *channel;
    /* the peer */
    GMainContext *context;
    NiceAgent *nice;
    guint stream;
    NiceComponentState state;
    DtlsTransport *peer_dtls;
    SctpAssociation *peer_sctp;
    SrtpTx *peer_tx;
    SrtpRx *peer_rx;
    GString *peer_channel;
    unsigned peer_media;
    bool with_dtls, channel_open;
    bool peer_claims_control; /* the role in its last request; libnice's property tells only what was asked for */
} Net;

static DtlsContext *dtls_ctx;
static SctpStack *sctp_stack;

/* ---- bridge side ---- */

static Tuple from_wire(const Net *n, Tuple t)
{
    t.port = (uint16_t)(t.port + n->nat_shift);
    return t;
}

static void send_to(Net *n, const Tuple *to, const uint8_t *bytes, size_t len)
{
    struct sockaddr_storage ss;
    Tuple t = *to;
    t.port = (uint16_t)(t.port - n->nat_shift);
    socklen_t sl = tuple_to_sockaddr(&t, &ss);
    sendto(n->fd, bytes, len, 0, (struct sockaddr *)&ss, sl); /* a port the NAT has forgotten: lost */
}

static void bridge_send(void *user, const uint8_t *bytes, size_t len)
{
    Net *n = user;
    Tuple t;
    if (ice_agent_send_tuple(n->ice, &t))
        send_to(n, &t, bytes, len);
}

static void carry_out(Net *n)
{
    for (unsigned i = 0; i < n->out.n_events; i++) {
        n->events[n->out.events[i].type]++;
        if (n->out.events[i].type == ICE_EV_WRITABLE && n->with_dtls)
            g_assert_true(dtls_start(n->dtls, DTLS_SERVER, g_get_monotonic_time()));
    }
    for (unsigned i = 0; i < n->out.n_datagrams; i++)
        send_to(n, &n->out.datagrams[i].to, n->out.datagrams[i].bytes, n->out.datagrams[i].len);
}

static void bridge_receive(Net *n, const Tuple *from, uint8_t *buf, size_t len)
{
    gint64 now = g_get_monotonic_time();
    IceMessage m;
    switch (demux_kind(buf, len)) {
    case DEMUX_STUN:
        if (ice_message_scan(buf, len, &m) == ICE_SCAN_OK && m.type == ICE_MSG_REQUEST)
            n->peer_claims_control = m.controlling;
        ice_out_clear(&n->out);
        n->drops[ice_agent_on_stun(n->ice, n->stun, from, buf, len, now, &n->out)]++;
        carry_out(n);
        return;
    case DEMUX_DTLS:
        if (ice_agent_is_valid(n->ice, from) && n->with_dtls)
            dtls_on_datagram(n->dtls, buf, len, now);
        return;
    case DEMUX_RTP:
        if (ice_agent_is_valid(n->ice, from) &&
            (!n->with_dtls || (n->rx && srtp_rx_unprotect(n->rx, buf, &len, NULL) == SRTP_OK)))
            n->media++;
        else
            n->bad_media++;
        return;
    default:
        return;
    }
}

static void bridge_poll(Net *n)
{
    uint8_t buf[2048];
    struct sockaddr_storage ss;
    for (;;) {
        socklen_t sl = sizeof(ss);
        ssize_t len = recvfrom(n->fd, buf, sizeof(buf), MSG_DONTWAIT, (struct sockaddr *)&ss, &sl);
        Tuple t;
        if (len < 0)
            break;
        g_assert_true(tuple_from_sockaddr((struct sockaddr *)&ss, sl, 0, &t));
        t = from_wire(n, t);
        uint8_t *copy = bytes_exact(buf, (size_t)len);
        bridge_receive(n, &t, copy, (size_t)len);
        free(copy);
    }
    gint64 now = g_get_monotonic_time();
    if (ice_agent_next_due(n->ice) <= now) {
        ice_out_clear(&n->out);
        ice_agent_on_tick(n->ice, n->stun, now, &n->out);
        carry_out(n);
    }
    if (n->with_dtls && dtls_next_due(n->dtls, now) <= now)
        dtls_on_timer(n->dtls, now);
}

static void bridge_ready(void *user, const SrtpKeys *k)
{
    Net *n = user;
    n->tx = srtp_tx_new(k->profile, k->tx_key, k->tx_salt);
    n->rx = srtp_rx_new(k->profile, k->rx_key, k->rx_salt);
}

static void bridge_data(void *user, const uint8_t *bytes, size_t len)
{
    sctp_on_packet(((Net *)user)->sctp, bytes, len);
}

static void ended(void *user, DtlsEnd why)
{
}

static void bridge_sctp_send(void *user, const uint8_t *packet, size_t len)
{
    dtls_write(((Net *)user)->dtls, packet, len);
}

static void bridge_message(void *user, const char *text, size_t len)
{
    g_string_append_len(((Net *)user)->channel, text, (gssize)len);
}

static void nothing(void *user)
{
}

/* ---- the peer ---- */

static void peer_send(void *user, const uint8_t *bytes, size_t len)
{
    Net *n = user;
    nice_agent_send(n->nice, n->stream, 1, (guint)len, (const gchar *)bytes);
}

static void peer_ready(void *user, const SrtpKeys *k)
{
    Net *n = user;
    n->peer_tx = srtp_tx_new(k->profile, k->tx_key, k->tx_salt);
    n->peer_rx = srtp_rx_new(k->profile, k->rx_key, k->rx_salt);
}

static void peer_data(void *user, const uint8_t *bytes, size_t len)
{
    sctp_on_packet(((Net *)user)->peer_sctp, bytes, len);
}

static void peer_sctp_send(void *user, const uint8_t *packet, size_t len)
{
    dtls_write(((Net *)user)->peer_dtls, packet, len);
}

static void peer_message(void *user, const char *text, size_t len)
{
    g_string_append_len(((Net *)user)->peer_channel, text, (gssize)len);
}

static void peer_open(void *user)
{
    ((Net *)user)->channel_open = true;
}

static void on_nice_receive(NiceAgent *agent, guint stream, guint component, guint len, gchar *buf, gpointer user)
{
    Net *n = user;
    size_t size = len;
    if (demux_kind((uint8_t *)buf, len) == DEMUX_DTLS && n->with_dtls)
        dtls_on_datagram(n->peer_dtls, (uint8_t *)buf, len, g_get_monotonic_time());
    else if (!n->with_dtls || (n->peer_rx && srtp_rx_unprotect(n->peer_rx, (uint8_t *)buf, &size, NULL) == SRTP_OK))
        n->peer_media++;
}

static void on_nice_state(NiceAgent *agent, guint stream, guint component, guint state, gpointer user)
{
    Net *n = user;
    n->state = (NiceComponentState)state;
    if (state == NICE_COMPONENT_STATE_READY && n->with_dtls && !dtls_is_started(n->peer_dtls))
        g_assert_true(dtls_start(n->peer_dtls, DTLS_CLIENT, g_get_monotonic_time()));
}

/* ---- life ---- */

static void net_init(Net *n, bool peer_controlling, bool wrong_password, bool with_dtls)
{
    static const DtlsCallbacks bridge_cb = { bridge_send, bridge_ready, bridge_data, ended };
    static const DtlsCallbacks peer_cb = { peer_send, peer_ready, peer_data, ended };
    struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(any);
    memset(n, 0, sizeof(*n));
    n->with_dtls = with_dtls;
    n->fd = socket(AF_INET, SOCK_DGRAM, 0);
    g_assert_cmpint(bind(n->fd, (struct sockaddr *)&any, sizeof(any)), ==, 0);
    g_assert_cmpint(getsockname(n->fd, (struct sockaddr *)&any, &len), ==, 0);
    n->stun = ice_stun_new();
    g_assert_true(ice_credentials_make("w0", &n->cred));
    n->ice = ice_agent_new(&n->cred, g_get_monotonic_time());
    if (with_dtls) {
        gint64 now = g_get_monotonic_time();
        n->channel = g_string_new(NULL);
        n->peer_channel = g_string_new(NULL);
        n->dtls = dtls_new(dtls_ctx, &bridge_cb, n, now);
        n->peer_dtls = dtls_new(dtls_ctx, &peer_cb, n, now);
        g_assert_true(dtls_add_fingerprint(n->dtls, "sha-256", dtls_fingerprint(n->peer_dtls)));
        g_assert_true(dtls_add_fingerprint(n->peer_dtls, "sha-256", dtls_fingerprint(n->dtls)));
        dtls_fingerprints_done(n->dtls, now);
        dtls_fingerprints_done(n->peer_dtls, now);
        n->sctp = sctp_association_new(sctp_stack, SCTP_SERVER, NULL,
                                       &(SctpCallbacks){ bridge_sctp_send, nothing, bridge_message, nothing }, n);
    }
    n->context = g_main_context_new();
    n->nice = nice_agent_new_full(n->context, NICE_COMPATIBILITY_RFC5245,
                                  NICE_AGENT_OPTION_REGULAR_NOMINATION | NICE_AGENT_OPTION_CONSENT_FRESHNESS);
    g_object_set(n->nice, "controlling-mode", peer_controlling, "upnp", FALSE, "ice-tcp", FALSE, NULL);
    NiceAddress local;
    nice_address_init(&local);
    g_assert_true(nice_address_set_from_string(&local, "127.0.0.1"));
    nice_agent_add_local_address(n->nice, &local);
    n->stream = nice_agent_add_stream(n->nice, 1);
    g_signal_connect(n->nice, "component-state-changed", G_CALLBACK(on_nice_state), n);
    nice_agent_attach_recv(n->nice, n->stream, 1, n->context, on_nice_receive, n);
    g_assert_true(nice_agent_gather_candidates(n->nice, n->stream));
    char *ufrag, *pwd;
    g_assert_true(nice_agent_get_local_credentials(n->nice, n->stream, &ufrag, &pwd));
    g_assert_true(ice_agent_set_remote(n->ice, 0, ufrag, pwd, g_get_monotonic_time()));
    g_free(ufrag), g_free(pwd);
    IceCredentials told = n->cred;
    told.pwd[3] ^= wrong_password ? 1 : 0;
    g_assert_true(nice_agent_set_remote_credentials(n->nice, n->stream, told.ufrag, told.pwd));
    NiceCandidate *c = nice_candidate_new(NICE_CANDIDATE_TYPE_HOST);
    c->component_id = 1;
    c->stream_id = n->stream;
    c->transport = NICE_CANDIDATE_TRANSPORT_UDP;
    c->priority = 2130706431;
    g_strlcpy(c->foundation, "1", sizeof(c->foundation));
    nice_address_set_from_sockaddr(&c->addr, (struct sockaddr *)&any);
    GSList *list = g_slist_append(NULL, c);
    g_assert_cmpint(nice_agent_set_remote_candidates(n->nice, n->stream, 1, list), ==, 1);
    g_slist_free_full(list, (GDestroyNotify)nice_candidate_free);
}

static void net_clear(Net *n)
{
    sctp_association_free(n->peer_sctp);
    sctp_association_free(n->sctp);
    g_object_unref(n->nice);
    while (g_main_context_iteration(n->context, FALSE))
        ;
    g_main_context_unref(n->context);
    dtls_free(n->dtls), dtls_free(n->peer_dtls);
    srtp_tx_free(n->tx), srtp_tx_free(n->peer_tx);
    srtp_rx_free(n->rx), srtp_rx_free(n->peer_rx);
    if (n->channel)
        g_string_free(n->channel, TRUE), g_string_free(n->peer_channel, TRUE);
    ice_agent_free(n->ice);
    ice_stun_free(n->stun);
    close(n->fd);
}

/* For what must happen: only a machine that does nothing at all takes so long. */
#define PATIENCE_MS 60000

static bool run(Net *n, bool (*done)(const Net *), unsigned ms)
{
    gint64 until = g_get_monotonic_time() + ms * 1000LL;
    while (!done(n) && g_get_monotonic_time() < until) {
        while (g_main_context_iteration(n->context, FALSE))
            ;
        bridge_poll(n);
        gint64 now = g_get_monotonic_time();
        if (n->with_dtls) {
            if (dtls_next_due(n->peer_dtls, now) <= now)
                dtls_on_timer(n->peer_dtls, now);
            sctp_stack_tick(sctp_stack, now);
        }
        g_usleep(1000);
    }
    return done(n);
}

static bool never(const Net *n)
{
    return false;
}

static bool is_up(const Net *n)
{
    Tuple t;
    return n->state == NICE_COMPONENT_STATE_READY && ice_agent_send_tuple(n->ice, &t) && n->events[ICE_EV_SELECTED];
}

static bool is_up_in_two_roles(const Net *n)
{
    return is_up(n) && n->peer_claims_control != ice_agent_is_controlling(n->ice);
}

static bool both_have_media(const Net *n)
{
    return n->media >= 5 && n->peer_media >= 5;
}

static bool secured(const Net *n)
{
    return n->tx && n->peer_tx;
}

static bool channel_is_open(const Net *n)
{
    return n->channel_open && sctp_is_open(n->sctp);
}

static bool channel_echoed(const Net *n)
{
    return n->channel->len == 11 && n->peer_channel->len == 11;
}

static void exchange_media(Net *n)
{
    static uint16_t seq = 100;
    static SrtpStream st, peer_st;
    if (n->with_dtls)
        st.started = peer_st.started = false;
    for (int i = 0; i < 5; i++) {
        uint8_t hdr[12] = { 0x80, 96, 0, (uint8_t)++seq, 0, 0, 0, 1, 0, 0, 0, 9 }, payload[50] = { 0 }, out[128];
        size_t len = 62;
        if (n->with_dtls) {
            len = srtp_tx_protect(n->tx, &st, hdr, 12, payload, 50, out, sizeof(out));
            bridge_send(n, out, len);
            len = srtp_tx_protect(n->peer_tx, &peer_st, hdr, 12, payload, 50, out, sizeof(out));
            peer_send(n, out, len);
        } else {
            memcpy(out, hdr, 12);
            memcpy(out + 12, payload, 50);
            bridge_send(n, out, len);
            peer_send(n, out, len);
        }
    }
    g_assert_true(run(n, both_have_media, PATIENCE_MS));
    g_assert_cmpuint(n->bad_media, ==, 0);
    n->media = n->peer_media = 0;
}

/* ---- the tests ---- */

static void test_ice(gconstpointer peer_controlling)
{
    Net n;
    net_init(&n, GPOINTER_TO_INT(peer_controlling), false, false);
    g_assert_true(run(&n, is_up_in_two_roles, PATIENCE_MS)); /* a conflict was settled if there was one */
    g_assert_cmpuint(n.events[ICE_EV_WRITABLE], ==, 1);
    exchange_media(&n);
    net_clear(&n);
}

static bool has_refused(const Net *n)
{
    return n->drops[ICE_DROP_UNAUTHORIZED] > 0;
}

static void test_wrong_password(void)
{
    Net n;
    net_init(&n, false, true, false);
    g_assert_true(run(&n, has_refused, PATIENCE_MS));
    run(&n, never, 500); /* the checks that follow are refused as well */
    g_assert_cmpint(n.state, !=, NICE_COMPONENT_STATE_READY);
    g_assert_cmpuint(n.drops[ICE_DROP_NONE] + n.events[ICE_EV_TUPLE_ADDED], ==, 0);
    net_clear(&n);
}

static Tuple before_rebinding;

static bool has_moved(const Net *n)
{
    Tuple t;
    return ice_agent_send_tuple(n->ice, &t) && !tuple_equal(&t, &before_rebinding);
}

static void test_rebinding(void)
{
    Net n;
    net_init(&n, false, false, false);
    g_assert_true(run(&n, is_up, PATIENCE_MS));
    exchange_media(&n);
    g_assert_true(ice_agent_send_tuple(n.ice, &before_rebinding));
    n.nat_shift = 1; /* from now on the peer appears one port further; what goes to the old one is lost */
    g_assert_true(run(&n, has_moved, PATIENCE_MS)); /* libnice sends consent checks every 5 s or so */
    n.bad_media = 0;
    exchange_media(&n);
    net_clear(&n);
}

static void test_everything(void)
{
    Net n;
    static const SctpCallbacks peer_cb = { peer_sctp_send, peer_open, peer_message, nothing };
    net_init(&n, false, false, true);
    gint64 begin = g_get_monotonic_time();
    g_assert_true(run(&n, secured, PATIENCE_MS));
    g_test_message("from first check to SRTP keys on both sides: %" G_GINT64_FORMAT " ms",
                   (g_get_monotonic_time() - begin) / 1000);
    exchange_media(&n);
    n.peer_sctp = sctp_association_new(sctp_stack, SCTP_CLIENT, "JVB data channel", &peer_cb, &n);
    g_assert_true(run(&n, channel_is_open, PATIENCE_MS));
    g_assert_true(sctp_send_text(n.peer_sctp, "hello world", 11));
    g_assert_true(sctp_send_text(n.sctp, "world hello", 11));
    g_assert_true(run(&n, channel_echoed, PATIENCE_MS));
    g_assert_cmpstr(n.channel->str, ==, "hello world");
    g_assert_cmpstr(n.peer_channel->str, ==, "world hello");
    net_clear(&n);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    dtls_ctx = dtls_context_new(g_get_monotonic_time());
    sctp_stack = sctp_stack_new(g_get_monotonic_time());
    g_test_add_data_func("/loopback/ice/peer controlled", GINT_TO_POINTER(FALSE), test_ice);
    g_test_add_data_func("/loopback/ice/peer controlling", GINT_TO_POINTER(TRUE), test_ice);
    g_test_add_func("/loopback/ice/wrong password", test_wrong_password);
    g_test_add_func("/loopback/ice/rebinding", test_rebinding);
    g_test_add_func("/loopback/everything", test_everything);
    int r = g_test_run();
    sctp_stack_free(sctp_stack);
    dtls_context_free(dtls_ctx);
    return r;
}
