/* SPDX-License-Identifier: Apache-2.0
 *
 * A Bridge over fakes, spoken to in COLIBRI2. */
#ifndef PLENUM_TESTS_BRIDGE_FIXTURE_H
#define PLENUM_TESTS_BRIDGE_FIXTURE_H

#include "bridge/bridge.h"
#include "bridge/colibri_routes.h"
#include "tests/unit/bridge/fake_media.h"
#include "tests/unit/bridge/fake_transport.h"

#define MODIFY(attributes, inside)                                                                                     \
    "<conference-modify xmlns='jitsi:colibri2' meeting-id='m1' " attributes ">" inside "</conference-modify>"
#define CREATE(inside) MODIFY("create='true' name='standup@conference.meet.example'", inside)
#define CAPS "<capability name='source-names'/><capability name='ssrc-rewriting'/>"
#define ENDPOINT(id, inside) "<endpoint id='" id "' create='true'>" CAPS inside "</endpoint>"
#define TRANSPORT "<transport ice-controlling='true'><sctp/></transport>"
#define SSMA " xmlns='urn:xmpp:jingle:apps:rtp:ssma:0' "
#define AUDIO(name, ssrc) "<media-source type='audio' id='" name "'><source" SSMA "ssrc='" ssrc "'/></media-source>"

typedef struct {
    Config *config;
    BridgeEnv env;
    FakeMedia *media;
    LocalCandidate candidates[2];
    Bridge *bridge;
    unsigned state_changes, emptied;
    GString *lost; /* "id:reason;" of endpoints that the bridge let go */
} Fixture;

/* config: text of a bridge.conf that changes something, or NULL. */
void fixture_set_up(Fixture *f, gconstpointer config);
void fixture_tear_down(Fixture *f);
/* The same, as GTest calls it. */
void fixture_end(Fixture *f, gconstpointer config);
/* Posts and returns the answer, the caller frees. */
char *fixture_post(Fixture *f, const char *xml, unsigned *status);
/* Posts; the status must be 200. */
void fixture_ok(Fixture *f, const char *xml);
/* The endpoint of conference m1; must be there. */
Endpoint *fixture_endpoint(Fixture *f, const char *id);
/* Lets idle sources run. */
void fixture_turn(void);

#endif
