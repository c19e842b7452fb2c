/* SPDX-License-Identifier: Apache-2.0
 *
 * The conference told as scripts (conference_script.h explains the words): the room, who comes and goes,
 * bridges that come, fail and vanish, the stream that breaks. */
#include "tests/flow/conference_script.h"
#include "tests/flow/conference_stories.h"

/* clang-format off */
static const struct {
    const char *name, *lines;
} scripts[] = {
    { "two meet, talk and part", TWO_ACTIVE
      "invited a ok\n"
      "left a -> expire a@x, grant b b@meet.example\n"
      "left b -> expire b@x all, leave, end\n" },
    { "a third comes and goes", THREE_ACTIVE
      "left c -> expire c@x\n" },

    /* --- room --- */
    { "requests wait for the join",
      "request 1 -> join\n"
      "request 2\n"
      "request 3\n"
      "room-joined -> ready 1, ready 2, ready 3, publish 0\n"
      "request 4 -> ready 4\n" },
    { "join refused",
      "request 1 -> join\n"
      "request 2\n"
      "room-failed -> not-ready 1, not-ready 2, leave, end\n"
      "request 3 -> not-ready 3\n" },
    { "join times out",
      "request 1 -> join\n"
      "after 9999\n"
      "after 1 -> not-ready 1, leave, end\n" },
    { "joined but not owner",
      "request 1 -> join\n"
      "room-joined not-owner -> not-ready 1, leave, end\n" },
    { "ownership lost", TWO_ACTIVE
      "not-owner -> expire x, leave, end\n" },
    { "room destroyed", TWO_ACTIVE
      "room-lost -> expire x, end\n" },
    { "shutdown", TWO_ACTIVE
      "shutdown -> expire x, leave, end\n" },
    { "shutdown before anything",
      "shutdown -> end\n" },
    { "nobody comes", ROOM
      "after 14999\n"
      "after 1 -> leave, end\n" },
    { "a request re-arms the wait", ROOM
      "after 14000\n"
      "request 2 -> ready 2\n"
      "after 14999\n"
      "after 1 -> leave, end\n" },
    { "somebody comes in time", ROOM
      "after 14000\n"
      "joined a -> grant a a@meet.example\n"
      "after 60000\n" },
    { "moving to a breakout room keeps the room", ROOM
      "joined a -> grant a a@meet.example\n"
      "left a switching\n"
      "after 14999\n"
      "after 1 -> leave, end\n" },
    { "last one leaves", ROOM
      "joined a -> grant a a@meet.example\n"
      "left a -> leave, end\n" },
    { "occupants before our join is done",
      "request 1 -> join\n"
      "came a\n"
      "came b\n"
      "room-joined -> ready 1, grant a a@meet.example, select a, publish 0\n" },

    /* --- owner --- */
    { "an owner is there already", ROOM
      "joined a owner\n"
      "joined b\n"
      "left a -> grant b b@meet.example\n" },
    { "jibri and visitors never own", ROOM
      "joined r jibri\n"
      "joined v visitor\n"
      "joined a -> grant a a@meet.example\n" },
    { "the real address comes later", ROOM
      "joined a nojid\n"
      "changed a -> grant a a@meet.example\n"
      "changed a\n"
      "changed a owner\n"
      "changed a\n" },
    { "breakout rooms have their own owner",
      "request 1 -> join\n"
      "room-joined breakout -> ready 1, publish 0\n"
      "joined a\n" },

    /* --- inviting --- */
    { "features are awaited", ROOM
      "joined a -> grant a a@meet.example\n"
      "joined b\n"
      "features b -> select b\n"
      "features a\n"
      "selected x -> create a@x, allocate b@x, publish 1\n" },
    { "features count once", TWO_ACTIVE
      "features a rewriting\n" },
    { "one alone is not invited", ROOM
      "came a -> grant a a@meet.example\n"
      "after 100000\n" },
    { "jibri counts and is invited", ROOM
      "came a -> grant a a@meet.example\n"
      "came r jibri -> select a\n"
      "selected x -> create a@x, allocate r@x, publish 1\n" },
    { "visitors count but are not invited", ROOM
      "came a -> grant a a@meet.example\n"
      "came v visitor -> select a\n"
      "selected x -> create a@x, publish 1\n"
      "changed v\n"
      "changed v owner\n" },
    { "region goes to the selection", ROOM
      "came a region=eu -> grant a a@meet.example\n"
      "came b region=us -> select a eu\n" },
    { "who left is not allocated", TWO_HERE
      "left a -> grant b b@meet.example\n"
      "selected x -> create b@x, publish 1\n" },
    { "nobody waits any more", TWO_HERE
      "left a -> grant b b@meet.example\n"
      "after 20000\n"
      "selected x\n" },
    { "stale selections", TWO_HERE
      "stale selected y\n"
      "stale no-bridge\n"
      "selected x -> create a@x, allocate b@x, publish 1\n"
      "selected y\n"
      "no-bridge\n" },
    { "no data channel wanted", ROOM
      "came a -> grant a a@meet.example\n"
      "came b no-sctp -> select a\n"
      "selected x -> create a@x, allocate b@x, publish 1\n"
      "allocated b no-sctp -> invite b [jvb]\n"
      "allocated a no-sctp -> mark x failed, expire a@x\n" },

    /* --- no bridge --- */
    { "no bridge, then one", TWO_HERE
      "no-bridge -> publish 0 no-bridge\n"
      "bridge-available -> select a\n"
      "selected x -> create a@x, allocate b@x, publish 1\n" },
    { "no bridge, nobody waits", TWO_HERE
      "left b\n"
      "left a -> leave, end\n"
      "no-bridge\n" },
    { "no bridge for the newcomer either", TWO_HERE
      "no-bridge -> publish 0 no-bridge\n"
      "came c -> select a\n"
      "no-bridge\n" },
    { "available when nobody wants", TWO_ACTIVE
      "bridge-available\n" },

    /* --- allocation fails --- */
    { "allocation times out", TWO_ASKED
      "alloc-timeout a -> mark x failed, expire x, select a, publish 0\n"
      "alloc-timeout b\n"
      "selected y -> create a@y, allocate b@y, publish 1\n" },
    { "bad request fails this invitation", TWO_ASKED
      "alloc-error a bad-request -> expire a@x\n"
      "allocated b -> invite b [jvb]\n"
      "bridge-available\n" },
    { "the conference is unknown there", TWO_ASKED
      "alloc-error a item-not-found conference_not_found -> select a, publish 0\n"
      "selected x -> create a@x, allocate b@x, publish 1\n" },
    { "the bridge left the room", TWO_ASKED
      "alloc-error a item-not-found -> expire a@x\n"
      "alloc-error b item-not-found -> expire b@x all, publish 0\n"
      "bridge-lost x -> select a\n"
      "selected y -> create a@y, allocate b@y, publish 1\n" },
    { "another unknown", TWO_ASKED
      "alloc-error a item-not-found unspecified -> mark x failed, expire x, select a, publish 0\n" },
    { "conflict without reason", TWO_ASKED
      "alloc-error a conflict -> expire x, select a, publish 0\n"
      "selected x\n"
      "expired x -> create a@x, allocate b@x, publish 1\n" },
    { "conference exists already", TWO_ASKED
      "alloc-error a conflict conference_already_exists -> expire x, select a, publish 0\n"
      "selected x\n"
      "expired x -> create a@x, allocate b@x, publish 1\n" },
    { "graceful shutdown", TWO_ASKED
      "alloc-error a service-unavailable graceful_shutdown -> mark x graceful, expire x, select a, publish 0\n" },
    { "service unavailable", TWO_ASKED
      "alloc-error a service-unavailable -> mark x failed, expire x, select a, publish 0\n" },
    { "no room for one more concerns nobody else", TWO_ACTIVE
      "came c json -> allocate c@x\n"
      "alloc-error c resource-constraint -> expire c@x\n"
      "info a -> ok\n"
      "add b v7 -> update b@x 2, ok, source-add a [b:v7]\n"
      "bridge-available\n"
      "after 14999\n"
      "after 1 -> allocate c@x\n"
      "alloc-error c resource-constraint -> expire c@x\n"
      "after 15000 -> allocate c@x\n"
      "allocated c -> invite c [a:v1,v2,a3 b:v7,a4 jvb]\n"
      "after 15000\n" },
    { "who leaves makes room for one", THREE_ACTIVE
      "came d json -> allocate d@x\n"
      "came e json -> allocate e@x\n"
      "alloc-error d resource-constraint -> expire d@x\n"
      "alloc-error e resource-constraint -> expire e@x\n"
      "left c -> expire c@x, allocate d@x\n"
      "allocated d -> invite d [a:v1,v2,a3 b:a4 jvb], allocate e@x\n"
      "alloc-error e resource-constraint -> expire e@x\n"
      "left e\n"
      "after 20000\n" },
    { "no room for a conference", TWO_ASKED
      "alloc-error a resource-constraint -> mark x full, expire x, select a, publish 0\n"
      "alloc-error b item-not-found conference_not_found\n"
      "selected y -> create a@y, allocate b@y, publish 1\n" },
    { "no room on any bridge is tried again", TWO_ASKED
      "alloc-error a resource-constraint -> mark x full, expire x, select a, publish 0\n"
      "no-bridge -> publish 0 no-bridge\n"
      "after 15000 -> select a\n"
      "no-bridge\n"
      "after 15000 -> select a\n"
      "expired x\n"
      "selected x -> create a@x, allocate b@x, publish 1\n"
      "allocated a -> invite a [jvb]\n"
      "allocated b -> invite b [jvb]\n"
      "after 15000\n" },
    { "no room, then no bridge", TWO_ACTIVE
      "came c json -> allocate c@x\n"
      "alloc-error c resource-constraint -> expire c@x\n"
      "bridge-lost x -> terminate a moving, terminate b moving, select a, publish 0\n"
      "selected y -> create a@y, allocate b@y, allocate c@y, publish 1\n" },
    { "no room, and everybody else leaves", TWO_ACTIVE
      "came c json -> allocate c@x\n"
      "came d json -> allocate d@x\n"
      "alloc-error c resource-constraint -> expire c@x\n"
      "alloc-error d resource-constraint -> expire d@x\n"
      "left a -> expire a@x, allocate c@x, grant b b@meet.example\n"
      "alloc-error c resource-constraint -> expire c@x\n"
      "left b -> expire b@x all, select c, grant c c@meet.example, publish 0\n"
      "selected x\n"
      "expired x -> create c@x, allocate d@x, publish 1\n" },
    { "no room while the stream is gone", TWO_ACTIVE
      "came c json -> allocate c@x\n"
      "alloc-error c resource-constraint -> expire c@x\n"
      "xmpp-lost\n"
      "after 20000\n"
      "xmpp-back -> update a@x a-ice 3, update b@x b-ice 1, grant a a@meet.example, publish 1\n"
      "after 1 -> allocate c@x\n" },
    { "an update the bridge has no room for concerns its sender only", TWO_ACTIVE
      "update-error b resource-constraint -> expire b@x, terminate b moving, allocate b@x, source-remove a [b:a4]\n" },
    { "any other error", TWO_ASKED
      "alloc-error a internal-server-error -> mark x failed, expire x, select a, publish 0\n" },
    { "unreadable result", TWO_ASKED
      "alloc-bad a -> mark x failed, expire a@x\n" },
    { "result without transport", TWO_ASKED
      "allocated a no-transport -> mark x failed, expire a@x\n" },
    { "result without data channel", TWO_ASKED
      "allocated a no-sctp -> mark x failed, expire a@x\n" },
    { "result with the wrong setup", TWO_ASKED
      "allocated a passive -> mark x failed, expire a@x\n" },
    { "failing for ever is not tried for ever", TWO_ASKED
      "alloc-error a conflict -> expire x, select a, publish 0\n"
      "selected y -> create a@y, allocate b@y, publish 1\n"
      "alloc-error a conflict -> expire y, select a, publish 0\n"
      "selected z -> create a@z, allocate b@z, publish 1\n"
      "alloc-error a conflict -> expire z, select a, publish 0\n"
      "selected u -> create a@u, allocate b@u, publish 1\n"
      "alloc-error a conflict -> expire u, select a, publish 0\n"
      "selected w -> create a@w, allocate b@w, publish 1\n"
      "alloc-error a conflict -> expire w, select a, publish 0\n"
      "selected q -> create a@q, allocate b@q, publish 1\n"
      "alloc-error a conflict -> expire q, publish 0 no-bridge\n"
      "after 60001\n"
      "bridge-available -> select a\n" },
    { "who gave up has no session left to accept", TWO_GAVE_UP
      "accept a v1 -> gone (session has been replaced)\n"
      "add a v1 -> item-not-found (jingle session no longer active)\n"
      "bridge-available -> select a\n"
      "selected p -> create a@p, allocate b@p, publish 1\n"
      "allocated a -> invite a [jvb]\n"
      "accept a v1 -> ok, update a@p a-ice 1\n" },
    { "allocated after leaving", TWO_ASKED
      "left a -> expire a@x, grant b b@meet.example\n"
      "allocated a\n"
      "alloc-error a conflict\n" },
    { "the nick is reused", TWO_ACTIVE
      "came b json -> expire b@x, allocate b@x\n"
      "allocated b -> invite b [a:v1,v2,a3 jvb]\n" },

    /* --- bridges lost --- */
    { "bridge lost", TWO_ACTIVE
      "bridge-lost x -> terminate a moving, terminate b moving, select a, publish 0\n"
      "accept a v1 -> gone (session has been replaced)\n"
      "selected y -> create a@y, allocate b@y, publish 1\n"
      "allocated a -> invite a [jvb]\n"
      "allocated b -> invite b [jvb]\n"
      "accept a' v1 -> gone (session has been replaced)\n"
      "accept a v1 -> ok, update a@y a-ice 1\n" },
    { "bridge shuts down", TWO_ACTIVE
      "bridge-lost x reachable -> terminate a moving, terminate b moving, expire x, select a, publish 0\n" },
    { "another bridge is lost", TWO_ACTIVE
      "bridge-lost y\n" },
    { "lost while allocating", TWO_ASKED
      "bridge-lost x -> select a, publish 0\n"
      "allocated a\n"
      "selected y -> create a@y, allocate b@y, publish 1\n" },
    { "the bridge to come is lost while the old conference closes there", TWO_ASKED
      "alloc-error a conflict -> expire x, select a, publish 0\n"
      "selected x\n"
      "bridge-lost x -> select a\n"
      "expired x\n"
      "selected y -> create a@y, allocate b@y, publish 1\n" },

    /* --- updates fail --- */
    { "the bridge forgot one endpoint", TWO_ACTIVE
      "update-error b item-not-found unknown_endpoint -> terminate b moving, allocate b@x, source-remove a [b:a4]\n" },
    { "the bridge forgot the conference", TWO_ACTIVE
      "update-error b item-not-found conference_not_found -> terminate a moving, terminate b moving, select a, publish 0\n" },
    { "any other update error", TWO_ACTIVE
      "update-error b internal-server-error -> terminate a moving, terminate b moving, expire x, select a, publish 0\n" },
    { "a refused update concerns its sender only", TWO_ACTIVE
      "update-error b bad-request -> expire b@x, terminate b moving, allocate b@x, source-remove a [b:a4]\n"
      "update-error b bad-request\n"
      "allocated b -> invite b [a:v1,v2,a3 jvb]\n"
      "update-error b bad-request\n" },
    { "who is refused for ever is not invited for ever", TWO_ACTIVE
      "update-error b bad-request -> expire b@x, terminate b moving, allocate b@x, source-remove a [b:a4]\n"
      "allocated b -> invite b [a:v1,v2,a3 jvb]\n"
      "accept b a4 -> ok, update b@x b-ice 1, source-add a [b:a4]\n"
      "update-error b bad-request -> expire b@x, terminate b moving, allocate b@x, source-remove a [b:a4]\n"
      "allocated b -> invite b [a:v1,v2,a3 jvb]\n"
      "accept b a4 -> ok, update b@x b-ice 1, source-add a [b:a4]\n"
      "update-error b bad-request -> expire b@x, terminate b moving, allocate b@x, source-remove a [b:a4]\n"
      "allocated b -> invite b [a:v1,v2,a3 jvb]\n"
      "accept b a4 -> ok, update b@x b-ice 1, source-add a [b:a4]\n"
      "update-error b bad-request -> expire b@x, terminate b moving, allocate b@x, source-remove a [b:a4]\n"
      "allocated b -> invite b [a:v1,v2,a3 jvb]\n"
      "accept b a4 -> ok, update b@x b-ice 1, source-add a [b:a4]\n"
      "update-error b bad-request -> expire b@x, terminate b moving, allocate b@x, source-remove a [b:a4]\n"
      "allocated b -> invite b [a:v1,v2,a3 jvb]\n"
      "accept b a4 -> ok, update b@x b-ice 1, source-add a [b:a4]\n"
      "update-error b bad-request -> expire b@x, terminate b the bridge refuses this session, source-remove a [b:a4]\n"
      "accept b a4 -> gone (session ended)\n" },
    { "the name of the bridge", ROOM
      "came a json -> grant a a@meet.example\n"
      "came jvb -> select a\n"
      "selected x -> create a@x, publish 1\n" },
    { "an update times out", TWO_ACTIVE
      "update-timeout b\n" },
    { "an update of an older session", TWO_ACTIVE
      "bridge-lost x -> terminate a moving, terminate b moving, select a, publish 0\n"
      "update-error b conflict\n"
      "selected x -> create a@x, allocate b@x, publish 1\n"
      "update-error b conflict\n" },
    /* --- alone --- */
    { "alone for 20 s", TWO_ACTIVE
      "left b -> expire b@x\n"
      "after 19999\n"
      "after 1 -> expire a@x all, terminate a Idle session timeout, publish 0\n"
      "came c -> select a\n"
      "expired x\n"
      "selected x -> create a@x, allocate c@x, publish 1\n" },
    { "not alone for long", TWO_ACTIVE
      "left b -> expire b@x\n"
      "after 19999\n"
      "came c -> allocate c@x\n"
      "after 20000\n" },
    { "alone while being invited", TWO_ASKED
      "left b -> expire b@x\n"
      "after 20000 -> expire a@x all, publish 0\n"
      "allocated a\n" },
    { "alone while waiting for a bridge", TWO_HERE
      "left b\n"
      "after 20000\n"
      "selected x\n" },

    /* --- mute --- */
    { "the owner mutes", TWO_ACTIVE
      "changed a owner\n"
      "mute a b -> ok, mute b by a\n"
      "mute b a -> not-allowed (moderators only)\n"
      "mute a b off -> not-allowed (people unmute themselves)\n"
      "mute b b off -> ok\n"
      "mute a a -> ok\n"
      "mute a z -> internal-server-error (who is meant is not in the call)\n"
      "mute z a -> internal-server-error (who asks is not in the call)\n" },
    { "a moderator mutes", TWO_ACTIVE
      "changed b moderator\n"
      "mute b a -> ok, mute a by b\n" },
    { "who cannot be muted", TWO_ACTIVE
      "changed a owner\n"
      "came r jibri -> allocate r@x\n"
      "mute a r -> not-allowed (cannot be muted)\n"
      "came j jigasi -> allocate j@x\n"
      "mute a j -> not-allowed (cannot be muted)\n"
      "came k jigasi audio-mute -> allocate k@x\n"
      "mute a k -> ok, mute k by a\n" },

    /* --- the stream breaks --- */
    { "back in time", TWO_ACTIVE
      "xmpp-lost\n"
      "after 30000\n"
      "request 5 -> not-ready 5\n"
      "xmpp-back -> update a@x a-ice 3, update b@x b-ice 1, grant a a@meet.example, publish 1\n"
      "after 60000\n" },
    { "one left meanwhile", TWO_ACTIVE
      "xmpp-lost\n"
      "left b -> expire b@x\n"
      "xmpp-back -> update a@x a-ice 3, grant a a@meet.example, publish 1\n"
      "after 20000 -> expire a@x all, terminate a Idle session timeout, publish 0\n" },
    { "not back in time", TWO_ACTIVE
      "xmpp-lost\n"
      "after 59999\n"
      "after 1 -> expire x, leave, end\n" },
    { "an offer died with it", TWO_INVITED
      "invited a ok\n"
      "xmpp-lost\n"
      "invited b timeout\n"
      "xmpp-back -> expire b@x, terminate b moving, allocate b@x, grant a a@meet.example, publish 1\n" },
    { "an allocation died with it", TWO_ASKED
      "allocated a -> invite a [jvb]\n"
      "invited a ok\n"
      "xmpp-lost\n"
      "alloc-timeout b\n"
      "xmpp-back -> expire b@x, allocate b@x, grant a a@meet.example, publish 1\n" },
    { "lost before joining",
      "request 1 -> join\n"
      "xmpp-lost -> not-ready 1, end\n" },
    { "rejoined: nothing changes", TWO_ACTIVE
      "xmpp-lost\n"
      "room-joined\n"
      "xmpp-back -> update a@x a-ice 3, update b@x b-ice 1, grant a a@meet.example, publish 1\n" },
    { "rejoined without ownership", TWO_ACTIVE
      "xmpp-lost\n"
      "room-joined not-owner -> expire x, leave, end\n" },
    { "lost twice", TWO_ACTIVE
      "xmpp-lost\n"
      "xmpp-lost\n"
      "after 60000 -> expire x, leave, end\n" },
    { "back without having been away", TWO_ACTIVE
      "xmpp-back\n" },
};
/* clang-format on */

static void test_script(gconstpointer lines)
{
    script_play(NULL, lines);
}

/* So many requests of one member, then so many a second; others are not affected, and it recovers. */
static void test_request_budget(void)
{
    const ConferenceConfig config = CONFERENCE_CONFIG_DEFAULT;
    ConferenceScript *s = script_new(&config);
    script_run(s, TWO_ACTIVE);
    for (guint i = 1; i < config.request_burst; i++) /* one was the accept */
        script_run(s, i % 2 ? "info a -> ok\n" : "mute a b -> not-allowed (moderators only)\n");
    script_run(s, "info a -> resource-constraint (too many requests)\n"
                  "mute a b -> resource-constraint (too many requests)\n"
                  "terminate a -> resource-constraint (too many requests)\n"
                  "info b -> ok\n"
                  "after 50\n"
                  "info a -> ok\n"
                  "info a -> resource-constraint (too many requests)\n"
                  "left a -> expire a@x, grant b b@meet.example\n");
    g_assert_cmpint(script_unanswered(s), ==, 0);
    script_free(s);
}

/* So many joins of one user are invited, then so many a minute; others are not affected, nor are gateways. */
static void test_join_budget(void)
{
    const ConferenceConfig config = CONFERENCE_CONFIG_DEFAULT;
    ConferenceScript *s = script_new(&config);
    script_run(s, TWO_ACTIVE);
    for (guint i = 0; i < config.invite_burst; i++)
        script_run(s, "came c json -> allocate c@x\n"
                      "left c -> expire c@x\n");
    script_run(s, "came c json\n"
                  "came d json -> allocate d@x\n"
                  "features c\n"
                  "left c\n"
                  "came c json\n"
                  "after 5000\n"
                  "after 1 -> allocate c@x\n"
                  "allocated c -> invite c [a:v1,v2,a3 b:a4 jvb]\n"
                  "left c -> expire c@x\n"
                  "came c jigasi -> allocate c@x\n"
                  "left c -> expire c@x\n"
                  "came c json\n"
                  "xmpp-lost\n"
                  "after 20000\n"
                  "xmpp-back -> update a@x a-ice 3, update b@x b-ice 1, expire d@x, allocate d@x, "
                  "grant a a@meet.example, publish 1\n"
                  "after 1 -> allocate c@x\n");
    g_assert_cmpint(script_unanswered(s), ==, 0);
    g_assert_cmpuint(conference_put_off(script_conference(s)).over_budget, ==, 3);
    g_assert_cmpuint(conference_put_off(script_conference(s)).no_room, ==, 0);
    script_free(s);
}

/* Each answer of a bridge without room counts. */
static void test_no_room_is_counted(void)
{
    const ConferenceConfig config = CONFERENCE_CONFIG_DEFAULT;
    ConferenceScript *s = script_new(&config);
    script_run(s, TWO_ACTIVE "came c json -> allocate c@x\n"
                             "alloc-error c resource-constraint -> expire c@x\n"
                             "after 15000 -> allocate c@x\n"
                             "alloc-error c resource-constraint -> expire c@x\n");
    g_assert_cmpuint(conference_put_off(script_conference(s)).no_room, ==, 2);
    g_assert_cmpuint(conference_put_off(script_conference(s)).over_budget, ==, 0);
    script_free(s);
}

/* The room may hold more; they are no members. */
static void test_member_limit(void)
{
    const ConferenceConfig config = CONFERENCE_CONFIG_DEFAULT;
    ConferenceScript *s = script_new(&config);
    script_run(s, ROOM);
    for (guint i = 0; i <= CONFERENCE_MAX_MEMBERS; i++) {
        g_autofree char *event = g_strdup_printf("joined m%u", i);
        g_autofree char *actions = script_event(s, event);
    }
    g_assert_cmpuint(conference_n_members(script_conference(s)), ==, CONFERENCE_MAX_MEMBERS);
    g_autofree char *event = g_strdup_printf("features m%u", CONFERENCE_MAX_MEMBERS);
    g_autofree char *nothing = script_event(s, event);
    g_assert_cmpstr(nothing, ==, "-");
    script_free(s);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(scripts); i++) {
        g_autofree char *path = g_strdup_printf("/conference/%s", scripts[i].name);
        g_test_add_data_func(path, scripts[i].lines, test_script);
    }
    g_test_add_func("/conference/request budget", test_request_budget);
    g_test_add_func("/conference/who comes and goes", test_join_budget);
    g_test_add_func("/conference/no room is counted", test_no_room_is_counted);
    g_test_add_func("/conference/member limit", test_member_limit);
    return g_test_run();
}
