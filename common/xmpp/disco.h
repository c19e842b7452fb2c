/* SPDX-License-Identifier: Apache-2.0
 *
 * Service discovery (XEP-0030) about ourselves, entity capabilities (XEP-0115) about everybody. A caps
 * answer enters the cache only when its hash matches, so nobody can poison it for others. Control thread. */
#ifndef PLENUM_COMMON_XMPP_DISCO_H
#define PLENUM_COMMON_XMPP_DISCO_H

#include "common/xmpp/iq_router.h"

#define NS_DISCO_INFO "http://jabber.org/protocol/disco#info"
#define NS_DISCO_ITEMS "http://jabber.org/protocol/disco#items"
#define NS_CAPS "http://jabber.org/protocol/caps"

#define DISCO_MAX_FEATURES 256 /* of one entity; an answer with more is not believed */
#define DISCO_MAX_VAR 1024     /* bytes of one feature */
#define CAPS_MAX_CACHED 1024   /* distinct node#ver; the one unused longest goes first */
#define CAPS_MAX_NODE 512      /* bytes of a caps node */

/* ---- ourselves ---- */
typedef struct Disco Disco;
/* node is the caps node, such as "http://jitsi.org/jicofo"; features NULL-terminated, none twice; texts are copied.
 * Answers disco#info and disco#items (empty) on that router, which must get no more requests once this is freed. */
Disco *disco_new(IqRouter *router, const char *category, const char *type, const char *name, const char *node,
                 const char *const *features);
/* XEP-0115: <c xmlns=caps hash="sha-1" node ver/> of its own, for presence. Caller owns it. */
Stanza *disco_caps_element(const Disco *disco);
void disco_free(Disco *disco); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Disco, disco_free)

/* ---- everybody ---- */
/* XEP-0115 5.1: verification string of a disco#info <query>, hashed with SHA-1, base64; caller frees. NULL: ill-formed
 * by 5.4 of it (duplicate features, identities or forms), or over the limits. Pure. */
char *caps_ver(const Stanza *query);

typedef struct CapsCache CapsCache;
CapsCache *caps_cache_new(void);
void caps_cache_free(CapsCache *cache); /* after the router; NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CapsCache, caps_cache_free)

/* features: NULL-terminated, sorted; borrowed for the call. NULL: no (believable) answer in time. */
typedef void (*CapsDone)(const char *const *features, gpointer user);
/* Features of `to` as advertised by its presence's <c>: from the cache (then done runs before the call returns,
 * and it returns 0), or by asking `to`, for timeout_ms at most. Without a usable <c> (NULL, or a hash other than SHA-1)
 * it asks without node and does not cache. The number is for caps_cancel. */
guint caps_lookup(CapsCache *cache, IqRouter *router, const char *from, const char *to, const Stanza *caps,
                  guint timeout_ms, CapsDone done, gpointer user);
/* Forget it: its callback will not run. 0 is fine. */
void caps_cancel(CapsCache *cache, guint lookup);
/* Does the sorted list contain it? */
gboolean caps_has(const char *const *features, const char *var);

#endif
