/* SPDX-License-Identifier: Apache-2.0
 *
 * Stanza errors (RFC 6120 8.3): condition, type, text and an application's own element. Pure; any thread. */
#ifndef PLENUM_COMMON_XMPP_STANZA_ERROR_H
#define PLENUM_COMMON_XMPP_STANZA_ERROR_H

#include "common/xmpp/stanza.h"

#define NS_STANZAS "urn:ietf:params:xml:ns:xmpp-stanzas"
#define STANZA_ERROR_MAX_TEXT 512 /* bytes kept of a received text */

typedef enum {
    STANZA_UNDEFINED_CONDITION, /* also what an unknown condition is read as */
    STANZA_BAD_REQUEST,
    STANZA_CONFLICT,
    STANZA_FEATURE_NOT_IMPLEMENTED,
    STANZA_FORBIDDEN,
    STANZA_GONE,
    STANZA_INTERNAL_SERVER_ERROR,
    STANZA_ITEM_NOT_FOUND,
    STANZA_JID_MALFORMED,
    STANZA_NOT_ACCEPTABLE,
    STANZA_NOT_ALLOWED,
    STANZA_NOT_AUTHORIZED,
    STANZA_POLICY_VIOLATION,
    STANZA_RECIPIENT_UNAVAILABLE,
    STANZA_REDIRECT,
    STANZA_REGISTRATION_REQUIRED,
    STANZA_REMOTE_SERVER_NOT_FOUND,
    STANZA_REMOTE_SERVER_TIMEOUT,
    STANZA_RESOURCE_CONSTRAINT,
    STANZA_SERVICE_UNAVAILABLE,
    STANZA_SUBSCRIPTION_REQUIRED,
    STANZA_UNEXPECTED_REQUEST,
    STANZA_N_CONDITIONS
} StanzaCondition;

/* condition < STANZA_N_CONDITIONS; static texts. */
const char *stanza_condition_name(StanzaCondition condition); /* "bad-request" */
const char *stanza_condition_type(StanzaCondition condition); /* its usual type: "modify" */
/* TRUE and *out when name is one of the above; *out is untouched otherwise. */
gboolean stanza_condition_from_name(const char *name, StanzaCondition *out);

/* An <error> tree of its own, namespace ns ("jabber:client" or "jabber:component:accept"; NULL: none, right for
 * adopting into a stanza without one). type NULL: the usual one. text may be NULL. app may be NULL; taken. Order as
 * clients expect it: condition, app, text. */
Stanza *stanza_error_new(const char *ns, StanzaCondition condition, const char *type, const char *text, Stanza *app);

typedef struct {
    StanzaCondition condition;
    char type[16];     /* "cancel", ...; "" when absent */
    char *text;        /* "" when absent, at most STANZA_ERROR_MAX_TEXT */
    const Stanza *app; /* first element in another namespace; borrowed from the stanza, NULL when none */
} StanzaErrorInfo;
/* Reads the <error> child of a stanza of type error; without one the condition is undefined. Writes *out whole;
 * stanza_error_info_clear it. */
void stanza_error_read(const Stanza *stanza, StanzaErrorInfo *out);
void stanza_error_info_clear(StanzaErrorInfo *info);

#endif
