/* SPDX-License-Identifier: Apache-2.0
 *
 * The conference told as scripts (conference_script.h explains the words), then every event in every
 * state. */
#include "tests/flow/conference_script.h"

/* Where many stories begin: two people in a call over bridge x; a takes JSON, b takes XML. */
#define ROOM "request 1 -> join\nroom-joined -> ready 1, publish 0\n"
#define TWO_HERE ROOM "came a json -> grant a a@meet.example\ncame b -> select a\n"
#define TWO_ASKED TWO_HERE "selected x -> create a@x, allocate b@x, publish 1\n"
#define TWO_INVITED TWO_ASKED "allocated a -> invite a [jvb]\nallocated b -> invite b [jvb]\n"
#define TWO_ACTIVE                                                                                                     \
    TWO_INVITED "accept a v1/m v2/m F1,2 a3 -> ok, update a@x a-ice 3\n"                                               \
                "accept b a4 -> ok, update b@x b-ice 1, source-add a [b:a4], source-add b [a:v1,v2,a3]\n"
#define THREE_ACTIVE                                                                                                   \
    TWO_ACTIVE "came c json -> allocate c@x\nallocated c -> invite c [a:v1,v2,a3 b:a4 jvb]\n"                          \
               "accept c v5 -> ok, update c@x c-ice 1, source-add a [c:v5], source-add b [c:v5]\n"

static const struct {
    const char *name, *lines;
} scripts[] = {
    { "two meet, talk and part", TWO_ACTIVE "invited a ok\n"
                                            "left a -> expire a@x, grant b b@meet.example\n"
                                            "left b -> expire b@x all, leave, end\n" },
    { "a third comes and goes", THREE_ACTIVE "left c -> expire c@x\n" },

    /* --- room --- */
    { "requests wait for the join",
      "request 1 -> join\nrequest 2\nrequest 3\nroom-joined -> ready 1, ready 2, ready 3, publish 0\n"
      "request 4 -> ready 4\n" },
    { "join refused",
      "request 1 -> join\nrequest 2\nroom-failed -> not-ready 1, not-ready 2, leave, end\nrequest 3 -> not-ready 3\n" },
    { "join times out", "request 1 -> join\nafter 9999\nafter 1 -> not-ready 1, leave, end\n" },
    { "joined but not owner", "request 1 -> join\nroom-joined not-owner -> not-ready 1, leave, end\n" },
    { "ownership lost", TWO_ACTIVE "not-owner -> expire x, leave, end\n" },
    { "room destroyed", TWO_ACTIVE "room-lost -> expire x, end\n" },
    { "shutdown", TWO_ACTIVE "shutdown -> expire x, leave, end\n" },
    { "shutdown before anything", "shutdown -> end\n" },
    { "nobody comes", ROOM "after 14999\nafter 1 -> leave, end\n" },
    { "a request re-arms the wait", ROOM "after 14000\nrequest 2 -> ready 2\nafter 14999\nafter 1 -> leave, end\n" },
    { "somebody comes in time", ROOM "after 14000\njoined a -> grant a a@meet.example\nafter 60000\n" },
    { "moving to a breakout room keeps the room",
      ROOM "joined a -> grant a a@meet.example\nleft a switching\nafter 14999\nafter 1 -> leave, end\n" },
    { "last one leaves", ROOM "joined a -> grant a a@meet.example\nleft a -> leave, end\n" },
    { "occupants before our join is done",
      "request 1 -> join\ncame a\ncame b\nroom-joined -> ready 1, grant a a@meet.example, select a, publish 0\n" },

    /* --- owner --- */
    { "an owner is there already", ROOM "joined a owner\njoined b\nleft a -> grant b b@meet.example\n" },
    { "jibri and visitors never own", ROOM "joined r jibri\njoined v visitor\njoined a -> grant a a@meet.example\n" },
    { "the real address comes later",
      ROOM "joined a nojid\nchanged a -> grant a a@meet.example\nchanged a\nchanged a owner\nchanged a\n" },
    { "breakout rooms have their own owner",
      "request 1 -> join\nroom-joined breakout -> ready 1, publish 0\njoined a\n" },

    /* --- inviting --- */
    { "features are awaited", ROOM "joined a -> grant a a@meet.example\njoined b\nfeatures b -> select b\nfeatures "
                                   "a\nselected x -> create a@x, allocate b@x, publish 1\n" },
    { "features count once", TWO_ACTIVE "features a rewriting\n" },
    { "one alone is not invited", ROOM "came a -> grant a a@meet.example\nafter 100000\n" },
    { "jibri counts and is invited", ROOM "came a -> grant a a@meet.example\ncame r jibri -> select a\nselected x -> "
                                          "create a@x, allocate r@x, publish 1\n" },
    { "visitors count but are not invited",
      ROOM "came a -> grant a a@meet.example\ncame v visitor -> select a\nselected x -> create a@x, publish 1\n"
           "changed v\nchanged v owner\n" },
    { "region goes to the selection",
      ROOM "came a region=eu -> grant a a@meet.example\ncame b region=us -> select a eu\n" },
    { "who left is not allocated", TWO_HERE "left a -> grant b b@meet.example\nselected x -> create b@x, publish 1\n" },
    { "nobody waits any more", TWO_HERE "left a -> grant b b@meet.example\nafter 20000\nselected x\n" },
    { "stale selections", TWO_HERE
      "stale selected y\nstale no-bridge\nselected x -> create a@x, allocate b@x, publish 1\nselected y\nno-bridge\n" },
    { "no data channel wanted",
      ROOM "came a -> grant a a@meet.example\ncame b no-sctp -> select a\nselected x -> create a@x, allocate b@x, "
           "publish 1\n"
           "allocated b no-sctp -> invite b [jvb]\nallocated a no-sctp -> mark x failed, expire a@x\n" },

    /* --- no bridge --- */
    { "no bridge, then one", TWO_HERE "no-bridge -> publish 0 no-bridge\nbridge-available -> select a\nselected x -> "
                                      "create a@x, allocate b@x, publish 1\n" },
    { "no bridge, nobody waits", TWO_HERE "left b\nleft a -> leave, end\nno-bridge\n" },
    { "no bridge for the newcomer either",
      TWO_HERE "no-bridge -> publish 0 no-bridge\ncame c -> select a\nno-bridge\n" },
    { "available when nobody wants", TWO_ACTIVE "bridge-available\n" },

    /* --- allocation fails, sheet 8.7 --- */
    { "allocation times out",
      TWO_ASKED "alloc-timeout a -> mark x failed, expire x, select a, publish 0\nalloc-timeout b\n"
                "selected y -> create a@y, allocate b@y, publish 1\n" },
    { "bad request fails this invitation",
      TWO_ASKED "alloc-error a bad-request -> expire a@x\nallocated b -> invite b [jvb]\nbridge-available\n" },
    { "the conference is unknown there", TWO_ASKED "alloc-error a item-not-found conference_not_found -> select a, "
                                                   "publish 0\nselected x -> create a@x, allocate b@x, publish 1\n" },
    { "the bridge left the room", TWO_ASKED
      "alloc-error a item-not-found -> expire a@x\nalloc-error b item-not-found -> expire b@x all, publish 0\n"
      "bridge-lost x -> select a\nselected y -> create a@y, allocate b@y, publish 1\n" },
    { "another unknown",
      TWO_ASKED "alloc-error a item-not-found unspecified -> mark x failed, expire x, select a, publish 0\n" },
    { "conflict without reason", TWO_ASKED "alloc-error a conflict -> expire x, select a, publish 0\nselected "
                                           "x\nexpired x -> create a@x, allocate b@x, publish 1\n" },
    { "conference exists already",
      TWO_ASKED "alloc-error a conflict conference_already_exists -> expire x, select a, publish 0\nselected "
                "x\nexpired x -> create a@x, allocate b@x, publish 1\n" },
    { "graceful shutdown", TWO_ASKED
      "alloc-error a service-unavailable graceful_shutdown -> mark x graceful, expire x, select a, publish 0\n" },
    { "service unavailable",
      TWO_ASKED "alloc-error a service-unavailable -> mark x failed, expire x, select a, publish 0\n" },
    { "any other error",
      TWO_ASKED "alloc-error a internal-server-error -> mark x failed, expire x, select a, publish 0\n" },
    { "unreadable result", TWO_ASKED "alloc-bad a -> mark x failed, expire a@x\n" },
    { "result without transport", TWO_ASKED "allocated a no-transport -> mark x failed, expire a@x\n" },
    { "result without data channel", TWO_ASKED "allocated a no-sctp -> mark x failed, expire a@x\n" },
    { "result with the wrong setup", TWO_ASKED "allocated a passive -> mark x failed, expire a@x\n" },
    { "failing for ever is not tried for ever", TWO_ASKED
      "alloc-error a conflict -> expire x, select a, publish 0\nselected y -> create a@y, allocate b@y, publish 1\n"
      "alloc-error a conflict -> expire y, select a, publish 0\nselected z -> create a@z, allocate b@z, publish 1\n"
      "alloc-error a conflict -> expire z, select a, publish 0\nselected u -> create a@u, allocate b@u, publish 1\n"
      "alloc-error a conflict -> expire u, select a, publish 0\nselected w -> create a@w, allocate b@w, publish 1\n"
      "alloc-error a conflict -> expire w, select a, publish 0\nselected q -> create a@q, allocate b@q, publish 1\n"
      "alloc-error a conflict -> expire q, publish 0 no-bridge\n"
      "after 60001\nbridge-available -> select a\n" },
    { "allocated after leaving",
      TWO_ASKED "left a -> expire a@x, grant b b@meet.example\nallocated a\nalloc-error a conflict\n" },
    { "the nick is reused",
      TWO_ACTIVE "came b json -> expire b@x, allocate b@x\nallocated b -> invite b [a:v1,v2,a3 jvb]\n" },

    /* --- bridges lost --- */
    { "bridge lost",
      TWO_ACTIVE "bridge-lost x -> terminate a moving, terminate b moving, select a, publish 0\n"
                 "accept a v1 -> gone (session has been replaced)\n"
                 "selected y -> create a@y, allocate b@y, publish 1\nallocated a -> invite a [jvb]\nallocated b -> "
                 "invite b [jvb]\n"
                 "accept a' v1 -> gone (session has been replaced)\naccept a v1 -> ok, update a@y a-ice 1\n" },
    { "bridge shuts down",
      TWO_ACTIVE "bridge-lost x reachable -> terminate a moving, terminate b moving, expire x, select a, publish 0\n" },
    { "another bridge is lost", TWO_ACTIVE "bridge-lost y\n" },
    { "lost while allocating", TWO_ASKED
      "bridge-lost x -> select a, publish 0\nallocated a\nselected y -> create a@y, allocate b@y, publish 1\n" },
    { "the bridge to come is lost while the old conference closes there",
      TWO_ASKED "alloc-error a conflict -> expire x, select a, publish 0\nselected x\n"
                "bridge-lost x -> select a\nexpired x\nselected y -> create a@y, allocate b@y, publish 1\n" },

    /* --- updates fail --- */
    { "the bridge forgot one endpoint", TWO_ACTIVE
      "update-error b item-not-found unknown_endpoint -> terminate b moving, allocate b@x, source-remove a [b:a4]\n" },
    { "the bridge forgot the conference", TWO_ACTIVE "update-error b item-not-found conference_not_found -> terminate "
                                                     "a moving, terminate b moving, select a, publish 0\n" },
    { "any other update error", TWO_ACTIVE "update-error b internal-server-error -> terminate a moving, terminate b "
                                           "moving, expire x, select a, publish 0\n" },
    { "an update times out", TWO_ACTIVE "update-timeout b\n" },
    { "an update of an older session", TWO_ACTIVE
      "bridge-lost x -> terminate a moving, terminate b moving, select a, publish 0\nupdate-error b conflict\n"
      "selected x -> create a@x, allocate b@x, publish 1\nupdate-error b conflict\n" },

    /* --- session-initiate and session-accept --- */
    { "the offer is refused", TWO_INVITED "invited a error -> expire a@x, terminate a jingle session failed\naccept a "
                                          "v1 -> gone (session ended)\nallocated a\n" },
    { "no word about the offer", TWO_INVITED "invited a timeout\naccept a v1 -> ok, update a@x a-ice 1\n" },
    { "words about an older offer",
      TWO_ACTIVE "bridge-lost x -> terminate a moving, terminate b moving, select a, publish 0\n"
                 "selected y -> create a@y, allocate b@y, publish 1\nallocated a -> invite a [jvb]\ninvited a' "
                 "error\ninvited a ok\n" },
    { "accepted without sources", TWO_INVITED "accept a -> ok, update a@x a-ice 0\n" },
    { "accepted without transport", TWO_INVITED "accept a v1 none -> ok, update a@x 1\n" },
    { "accepted with last-n", TWO_INVITED "accept a v1 last-n -> ok, update a@x a-ice 1 last-n=20\n" },
    { "accepted twice", TWO_ACTIVE "accept a v9 -> bad-request (session already accepted)\n" },
    { "accepted with a stolen ssrc", TWO_INVITED
      "accept a v1 -> ok, update a@x a-ice 1\n"
      "accept b v1 -> bad-request (SSRC is already used: 1.), expire b@x\naccept b v2 -> gone (session ended)\n" },
    { "nobody's session",
      TWO_ACTIVE "accept a? v1 -> bad-request (no such session)\naccept s v1 -> bad-request (no such session)\n" },
    { "another's session", TWO_INVITED "jingle c session-accept -> bad-request (no such session)\n" },

    /* --- sources --- */
    { "screen shared and hidden again",
      TWO_ACTIVE "add a v7/s v8/s F7,8 -> update a@x 5, ok, source-add b [a:v7,v8]\n"
                 "remove a v7/s v8/s F7,8 -> update a@x 3, ok, source-remove b [a:v7,v8]\n" },
    { "simulcast is stripped for others",
      TWO_INVITED "accept a v1/m v2/m v3/m v4/m S1,3 F1,2 F3,4 -> ok, update a@x a-ice 4\n"
                  "accept b -> ok, update b@x b-ice 0, source-add b [a:v1,v2]\n" },
    { "nothing added, nothing removed", TWO_ACTIVE "add a -> ok\nremove a -> ok\n" },
    { "bad sources", TWO_ACTIVE "add a v4 -> bad-request (SSRC is already used: 4.)\nremove a v4 -> bad-request "
                                "(Source does not exist or is not owned by endpoint (ssrc=4).)\n"
                                "add a v6/m -> bad-request (MSID is already used: a-m.)\n" },
    { "sources before the other accepted", TWO_INVITED
      "accept a v1 -> ok, update a@x a-ice 1\nadd a v5 -> update a@x 2, ok\nremove a v1 -> update a@x 1, ok\n"
      "accept b -> ok, update b@x b-ice 0, source-add b [a:v5]\n" },
    { "those who left are not removed by name",
      THREE_ACTIVE "left b -> expire b@x\nadd a v9 -> update a@x 4, ok, source-add c [a:v9]\n" },
    { "rewriting receivers hear from the bridge",
      TWO_ACTIVE "came c json rewriting -> allocate c@x\nallocated c -> invite c [jvb]\n"
                 "accept c v5 -> ok, update c@x c-ice 1, source-add a [c:v5], source-add b [c:v5]\nadd a v9 -> update "
                 "a@x 4, ok, source-add b [a:v9]\n" },
    { "no video for those who take none",
      TWO_ACTIVE "came c json audio-only -> allocate c@x\nallocated c -> invite c [a:a3 b:a4 jvb]\n"
                 "accept c a5 -> ok, update c@x c-ice 1, source-add a [c:a5], source-add b [c:a5]\nadd a v9 -> update "
                 "a@x 4, ok, source-add b [a:v9]\n" },
    { "an old session's sources",
      TWO_ACTIVE "terminate a restart -> ok, expire a@x, allocate a@x, source-remove b [a:v1,v2,a3]\n"
                 "add a v9 -> item-not-found (jingle session no longer active)\nremove a v1 -> item-not-found (jingle "
                 "session no longer active)\n" },

    /* --- transport --- */
    { "trickle before and after accepting", TWO_INVITED
      "trickle a -> ok, update a@x a-ice\naccept a v1 -> ok, update a@x a-ice 1\ntrickle a -> ok, update a@x a-ice\n"
      "trickle a none -> bad-request (missing transport)\n" },

    /* --- terminate and restart --- */
    { "a client ends its session",
      TWO_ACTIVE "terminate a -> ok, expire a@x, source-remove b [a:v1,v2,a3]\nadd a v9 -> gone (session "
                 "ended)\nterminate a restart -> gone (session ended)\n" },
    { "a client restarts", TWO_ACTIVE "terminate a restart -> ok, expire a@x, allocate a@x, source-remove b "
                                      "[a:v1,v2,a3]\nallocated a -> invite a [b:a4 jvb]\n"
                                      "accept a v1/m v2/m F1,2 a3 -> ok, update a@x a-ice 3, source-add b "
                                      "[a:v1,v2,a3]\nterminate a' restart -> item-not-found\n" },
    { "another bridge session is meant",
      TWO_ACTIVE "terminate a elsewhere restart -> item-not-found\nterminate a silent restart -> item-not-found\n" },
    { "restarting too soon", TWO_ACTIVE "terminate a restart -> ok, expire a@x, allocate a@x, source-remove b "
                                        "[a:v1,v2,a3]\nallocated a -> invite a [b:a4 jvb]\nafter 4999\n"
                                        "terminate a restart -> resource-constraint (rate-limited), expire a@x\n" },
    { "restarting too often",
      TWO_INVITED "terminate a restart -> ok, expire a@x, allocate a@x\nallocated a -> invite a [jvb]\nafter 5000\n"
                  "terminate a restart -> ok, expire a@x, allocate a@x\nallocated a -> invite a [jvb]\nafter 5000\n"
                  "terminate a restart -> ok, expire a@x, allocate a@x\nallocated a -> invite a [jvb]\nafter 5000\n"
                  "terminate a restart -> ok, expire a@x, allocate a@x\nallocated a -> invite a [jvb]\nafter 5000\n"
                  "terminate a restart -> ok, expire a@x, allocate a@x\nallocated a -> invite a [jvb]\nafter 5000\n"
                  "terminate a restart -> resource-constraint (rate-limited), expire a@x\n" },
    { "the budget refills",
      TWO_INVITED "terminate a restart -> ok, expire a@x, allocate a@x\nallocated a -> invite a [jvb]\nafter 5000\n"
                  "terminate a restart -> ok, expire a@x, allocate a@x\nallocated a -> invite a [jvb]\nafter 5000\n"
                  "terminate a restart -> ok, expire a@x, allocate a@x\nallocated a -> invite a [jvb]\nafter 5000\n"
                  "terminate a restart -> ok, expire a@x, allocate a@x\nallocated a -> invite a [jvb]\nafter 5000\n"
                  "terminate a restart -> ok, expire a@x, allocate a@x\nallocated a -> invite a [jvb]\nafter 40001\n"
                  "terminate a restart -> ok, expire a@x, allocate a@x\n" },
    { "both restart: the bridge keeps the conference",
      TWO_ACTIVE "terminate a restart -> ok, expire a@x, allocate a@x, source-remove b [a:v1,v2,a3]\n"
                 "terminate b restart -> ok, expire b@x, allocate b@x\n" },
    { "the last on a bridge restarts: its conference closes first",
      TWO_ACTIVE "terminate b -> ok, expire b@x, source-remove a [b:a4]\n"
                 "terminate a restart -> ok, expire a@x all, select a, publish 0\nselected x\nexpired x -> create a@x, "
                 "publish 1\nallocated a -> invite a [jvb]\n" },
    { "who ended comes back when all are invited anew",
      TWO_ACTIVE "terminate b -> ok, expire b@x, source-remove a [b:a4]\nterminate a -> ok, expire a@x all, publish 0\n"
                 "came c -> select a\nselected y -> create a@y, allocate b@y, allocate c@y, publish 1\n" },

    /* --- in-place ICE restart --- */
    { "ICE restart", TWO_ACTIVE "ice-restart a -> ok, ice-restart a@x\nrestarted a gen=1 -> transport-info a "
                                "gen=1\ntrickle a -> ok, update a@x a-ice\n" },
    { "ICE restart: the bridge did not", TWO_ACTIVE "ice-restart a -> ok, ice-restart a@x\nrestarted a\n" },
    { "ICE restart: no transport", TWO_ACTIVE "ice-restart a -> ok, ice-restart a@x\nrestarted a none -> expire a@x, "
                                              "terminate a moving, allocate a@x, source-remove b [a:v1,v2,a3]\n" },
    { "ICE restart: old generations",
      TWO_ACTIVE "ice-restart a -> ok, ice-restart a@x\nrestarted a gen=2 -> transport-info a gen=2\nafter 5000\n"
                 "ice-restart a -> ok, ice-restart a@x\nrestarted a gen=2\nrestarted a gen=3\n" },
    { "ICE restart: own budget", TWO_ACTIVE
      "ice-restart a -> ok, ice-restart a@x\nice-restart a -> resource-constraint (rate-limited)\n"
      "terminate a restart -> ok, expire a@x, allocate a@x, source-remove b [a:v1,v2,a3]\nrestarted a gen=1\n" },
    { "ICE restart: wrong bridge session",
      TWO_ACTIVE "ice-restart a elsewhere -> item-not-found\nice-restart a? -> bad-request (no such session)\n" },
    { "ICE failed, the old way", TWO_ACTIVE "ice-failed a -> ok, expire a@x, terminate a moving, allocate a@x, "
                                            "source-remove b [a:v1,v2,a3]\nice-failed a -> item-not-found\n" },
    { "ICE failed elsewhere", TWO_ACTIVE "ice-failed a elsewhere -> ok\ninfo a -> ok\n" },

    /* --- other actions --- */
    { "actions nobody supports",
      TWO_ACTIVE "jingle a content-modify -> feature-not-implemented (Unsupported 'action')\n"
                 "jingle a session-dance -> feature-not-implemented (Unsupported 'action')\njingle a session-initiate "
                 "-> feature-not-implemented (Unsupported 'action')\n"
                 "jingle a transport-replace -> feature-not-implemented (Unsupported 'action')\njingle a "
                 "transport-accept -> ok\njingle a transport-reject -> ok\n" },

    /* --- alone --- */
    { "alone for 20 s", TWO_ACTIVE
      "left b -> expire b@x\nafter 19999\nafter 1 -> expire a@x all, terminate a Idle session timeout, publish 0\n"
      "came c -> select a\nexpired x\nselected x -> create a@x, allocate c@x, publish 1\n" },
    { "not alone for long", TWO_ACTIVE "left b -> expire b@x\nafter 19999\ncame c -> allocate c@x\nafter 20000\n" },
    { "alone while being invited",
      TWO_ASKED "left b -> expire b@x\nafter 20000 -> expire a@x all, publish 0\nallocated a\n" },
    { "alone while waiting for a bridge", TWO_HERE "left b\nafter 20000\nselected x\n" },

    /* --- mute --- */
    { "the owner mutes", TWO_ACTIVE "changed a owner\nmute a b -> ok, mute b by a\nmute b a -> not-allowed\nmute a b "
                                    "off -> not-allowed\nmute b b off -> ok\nmute a a -> ok\n"
                                    "mute a z -> internal-server-error\nmute z a -> internal-server-error\n" },
    { "a moderator mutes", TWO_ACTIVE "changed b moderator\nmute b a -> ok, mute a by b\n" },
    { "who cannot be muted", TWO_ACTIVE "changed a owner\ncame r jibri -> allocate r@x\nmute a r -> not-allowed\ncame "
                                        "j jigasi -> allocate j@x\nmute a j -> not-allowed\n"
                                        "came k jigasi audio-mute -> allocate k@x\nmute a k -> ok, mute k by a\n" },

    /* --- the stream breaks --- */
    { "back in time", TWO_ACTIVE
      "xmpp-lost\nafter 30000\nrequest 5 -> not-ready 5\n"
      "xmpp-back -> update a@x a-ice 3, update b@x b-ice 1, grant a a@meet.example, publish 1\nafter 60000\n" },
    { "one left meanwhile",
      TWO_ACTIVE "xmpp-lost\nleft b -> expire b@x\nxmpp-back -> update a@x a-ice 3, grant a a@meet.example, publish "
                 "1\nafter 20000 -> expire a@x all, terminate a Idle session timeout, publish 0\n" },
    { "not back in time", TWO_ACTIVE "xmpp-lost\nafter 59999\nafter 1 -> expire x, leave, end\n" },
    { "an offer died with it", TWO_INVITED "invited a ok\nxmpp-lost\ninvited b timeout\nxmpp-back -> expire b@x, "
                                           "terminate b moving, allocate b@x, grant a a@meet.example, publish 1\n" },
    { "an allocation died with it",
      TWO_ASKED "allocated a -> invite a [jvb]\ninvited a ok\nxmpp-lost\nalloc-timeout b\nxmpp-back -> expire b@x, "
                "allocate b@x, grant a a@meet.example, publish 1\n" },
    { "lost before joining", "request 1 -> join\nxmpp-lost -> not-ready 1, end\n" },
    { "rejoined: nothing changes", TWO_ACTIVE "xmpp-lost\nroom-joined\nxmpp-back -> update a@x a-ice 3, update b@x "
                                              "b-ice 1, grant a a@meet.example, publish 1\n" },
    { "rejoined without ownership", TWO_ACTIVE "xmpp-lost\nroom-joined not-owner -> expire x, leave, end\n" },
    { "lost twice", TWO_ACTIVE "xmpp-lost\nxmpp-lost\nafter 60000 -> expire x, leave, end\n" },
    { "back without having been away", TWO_ACTIVE "xmpp-back\n" },
};

static void test_script(gconstpointer data)
{
    const ConferenceConfig config = CONFERENCE_CONFIG_DEFAULT;
    ConferenceScript *s = script_new(&config);
    script_run(s, data);
    g_assert_cmpint(script_unanswered(s), ==, 0);
    script_free(s);
}

/* --- other configurations ------------------------------------------------------------------------- */

static void run_with(const ConferenceConfig *config, const char *lines)
{
    ConferenceScript *s = script_new(config);
    script_run(s, lines);
    g_assert_cmpint(script_unanswered(s), ==, 0);
    script_free(s);
}

static void test_batches(void)
{
    ConferenceConfig config = CONFERENCE_CONFIG_DEFAULT;
    config.source_delays[0].size = 2;
    config.source_delays[0].delay_ms = 1000;
    config.source_delays[1].size = 50;
    config.source_delays[1].delay_ms = 5000;
    /* Changes of one period go out together, and what came and went is never told. */
    run_with(
        &config, TWO_INVITED
        "accept a v1 -> ok, update a@x a-ice 1\naccept b -> ok, update b@x b-ice 0, source-add b [a:v1]\n"
        "add a v5 -> update a@x 2, ok\nafter 900\nadd a v6 -> update a@x 3, ok\nremove a v5 -> update a@x 2, ok\n"
        "remove a v1 -> update a@x 1, ok\nafter 99\nafter 1 -> source-remove b [a:v1], source-add b [a:v6]\nafter "
        "5000\n"
        "add a v7 -> update a@x 2, ok\nremove a v7 -> update a@x 1, ok\nafter 1000\n"
        "add a v8 -> update a@x 2, ok\nxmpp-lost\nafter 2000\nxmpp-back -> update a@x a-ice 2, update b@x b-ice 0, "
        "grant a a@meet.example, source-add b [a:v8], publish 1\n");
}

static void test_sender_limits(void)
{
    ConferenceConfig config = CONFERENCE_CONFIG_DEFAULT;
    config.max_audio_senders = 2;
    config.max_video_senders = 1;
    run_with(
        &config, TWO_ASKED
        "allocated a -> invite a [jvb] muted video\nallocated b -> invite b [jvb] muted video\n"
        "accept a v1/m v2/m F1,2 a3 -> ok, update a@x a-ice 3\n"
        "accept b a4 -> ok, update b@x b-ice 1, source-add a [b:a4], source-add b [a:v1,v2,a3]\n"
        "changed a audio=1 video=1 -> publish 1 video-limit\nadd b v9 -> resource-constraint (sender limit reached)\n"
        "add b a9 -> update b@x 2, ok, source-add a [b:a9]\nchanged b audio=1 -> publish 1 audio-limit video-limit\n"
        "add b a10 -> resource-constraint (sender limit reached)\nremove b a9 -> update b@x 1, ok, source-remove a "
        "[b:a9]\n"
        "changed a audio=1 -> publish 1 audio-limit\nadd b v9 -> update b@x 2, ok, source-add a [b:v9]\n"
        "came c -> allocate c@x\nallocated c -> invite c [a:v1,v2,a3 b:v9,a4 jvb] muted audio video\n"
        "terminate c restart -> ok, expire c@x, allocate c@x\nallocated c -> invite c [a:v1,v2,a3 b:v9,a4 jvb]\n");
}

static void test_start_muted_by_request(void)
{
    const ConferenceConfig config = CONFERENCE_CONFIG_DEFAULT;
    run_with(
        &config,
        "request 1 mute=2 -> join\nroom-joined -> ready 1, publish 0\ncame a -> grant a a@meet.example\ncame b -> "
        "select a\n"
        "selected x -> create a@x, allocate b@x, publish 1\nallocated a -> invite a [jvb]\ncame c -> allocate c@x\n"
        "allocated b -> invite b [jvb] muted audio\nallocated c -> invite c [jvb] muted audio\n");
}

static void test_visitors(void)
{
    ConferenceConfig config = CONFERENCE_CONFIG_DEFAULT;
    config.visitors = true;
    run_with(&config, ROOM "came a -> grant a a@meet.example\ncame v visitor -> select a\nselected x -> create a@x, "
                           "allocate v@x, publish 1\n"
                           "allocated v -> invite v [jvb]\naccept v v1 -> forbidden\naccept v -> ok, update v@x v-ice "
                           "0\nadd v v1 -> forbidden\n"
                           "changed a owner\nmute a v -> not-allowed\n");
}

static void test_switches(void)
{
    ConferenceConfig config = CONFERENCE_CONFIG_DEFAULT;
    config.ice_restart = config.auto_owner = config.strip_simulcast = false;
    config.min_participants = 1;
    run_with(&config, ROOM
             "came a json -> select a\nselected x -> create a@x, publish 1\nallocated a -> invite a [jvb]\n"
             "accept a v1/m v2/m S1,2 -> ok, update a@x a-ice 2\nice-restart a -> feature-not-implemented (in-place "
             "ICE restart is disabled)\n"
             "came b -> allocate b@x\nallocated b -> invite b [a:v1,v2 jvb]\nleft b -> expire b@x\nafter 100000\n");
}

/* --- every event in every state ------------------------------------------------------------------- */

static const struct {
    const char *name, *lines;
} states[] = {
    { "new", "" },
    { "joining", "request 1 -> join" },
    { "empty", ROOM },
    { "one", ROOM "came a -> grant a a@meet.example" },
    { "features awaited", ROOM "joined a -> grant a a@meet.example\njoined b" },
    { "selecting", TWO_HERE },
    { "no bridge", TWO_HERE "no-bridge -> publish 0 no-bridge" },
    { "allocating", TWO_ASKED },
    { "pending", TWO_INVITED },
    { "active", TWO_ACTIVE },
    { "one ended", TWO_ACTIVE "terminate a -> ok, expire a@x, source-remove b [a:v1,v2,a3]" },
    { "closing", TWO_ASKED "alloc-error a conflict -> expire x, select a, publish 0\nselected x" },
    { "restarting ice", TWO_ACTIVE "ice-restart a -> ok, ice-restart a@x" },
    { "alone", TWO_ACTIVE "left b -> expire b@x" },
    { "offline", TWO_ACTIVE "xmpp-lost" },
    { "ended", TWO_ACTIVE "shutdown -> expire x, leave, end" },
};

static const char *const events[] = {
    "request 9",
    "room-joined",
    "room-joined not-owner",
    "room-failed",
    "room-lost",
    "not-owner",
    "joined a",
    "joined c",
    "came b json",
    "came c",
    "changed a owner",
    "changed z",
    "left a",
    "left b",
    "left z",
    "left a switching",
    "features a",
    "features b",
    "features z",
    "selected x",
    "selected y",
    "stale selected x",
    "no-bridge",
    "stale no-bridge",
    "bridge-available",
    "bridge-lost x",
    "bridge-lost x reachable",
    "bridge-lost y",
    "allocated a",
    "allocated b no-transport",
    "allocated z",
    "alloc-timeout a",
    "alloc-bad a",
    "alloc-error a bad-request",
    "alloc-error a conflict",
    "alloc-error a item-not-found",
    "alloc-error a service-unavailable graceful_shutdown",
    "update-error a conflict",
    "update-error a item-not-found unknown_endpoint",
    "update-error z item-not-found unknown_endpoint",
    "update-timeout a",
    "restarted a gen=1",
    "restarted a none",
    "restarted z gen=1",
    "expired x",
    "expired y",
    "invited a ok",
    "invited a error",
    "invited a timeout",
    "invited z ok",
    "accept a v21 a22",
    "accept b? v21",
    "accept z v21",
    "accept a v4",
    "add a v31",
    "add b a31",
    "add z v31",
    "remove a v1",
    "remove b v1",
    "info a",
    "trickle a",
    "trickle a none",
    "terminate a",
    "terminate a restart",
    "terminate b elsewhere",
    "terminate z",
    "ice-restart a",
    "ice-restart z",
    "ice-failed a",
    "jingle a content-modify",
    "jingle a session-dance",
    "mute a b",
    "mute b a",
    "mute z a",
    "mute a z",
    "after 0",
    "after 25000",
    "after 70000",
    "xmpp-lost",
    "xmpp-back",
    "shutdown",
};

#define FOLLOWERS 8

/* Whatever comes: everything asked is answered once, nothing follows the end but refusals, and the
 * conference can still be ended. Each event is followed by some others, different ones each time. */
static void test_pairs(gconstpointer data)
{
    const ConferenceConfig config = CONFERENCE_CONFIG_DEFAULT;
    for (guint i = 0; i < G_N_ELEMENTS(events); i++) {
        for (guint k = 0; k < FOLLOWERS; k++) {
            guint j = (i * 11 + k * 7) % G_N_ELEMENTS(events);
            ConferenceScript *s = script_new(&config);
            script_run(s, data);
            g_autofree char *first = script_event(s, events[i]);
            bool over = conference_state(script_conference(s)) == CONF_END;
            g_autofree char *second = script_event(s, events[j]);
            if (over && (strstr(second, "end") || strstr(second, "@x") || strstr(second, "publish")))
                g_error("%s, %s after the end: %s", events[i], events[j], second);
            g_autofree char *last = script_event(s, "shutdown");
            g_assert_cmpint(conference_state(script_conference(s)), ==, CONF_END);
            g_assert_cmpint(conference_next_due_ms(script_conference(s)), ==, -1);
            g_assert_cmpint(script_unanswered(s), ==, 0);
            JsonNode *dump = conference_dump(script_conference(s));
            json_node_unref(dump);
            script_free(s);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(scripts); i++) {
        g_autofree char *path = g_strdup_printf("/conference/%s", scripts[i].name);
        g_test_add_data_func(path, scripts[i].lines, test_script);
    }
    g_test_add_func("/conference/batches of sources", test_batches);
    g_test_add_func("/conference/sender limits", test_sender_limits);
    g_test_add_func("/conference/start muted by request", test_start_muted_by_request);
    g_test_add_func("/conference/visitors", test_visitors);
    g_test_add_func("/conference/switches", test_switches);
    for (guint i = 0; i < G_N_ELEMENTS(states); i++) {
        g_autofree char *path = g_strdup_printf("/conference/every event/%s", states[i].name);
        g_test_add_data_func(path, states[i].lines, test_pairs);
    }
    return g_test_run();
}
