/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/transport/ice_stun.h"
#include <stdio.h>
#include <stdlib.h>
#include <stun/stunagent.h>

/* Peer-reflexive type preference, local preference of the only interface, component 1 (RFC 8445 5.1.2). */
#define CHECK_PRIORITY (110u << 24 | 65535u << 8 | 255u)

struct IceStun {
    StunAgent agent;
};

/* What the scan knows; libnice complains about more, but also about attributes that the MAC does not cover. */
static const uint16_t known[] = {
    STUN_ATTRIBUTE_MAPPED_ADDRESS, STUN_ATTRIBUTE_USERNAME,           STUN_ATTRIBUTE_MESSAGE_INTEGRITY,
    STUN_ATTRIBUTE_ERROR_CODE,     STUN_ATTRIBUTE_UNKNOWN_ATTRIBUTES, STUN_ATTRIBUTE_XOR_MAPPED_ADDRESS,
    STUN_ATTRIBUTE_PRIORITY,       STUN_ATTRIBUTE_USE_CANDIDATE,      0
};

IceStun *ice_stun_new(void)
{
    IceStun *s = calloc(1, sizeof(*s));
    if (s)
        stun_agent_init(&s->agent, known, STUN_COMPATIBILITY_RFC5389,
                        STUN_AGENT_USAGE_SHORT_TERM_CREDENTIALS | STUN_AGENT_USAGE_USE_FINGERPRINT);
    return s;
}

void ice_stun_free(IceStun *s)
{
    free(s);
}

static bool give_password(StunAgent *agent, StunMessage *message, uint8_t *username, uint16_t username_len,
                          uint8_t **password, size_t *password_len, void *user_data)
{
    *password = user_data;
    *password_len = strlen(user_data);
    return true;
}

/* The scan has decided about unknown attributes; libnice reports them only after the MAC was right. */
static bool accepted(StunValidationStatus status)
{
    return status == STUN_VALIDATION_SUCCESS || status == STUN_VALIDATION_UNKNOWN_REQUEST_ATTRIBUTE ||
           status == STUN_VALIDATION_UNKNOWN_ATTRIBUTE;
}

static bool validate_request(IceStun *s, StunMessage *msg, const uint8_t *buf, size_t len, const char *pwd)
{
    return accepted(stun_agent_validate(&s->agent, msg, buf, len, give_password, (void *)pwd));
}

bool ice_stun_verify_request(IceStun *s, const uint8_t *buf, size_t len, const char *pwd)
{
    StunMessage msg;
    return validate_request(s, &msg, buf, len, pwd);
}

bool ice_stun_verify_response(IceStun *s, const uint8_t *buf, size_t len, const char *pwd)
{
    StunMessage msg;
    StunAgentSavedIds *saved = &s->agent.sent_ids[0];
    /* libnice only looks at responses to what it remembers: lend it this one transaction. */
    memcpy(saved->id, buf + 4, sizeof(saved->id));
    saved->method = STUN_BINDING;
    saved->key = (uint8_t *)pwd;
    saved->key_len = strlen(pwd);
    saved->long_term_valid = false;
    saved->valid = true;
    StunValidationStatus status = stun_agent_validate(&s->agent, &msg, buf, len, NULL, NULL);
    saved->valid = false;
    /* libnice takes errors 400, 401, 438 and 300 unauthenticated: those end nothing here. */
    return accepted(status) && msg.key != NULL;
}

/* A view of a request that was verified before. */
static StunMessage request_view(IceStun *s, const uint8_t *buf, size_t len, const char *pwd)
{
    return (StunMessage){
        .agent = &s->agent, .buffer = (uint8_t *)buf, .buffer_len = len, .key = (uint8_t *)pwd, .key_len = strlen(pwd)
    };
}

static bool finish(IceStun *s, StunMessage *msg, const char *pwd, const Tuple *to, IceDatagram *out)
{
    size_t n = stun_agent_finish_message(&s->agent, msg, (const uint8_t *)pwd, strlen(pwd));
    out->len = (uint16_t)n;
    out->to = *to;
    return n > 0;
}

bool ice_stun_reply(IceStun *s, const uint8_t *buf, size_t len, const char *pwd, const Tuple *from, IceDatagram *out)
{
    StunMessage request = request_view(s, buf, len, pwd), msg;
    struct sockaddr_storage addr;
    socklen_t addr_len = tuple_to_sockaddr(from, &addr);
    return stun_agent_init_response(&s->agent, &msg, out->bytes, sizeof(out->bytes), &request) &&
           stun_message_append_xor_addr(&msg, STUN_ATTRIBUTE_XOR_MAPPED_ADDRESS, &addr, addr_len) ==
               STUN_MESSAGE_RETURN_SUCCESS &&
           finish(s, &msg, pwd, from, out);
}

bool ice_stun_reply_error(IceStun *s, const uint8_t *buf, size_t len, const char *pwd, const Tuple *from, int code,
                          const IceMessage *m, IceDatagram *out)
{
    StunMessage request = request_view(s, buf, len, pwd), msg;
    uint8_t list[2 * ICE_UNKNOWN_MAX];
    if (!stun_agent_init_error(&s->agent, &msg, out->bytes, sizeof(out->bytes), &request, (StunError)code))
        return false;
    if (code == STUN_ERROR_UNKNOWN_ATTRIBUTE) {
        for (unsigned i = 0; i < m->n_unknown; i++) {
            list[2 * i] = (uint8_t)(m->unknown[i] >> 8);
            list[2 * i + 1] = (uint8_t)m->unknown[i];
        }
        if (stun_message_append_bytes(&msg, STUN_ATTRIBUTE_UNKNOWN_ATTRIBUTES, list, 2 * m->n_unknown) !=
            STUN_MESSAGE_RETURN_SUCCESS)
            return false;
    }
    return finish(s, &msg, pwd, from, out);
}

bool ice_stun_check(IceStun *s, const IceCheck *c, const Tuple *to, IceDatagram *out)
{
    static const uint8_t cookie[4] = { 0x21, 0x12, 0xa4, 0x42 };
    StunMessage msg = { .agent = &s->agent, .buffer = out->bytes, .buffer_len = sizeof(out->bytes) };
    StunTransactionId id;
    char username[ICE_REMOTE_TEXT_MAX + ICE_LOCAL_UFRAG_MAX + 2];
    int n = snprintf(username, sizeof(username), "%s:%s", c->remote_ufrag, c->local_ufrag);
    /* cppcheck-suppress uninitvar ; an array behind a typedef, which is written here */
    memcpy(id, cookie, sizeof(cookie));
    memcpy(id + sizeof(cookie), c->transaction, ICE_TRANSACTION_BYTES);
    bool ok =
        n > 0 && (size_t)n < sizeof(username) && stun_message_init(&msg, STUN_REQUEST, STUN_BINDING, id) &&
        stun_message_append_bytes(&msg, STUN_ATTRIBUTE_USERNAME, username, (size_t)n) == STUN_MESSAGE_RETURN_SUCCESS &&
        stun_message_append32(&msg, STUN_ATTRIBUTE_PRIORITY, CHECK_PRIORITY) == STUN_MESSAGE_RETURN_SUCCESS &&
        stun_message_append64(&msg, c->controlling ? STUN_ATTRIBUTE_ICE_CONTROLLING : STUN_ATTRIBUTE_ICE_CONTROLLED,
                              c->tie_breaker) == STUN_MESSAGE_RETURN_SUCCESS &&
        (!c->use_candidate ||
         stun_message_append_flag(&msg, STUN_ATTRIBUTE_USE_CANDIDATE) == STUN_MESSAGE_RETURN_SUCCESS) &&
        finish(s, &msg, c->remote_pwd, to, out);
    stun_agent_forget_transaction(&s->agent, id);
    return ok;
}
