/* SPDX-License-Identifier: Apache-2.0
 *
 * Where many scripts begin: two people in a call over bridge x; a takes JSON, b takes XML. */
#ifndef PLENUM_TESTS_FLOW_CONFERENCE_STORIES_H
#define PLENUM_TESTS_FLOW_CONFERENCE_STORIES_H

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
#define A_LOST(from, to)                                                                                               \
    "allocated a -> invite a [jvb]\n"                                                                                  \
    "alloc-error b conflict -> terminate a moving, expire " from ", select a, publish 0\n"                             \
    "selected " to " -> create a@" to ", allocate b@" to ", publish 1\n"
/* Six bridges refused b and took a's session with them: enough. */
#define TWO_GAVE_UP                                                                                                    \
    TWO_ASKED A_LOST("x", "y") A_LOST("y", "z") A_LOST("z", "u") A_LOST("u", "w")                                      \
        A_LOST("w", "q") "allocated a -> invite a [jvb]\n"                                                             \
                         "alloc-error b conflict -> terminate a moving, expire q, publish 0 no-bridge\n"

#endif
