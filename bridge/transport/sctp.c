/* SPDX-License-Identifier: Apache-2.0
 *
 * What usrsctp reports while it works is only noted; callbacks run after it has returned, so that they may
 * send. The receive callback's `user` and the addresses are our numbers, never pointers. */
#include "bridge/transport/sctp.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <usrsctp.h>
#include "bridge/transport/dcep.h"
#include "bridge/transport/sctp_table.h"

#define PROTOCOL "http://jitsi.org/protocols/colibri"
#define RTO_MIN_MS 300
#define RTO_MAX_MS 3000
#define RETRANSMISSIONS_MAX 1000000 /* ICE and DTLS decide when a peer is gone */
#define COMMON_HEADER_BYTES 12      /* usrsctp does not count it for AF_CONN */
#define NO_STREAM 0xffff
#define CLIENT_STREAM 0
#define NOTED_MAX 1024 /* messages of one call into usrsctp */
#define FINISH_ROUNDS 200

typedef enum { NOTE_UP, NOTE_DOWN, NOTE_DATA, NOTE_RESET } NoteType;
typedef struct Note {
    struct Note *next;
    NoteType type;
    sctp_assoc_t assoc;
    uint16_t stream;
    uint32_t ppid;
    bool end; /* of the message */
    size_t len;
    uint8_t bytes[];
} Note;

struct SctpAssociation {
    SctpStack *stack;
    SctpCallbacks cb;
    void *user;
    SctpRole role;
    uint32_t id;
    struct socket *socket;
    sctp_assoc_t assoc; /* 0 until the peer is there */
    uint16_t stream;    /* of the channel */
    bool open, closed, overflow;
    uint8_t *message; /* parts of a message so far */
    size_t message_len;
    Note *notes, **notes_end;
    unsigned n_notes;
    SctpCounters counters;
    char label[64];
};

struct SctpStack {
    SctpTable associations;
    int64_t ticked_us;
};

static SctpStack *the_stack; /* usrsctp is global and tells its output callback nothing else */

/* ---- what usrsctp calls ---- */

static int on_output(void *addr, void *packet, size_t len, uint8_t tos, uint8_t set_df)
{
    SctpAssociation *a = the_stack ? sctp_table_get(&the_stack->associations, (uint32_t)(uintptr_t)addr) : NULL;
    if (a && !a->closed)
        a->cb.send(a->user, packet, len);
    return 0;
}

static void note(SctpAssociation *a, NoteType type, sctp_assoc_t assoc, uint16_t stream, uint32_t ppid, bool end,
                 const void *bytes, size_t len)
{
    Note *n = a->n_notes < NOTED_MAX ? malloc(sizeof(*n) + len) : NULL;
    if (!n) {
        a->counters.dropped_messages++;
        return;
    }
    *n = (Note){ .type = type, .assoc = assoc, .stream = stream, .ppid = ppid, .end = end, .len = len };
    if (len)
        memcpy(n->bytes, bytes, len);
    *a->notes_end = n;
    a->notes_end = &n->next;
    a->n_notes++;
}

static void on_notification(SctpAssociation *a, const union sctp_notification *n, size_t len)
{
    if (len < sizeof(n->sn_header))
        return;
    switch (n->sn_header.sn_type) {
    case SCTP_ASSOC_CHANGE:
        if (len < sizeof(n->sn_assoc_change))
            return;
        if (n->sn_assoc_change.sac_state == SCTP_COMM_UP)
            note(a, NOTE_UP, n->sn_assoc_change.sac_assoc_id, 0, 0, true, NULL, 0);
        else
            note(a, NOTE_DOWN, n->sn_assoc_change.sac_assoc_id, 0, 0, true, NULL, 0);
        return;
    case SCTP_SHUTDOWN_EVENT:
        note(a, NOTE_DOWN, n->sn_shutdown_event.sse_assoc_id, 0, 0, true, NULL, 0);
        return;
    case SCTP_STREAM_RESET_EVENT: {
        const struct sctp_stream_reset_event *e = &n->sn_strreset_event;
        if (len < sizeof(*e) || !(e->strreset_flags & SCTP_STREAM_RESET_INCOMING_SSN))
            return;
        for (size_t i = 0; sizeof(*e) + (i + 1) * sizeof(uint16_t) <= len; i++)
            note(a, NOTE_RESET, e->strreset_assoc_id, e->strreset_stream_list[i], 0, true, NULL, 0);
        return;
    }
    default:
        return;
    }
}

static int on_receive(struct socket *sock, union sctp_sockstore addr, void *data, size_t len, struct sctp_rcvinfo info,
                      int flags, void *user)
{
    SctpAssociation *a = the_stack ? sctp_table_get(&the_stack->associations, (uint32_t)(uintptr_t)user) : NULL;
    if (a && data) {
        if (flags & MSG_NOTIFICATION)
            on_notification(a, data, len);
        else
            note(a, NOTE_DATA, info.rcv_assoc_id, info.rcv_sid, ntohl(info.rcv_ppid), flags & MSG_EOR, data, len);
    }
    free(data);
    return 1;
}

/* ---- the stack ---- */

SctpStack *sctp_stack_new(int64_t now_us)
{
    if (the_stack)
        return NULL;
    the_stack = calloc(1, sizeof(*the_stack));
    if (!the_stack)
        return NULL;
    the_stack->ticked_us = now_us;
    usrsctp_init_nothreads(0, on_output, NULL);
    usrsctp_sysctl_set_sctp_blackhole(2);
    usrsctp_sysctl_set_sctp_ecn_enable(0);
    usrsctp_sysctl_set_sctp_asconf_enable(0);
    usrsctp_sysctl_set_sctp_auto_asconf(0);
    usrsctp_sysctl_set_sctp_auth_enable(0);
    usrsctp_sysctl_set_sctp_nrsack_enable(0);
    usrsctp_sysctl_set_sctp_pktdrop_enable(0);
    usrsctp_sysctl_set_sctp_inits_include_nat_friendly(0);
    usrsctp_sysctl_set_sctp_rto_min_default(RTO_MIN_MS);
    usrsctp_sysctl_set_sctp_rto_max_default(RTO_MAX_MS);
    usrsctp_sysctl_set_sctp_init_rto_max_default(RTO_MAX_MS);
    usrsctp_sysctl_set_sctp_rto_initial_default(1000);
    usrsctp_sysctl_set_sctp_init_rtx_max_default(RETRANSMISSIONS_MAX);
    usrsctp_sysctl_set_sctp_assoc_rtx_max_default(RETRANSMISSIONS_MAX);
    usrsctp_sysctl_set_sctp_path_rtx_max_default(RETRANSMISSIONS_MAX);
    usrsctp_sysctl_set_sctp_nr_outgoing_streams_default(SCTP_STREAMS);
    usrsctp_sysctl_set_sctp_nr_incoming_streams_default(SCTP_STREAMS);
    usrsctp_sysctl_set_sctp_sendspace(SCTP_SEND_BUFFER_MAX);
    usrsctp_sysctl_set_sctp_recvspace(2 * SCTP_MESSAGE_MAX);
    usrsctp_sysctl_set_sctp_max_chunks_on_queue(512);
    return the_stack;
}

bool sctp_stack_is_idle(const SctpStack *s)
{
    return s->associations.count == 0;
}

static void act_on_notes(SctpAssociation *a);

void sctp_stack_tick(SctpStack *s, int64_t now_us)
{
    int64_t elapsed_ms = (now_us - s->ticked_us) / 1000;
    if (elapsed_ms <= 0)
        return;
    s->ticked_us += elapsed_ms * 1000;
    usrsctp_handle_timers((uint32_t)(elapsed_ms < 1000 ? elapsed_ms : 1000));
    for (uint32_t id = 1; id <= s->associations.cap; id++) {
        SctpAssociation *a = sctp_table_get(&s->associations, id);
        if (a && a->notes)
            act_on_notes(a);
    }
}

void sctp_stack_free(SctpStack *s)
{
    if (!s)
        return;
    for (int i = 0; usrsctp_finish() != 0 && i < FINISH_ROUNDS; i++)
        usrsctp_handle_timers(10); /* what is being torn down goes with its timers */
    sctp_table_clear(&s->associations);
    free(s);
    the_stack = NULL;
}

/* ---- sending ---- */

static bool send_bytes(SctpAssociation *a, uint16_t stream, uint32_t ppid, const void *bytes, size_t len)
{
    struct sctp_sndinfo info = { .snd_sid = stream, .snd_ppid = htonl(ppid), .snd_assoc_id = a->assoc };
    return usrsctp_sendv(a->socket, bytes, len, NULL, 0, &info, sizeof(info), SCTP_SENDV_SNDINFO, 0) == (ssize_t)len;
}

bool sctp_open_channel(SctpAssociation *a, uint16_t stream, uint8_t channel_type, const char *label)
{
    uint8_t open[12 + 2 * DCEP_LABEL_MAX];
    size_t n = dcep_build_open(open, sizeof(open), channel_type, label, PROTOCOL);
    return a->assoc && !a->closed && n > 0 && send_bytes(a, stream, DCEP_PPID_CONTROL, open, n);
}

bool sctp_send_text(SctpAssociation *a, const char *text, size_t len)
{
    static const char nothing = 0;
    bool ok = a->open && !a->closed && len <= SCTP_MESSAGE_MAX &&
              (len ? send_bytes(a, a->stream, DCEP_PPID_STRING, text, len)
                   : send_bytes(a, a->stream, DCEP_PPID_STRING_EMPTY, &nothing, 1));
    if (!ok)
        a->counters.refused_sends++;
    return ok;
}

/* ---- receiving ---- */

static void close_channel(SctpAssociation *a)
{
    if (a->closed)
        return;
    a->closed = true;
    a->open = false;
    a->cb.closed(a->user);
}

static void on_up(SctpAssociation *a, sctp_assoc_t assoc)
{
    if (a->assoc) { /* a second association of the same peer: one is all it gets */
        struct sctp_sndinfo info = { .snd_flags = SCTP_ABORT, .snd_assoc_id = assoc };
        usrsctp_sendv(a->socket, NULL, 0, NULL, 0, &info, sizeof(info), SCTP_SENDV_SNDINFO, 0);
        return;
    }
    a->assoc = assoc;
    if (a->role == SCTP_SERVER) {
        usrsctp_listen(a->socket, 0);
        return;
    }
    a->stream = CLIENT_STREAM;
    sctp_open_channel(a, a->stream, DCEP_RELIABLE, a->label);
}

static void on_dcep(SctpAssociation *a, uint16_t stream, const uint8_t *bytes, size_t len)
{
    DcepMessage m;
    uint8_t ack[1];
    if (dcep_parse(bytes, len, &m) != DCEP_OK) {
        a->counters.dropped_messages++;
    } else if (m.type == DCEP_ACK) {
        if (a->role == SCTP_CLIENT && stream == a->stream && !a->open) {
            a->open = true;
            a->cb.open(a->user);
        }
    } else if (a->role == SCTP_CLIENT || a->stream != NO_STREAM || m.channel_type != DCEP_RELIABLE) {
        a->counters.rejected_channels++;
    } else {
        a->stream = stream;
        a->open = true;
        send_bytes(a, stream, DCEP_PPID_CONTROL, ack, dcep_build_ack(ack, sizeof(ack)));
        a->cb.open(a->user);
    }
}

static void on_message(SctpAssociation *a, uint16_t stream, uint32_t ppid, const uint8_t *bytes, size_t len)
{
    if (ppid == DCEP_PPID_CONTROL)
        on_dcep(a, stream, bytes, len);
    else if (!a->open || stream != a->stream)
        a->counters.dropped_messages++;
    else if (ppid == DCEP_PPID_STRING)
        a->cb.message(a->user, (const char *)bytes, len);
    else if (ppid == DCEP_PPID_STRING_EMPTY)
        a->cb.message(a->user, "", 0);
    else
        a->counters.dropped_messages++;
}

/* usrsctp may hand a message over in parts; the old PPID 54 marks parts that are messages of their own. Parts
 * of different streams never mix, as its fragment interleaving is off. */
static void on_data(SctpAssociation *a, const Note *n)
{
    bool last = n->end && n->ppid != DCEP_PPID_STRING_PARTIAL;
    if (last && a->message_len == 0 && !a->overflow) {
        if (n->len <= SCTP_MESSAGE_MAX)
            on_message(a, n->stream, n->ppid, n->bytes, n->len);
        else
            a->counters.dropped_messages++;
        return;
    }
    uint8_t *more = a->message_len + n->len <= SCTP_MESSAGE_MAX && !a->overflow
                        ? realloc(a->message, a->message_len + n->len + 1)
                        : NULL;
    if (more) {
        memcpy(more + a->message_len, n->bytes, n->len);
        a->message = more;
        a->message_len += n->len;
    } else {
        a->overflow = true;
    }
    if (!last)
        return;
    if (a->overflow)
        a->counters.dropped_messages++;
    else
        on_message(a, n->stream, n->ppid, a->message, a->message_len);
    free(a->message);
    a->message = NULL;
    a->message_len = 0;
    a->overflow = false;
}

/* RFC 8831 6.7: a channel is closed by resetting the streams of both directions. */
static void reset_stream(SctpAssociation *a)
{
    const struct sctp_reset_streams head = { .srs_assoc_id = a->assoc,
                                             .srs_flags = SCTP_STREAM_RESET_OUTGOING,
                                             .srs_number_streams = 1 };
    _Alignas(struct sctp_reset_streams) uint8_t reset[sizeof(head) + sizeof(a->stream)];
    memcpy(reset, &head, sizeof(head));
    memcpy(reset + sizeof(head), &a->stream, sizeof(a->stream));
    usrsctp_setsockopt(a->socket, IPPROTO_SCTP, SCTP_RESET_STREAMS, reset, sizeof(reset));
}

static void on_reset(SctpAssociation *a, uint16_t stream)
{
    if (stream != a->stream)
        return;
    reset_stream(a);
    close_channel(a);
}

void sctp_close_channel(SctpAssociation *a)
{
    if (!a->open)
        return;
    a->open = false;
    reset_stream(a);
}

static void act_on_notes(SctpAssociation *a)
{
    while (a->notes) {
        Note *n = a->notes;
        a->notes = n->next;
        if (!a->notes)
            a->notes_end = &a->notes;
        a->n_notes--;
        if (a->closed) {
            /* nothing is told any more */
        } else if (n->type == NOTE_UP) {
            on_up(a, n->assoc);
        } else if (a->assoc == 0 || n->assoc != a->assoc) {
            if (n->type == NOTE_DOWN && a->assoc == 0)
                close_channel(a); /* could not be set up */
        } else if (n->type == NOTE_DOWN) {
            close_channel(a);
        } else if (n->type == NOTE_RESET) {
            on_reset(a, n->stream);
        } else {
            on_data(a, n);
        }
        free(n);
    }
}

void sctp_on_packet(SctpAssociation *a, const uint8_t *buf, size_t len)
{
    usrsctp_conninput((void *)(uintptr_t)a->id, buf, len, 0);
    act_on_notes(a);
}

/* ---- life ---- */

static bool set_option(struct socket *s, int level, int name, const void *value, size_t len)
{
    return usrsctp_setsockopt(s, level, name, value, (socklen_t)len) == 0;
}

static bool configure(struct socket *s)
{
    static const uint16_t events[] = { SCTP_ASSOC_CHANGE, SCTP_SHUTDOWN_EVENT, SCTP_STREAM_RESET_EVENT };
    const struct linger abort_on_close = { .l_onoff = 1, .l_linger = 0 };
    const uint32_t on = 1, off = 0;
    const struct sctp_assoc_value reset = { .assoc_id = SCTP_ALL_ASSOC, .assoc_value = SCTP_ENABLE_RESET_STREAM_REQ };
    const struct sctp_initmsg init = { .sinit_num_ostreams = SCTP_STREAMS, .sinit_max_instreams = SCTP_STREAMS };
    const struct sctp_paddrparams path = { .spp_flags = SPP_PMTUD_DISABLE,
                                           .spp_pathmtu = SCTP_PACKET_MAX - COMMON_HEADER_BYTES };
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        const struct sctp_event e = { .se_assoc_id = SCTP_ALL_ASSOC, .se_type = events[i], .se_on = 1 };
        if (!set_option(s, IPPROTO_SCTP, SCTP_EVENT, &e, sizeof(e)))
            return false;
    }
    return usrsctp_set_non_blocking(s, 1) == 0 &&
           set_option(s, SOL_SOCKET, SO_LINGER, &abort_on_close, sizeof(abort_on_close)) &&
           set_option(s, IPPROTO_SCTP, SCTP_NODELAY, &on, sizeof(on)) &&
           set_option(s, IPPROTO_SCTP, SCTP_FRAGMENT_INTERLEAVE, &off, sizeof(off)) &&
           set_option(s, IPPROTO_SCTP, SCTP_ENABLE_STREAM_RESET, &reset, sizeof(reset)) &&
           set_option(s, IPPROTO_SCTP, SCTP_INITMSG, &init, sizeof(init)) &&
           set_option(s, IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, &path, sizeof(path));
}

static struct sockaddr_conn address_of(const SctpAssociation *a)
{
    return (struct sockaddr_conn){ .sconn_family = AF_CONN,
                                   .sconn_port = htons(SCTP_DC_PORT),
                                   .sconn_addr = (void *)(uintptr_t)a->id };
}

void sctp_association_call(SctpAssociation *a)
{
    struct sockaddr_conn addr = address_of(a);
    if (a->role == SCTP_SERVER && a->assoc == 0 && !a->closed)
        usrsctp_connect(a->socket, (struct sockaddr *)&addr, sizeof(addr));
}

static bool begin(SctpAssociation *a)
{
    struct sockaddr_conn addr = address_of(a);
    a->socket = usrsctp_socket(AF_CONN, SOCK_SEQPACKET, IPPROTO_SCTP, on_receive, NULL, 0, (void *)(uintptr_t)a->id);
    if (!a->socket || !configure(a->socket) || usrsctp_bind(a->socket, (struct sockaddr *)&addr, sizeof(addr)) != 0)
        return false;
    if (a->role == SCTP_SERVER)
        return usrsctp_listen(a->socket, 1) == 0;
    return usrsctp_connect(a->socket, (struct sockaddr *)&addr, sizeof(addr)) == 0 || errno == EINPROGRESS;
}

SctpAssociation *sctp_association_new(SctpStack *s, SctpRole role, const char *label, const SctpCallbacks *cb,
                                      void *user)
{
    SctpAssociation *a = calloc(1, sizeof(*a));
    if (!a)
        return NULL;
    *a = (SctpAssociation){ .stack = s, .cb = *cb, .user = user, .role = role, .stream = NO_STREAM };
    a->notes_end = &a->notes;
    if (label && strlen(label) < sizeof(a->label))
        memcpy(a->label, label, strlen(label));
    a->id = sctp_table_add(&s->associations, a);
    if (a->id == 0) {
        free(a);
        return NULL;
    }
    usrsctp_register_address((void *)(uintptr_t)a->id);
    if (!begin(a)) {
        sctp_association_free(a);
        return NULL;
    }
    return a;
}

bool sctp_is_open(const SctpAssociation *a)
{
    return a->open;
}

SctpCounters sctp_counters(const SctpAssociation *a)
{
    return a->counters;
}

void sctp_association_free(SctpAssociation *a)
{
    if (!a)
        return;
    if (a->socket)
        usrsctp_close(a->socket); /* sends ABORT, as it lingers for no time */
    usrsctp_deregister_address((void *)(uintptr_t)a->id);
    sctp_table_remove(&a->stack->associations, a->id);
    while (a->notes) {
        Note *n = a->notes;
        a->notes = n->next;
        free(n);
    }
    free(a->message);
    free(a);
}
