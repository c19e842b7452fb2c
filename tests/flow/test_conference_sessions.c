/* SPDX-License-Identifier: Apache-2.0
 *
 * Scripts about sessions: accepting, sources, transport, restarts; and what other configurations change. */
#include "tests/flow/conference_script.h"
#include "tests/flow/conference_stories.h"

/* clang-format off */
static const struct {
    const char *name, *lines;
} scripts[] = {
    /* --- session-initiate and session-accept --- */
    { "the offer is refused", TWO_INVITED
      "invited a error -> expire a@x, terminate a jingle session failed\n"
      "accept a v1 -> gone (session ended)\n"
      "allocated a\n" },
    { "no word about the offer", TWO_INVITED
      "invited a timeout\n"
      "accept a v1 -> ok, update a@x a-ice 1\n" },
    { "words about an older offer", TWO_ACTIVE
      "bridge-lost x -> terminate a moving, terminate b moving, select a, publish 0\n"
      "selected y -> create a@y, allocate b@y, publish 1\n"
      "allocated a -> invite a [jvb]\n"
      "invited a' error\n"
      "invited a ok\n" },
    { "accepted without sources", TWO_INVITED
      "accept a -> ok, update a@x a-ice 0\n" },
    { "accepted without transport", TWO_INVITED
      "accept a v1 none -> ok, update a@x 1\n" },
    { "accepted with last-n", TWO_INVITED
      "accept a v1 last-n -> ok, update a@x a-ice 1 last-n=20\n" },
    { "accepted twice", TWO_ACTIVE
      "accept a v9 -> bad-request (session already accepted)\n" },
    { "accepted with a stolen ssrc", TWO_INVITED
      "accept a v1 -> ok, update a@x a-ice 1\n"
      "accept b v1 -> bad-request (SSRC is already used: 1.), expire b@x\n"
      "accept b v2 -> gone (session ended)\n" },
    { "nobody's session", TWO_ACTIVE
      "accept a? v1 -> bad-request (no such session)\n"
      "accept s v1 -> bad-request (no such session)\n" },
    { "another's session", TWO_INVITED
      "accept b@a v1 -> bad-request (no such session)\n"
      "terminate b@a -> bad-request (no such session)\n"
      "accept a v1 -> ok, update a@x a-ice 1\n"
      "add b@a v2 -> bad-request (no such session)\n"
      "remove b@a v1 -> bad-request (no such session)\n"
      "trickle b@a -> bad-request (no such session)\n"
      "info b@a -> bad-request (no such session)\n"
      "ice-restart b@a -> bad-request (no such session)\n"
      "jingle b@a transport-accept -> bad-request (no such session)\n"
      "accept b v2 -> ok, update b@x b-ice 1, source-add a [b:v2], source-add b [a:v1]\n"
      "terminate a@b -> bad-request (no such session)\n" },
    { "a stranger's", TWO_INVITED
      "jingle c session-accept -> bad-request (no such session)\n"
      "jingle c@a session-accept -> bad-request (no such session)\n" },

    /* --- sources --- */
    { "screen shared and hidden again", TWO_ACTIVE
      "add a v7/s v8/s F7,8 -> update a@x 5, ok, source-add b [a:v7,v8]\n"
      "remove a v7/s v8/s F7,8 -> update a@x 3, ok, source-remove b [a:v7,v8]\n" },
    { "simulcast is stripped for others", TWO_INVITED
      "accept a v1/m v2/m v3/m v4/m S1,3 F1,2 F3,4 -> ok, update a@x a-ice 4\n"
      "accept b -> ok, update b@x b-ice 0, source-add b [a:v1,v2]\n" },
    { "nothing added, nothing removed", TWO_ACTIVE
      "add a -> ok\n"
      "remove a -> ok\n" },
    { "bad sources", TWO_ACTIVE
      "add a v4 -> bad-request (SSRC is already used: 4.)\n"
      "remove a v4 -> bad-request (Source does not exist or is not owned by endpoint (ssrc=4).)\n"
      "add a v6/m -> bad-request (MSID is already used: a-m.)\n"
      "add a v900002 -> bad-request (SSRC is already used: 900002.)\n" },
    { "sources before the other accepted", TWO_INVITED
      "accept a v1 -> ok, update a@x a-ice 1\n"
      "add a v5 -> update a@x 2, ok\n"
      "remove a v1 -> update a@x 1, ok\n"
      "accept b -> ok, update b@x b-ice 0, source-add b [a:v5]\n" },
    { "those who left are not removed by name", THREE_ACTIVE
      "left b -> expire b@x\n"
      "add a v9 -> update a@x 4, ok, source-add c [a:v9]\n" },
    { "rewriting receivers hear from the bridge", TWO_ACTIVE
      "came c json rewriting -> allocate c@x\n"
      "allocated c -> invite c [jvb]\n"
      "accept c v5 -> ok, update c@x c-ice 1, source-add a [c:v5], source-add b [c:v5]\n"
      "add a v9 -> update a@x 4, ok, source-add b [a:v9]\n" },
    { "no video for those who take none", TWO_ACTIVE
      "came c json audio-only -> allocate c@x\n"
      "allocated c -> invite c [a:a3 b:a4 jvb]\n"
      "accept c a5 -> ok, update c@x c-ice 1, source-add a [c:a5], source-add b [c:a5]\n"
      "add a v9 -> update a@x 4, ok, source-add b [a:v9]\n" },
    { "an old session's sources", TWO_ACTIVE
      "terminate a restart -> ok, expire a@x, allocate a@x, source-remove b [a:v1,v2,a3]\n"
      "add a v9 -> item-not-found (jingle session no longer active)\n"
      "remove a v1 -> item-not-found (jingle session no longer active)\n" },

    /* --- transport --- */
    { "trickle before and after accepting", TWO_INVITED
      "trickle a -> ok, update a@x a-ice\n"
      "accept a v1 -> ok, update a@x a-ice 1\n"
      "trickle a -> ok, update a@x a-ice\n"
      "trickle a none -> bad-request (missing transport)\n" },

    /* --- terminate and restart --- */
    { "a client ends its session", TWO_ACTIVE
      "terminate a -> ok, expire a@x, source-remove b [a:v1,v2,a3]\n"
      "add a v9 -> gone (session ended)\n"
      "terminate a restart -> gone (session ended)\n" },
    { "a client restarts", TWO_ACTIVE
      "terminate a restart -> ok, expire a@x, allocate a@x, source-remove b [a:v1,v2,a3]\n"
      "allocated a -> invite a [b:a4 jvb]\n"
      "accept a v1/m v2/m F1,2 a3 -> ok, update a@x a-ice 3, source-add b [a:v1,v2,a3]\n"
      "terminate a' restart -> item-not-found (session has been replaced)\n" },
    { "another bridge session is meant", TWO_ACTIVE
      "terminate a elsewhere restart -> item-not-found (not the present bridge session)\n"
      "terminate a silent restart -> item-not-found (not the present bridge session)\n" },
    { "restarting too soon", TWO_ACTIVE
      "terminate a restart -> ok, expire a@x, allocate a@x, source-remove b [a:v1,v2,a3]\n"
      "allocated a -> invite a [b:a4 jvb]\n"
      "after 4999\n"
      "terminate a restart -> resource-constraint (rate-limited), expire a@x\n" },
    { "restarting too often", TWO_INVITED
      "terminate a restart -> ok, expire a@x, allocate a@x\n"
      "allocated a -> invite a [jvb]\n"
      "after 5000\n"
      "terminate a restart -> ok, expire a@x, allocate a@x\n"
      "allocated a -> invite a [jvb]\n"
      "after 5000\n"
      "terminate a restart -> ok, expire a@x, allocate a@x\n"
      "allocated a -> invite a [jvb]\n"
      "after 5000\n"
      "terminate a restart -> ok, expire a@x, allocate a@x\n"
      "allocated a -> invite a [jvb]\n"
      "after 5000\n"
      "terminate a restart -> ok, expire a@x, allocate a@x\n"
      "allocated a -> invite a [jvb]\n"
      "after 5000\n"
      "terminate a restart -> resource-constraint (rate-limited), expire a@x\n" },
    { "the budget refills", TWO_INVITED
      "terminate a restart -> ok, expire a@x, allocate a@x\n"
      "allocated a -> invite a [jvb]\n"
      "after 5000\n"
      "terminate a restart -> ok, expire a@x, allocate a@x\n"
      "allocated a -> invite a [jvb]\n"
      "after 5000\n"
      "terminate a restart -> ok, expire a@x, allocate a@x\n"
      "allocated a -> invite a [jvb]\n"
      "after 5000\n"
      "terminate a restart -> ok, expire a@x, allocate a@x\n"
      "allocated a -> invite a [jvb]\n"
      "after 5000\n"
      "terminate a restart -> ok, expire a@x, allocate a@x\n"
      "allocated a -> invite a [jvb]\n"
      "after 40001\n"
      "terminate a restart -> ok, expire a@x, allocate a@x\n" },
    { "both restart: the bridge keeps the conference", TWO_ACTIVE
      "terminate a restart -> ok, expire a@x, allocate a@x, source-remove b [a:v1,v2,a3]\n"
      "terminate b restart -> ok, expire b@x, allocate b@x\n" },
    { "the last on a bridge restarts: its conference closes first", TWO_ACTIVE
      "terminate b -> ok, expire b@x, source-remove a [b:a4]\n"
      "terminate a restart -> ok, expire a@x all, select a, publish 0\n"
      "selected x\n"
      "expired x -> create a@x, publish 1\n"
      "allocated a -> invite a [jvb]\n" },
    { "who ended comes back when all are invited anew", TWO_ACTIVE
      "terminate b -> ok, expire b@x, source-remove a [b:a4]\n"
      "terminate a -> ok, expire a@x all, publish 0\n"
      "came c -> select a\n"
      "selected y -> create a@y, allocate b@y, allocate c@y, publish 1\n" },

    /* --- in-place ICE restart --- */
    { "ICE restart", TWO_ACTIVE
      "ice-restart a -> ok, ice-restart a@x\n"
      "restarted a gen=1 -> transport-info a gen=1\n"
      "trickle a -> ok, update a@x a-ice\n" },
    { "ICE restart: the bridge did not", TWO_ACTIVE
      "ice-restart a -> ok, ice-restart a@x\n"
      "restarted a\n" },
    { "ICE restart: no transport", TWO_ACTIVE
      "ice-restart a -> ok, ice-restart a@x\n"
      "restarted a none -> expire a@x, terminate a moving, allocate a@x, source-remove b [a:v1,v2,a3]\n" },
    { "ICE restart: old generations", TWO_ACTIVE
      "ice-restart a -> ok, ice-restart a@x\n"
      "restarted a gen=2 -> transport-info a gen=2\n"
      "after 5000\n"
      "ice-restart a -> ok, ice-restart a@x\n"
      "restarted a gen=2\n"
      "restarted a gen=3\n" },
    { "ICE restart: own budget", TWO_ACTIVE
      "ice-restart a -> ok, ice-restart a@x\n"
      "ice-restart a -> resource-constraint (rate-limited)\n"
      "terminate a restart -> ok, expire a@x, allocate a@x, source-remove b [a:v1,v2,a3]\n"
      "restarted a gen=1\n" },
    { "ICE restart: wrong bridge session", TWO_ACTIVE
      "ice-restart a elsewhere -> item-not-found (not the present bridge session)\n"
      "ice-restart a? -> bad-request (no such session)\n" },
    { "ICE failed, the old way", TWO_ACTIVE
      "ice-failed a -> ok, expire a@x, terminate a moving, allocate a@x, source-remove b [a:v1,v2,a3]\n"
      "ice-failed a -> item-not-found (session has been replaced)\n" },
    { "ICE failed elsewhere", TWO_ACTIVE
      "ice-failed a elsewhere -> ok\n"
      "info a -> ok\n" },

    /* --- other actions --- */
    { "actions nobody supports", TWO_ACTIVE
      "jingle a content-modify -> feature-not-implemented (Unsupported 'action')\n"
      "jingle a session-dance -> feature-not-implemented (Unsupported 'action')\n"
      "jingle a session-initiate -> feature-not-implemented (Unsupported 'action')\n"
      "jingle a transport-replace -> feature-not-implemented (Unsupported 'action')\n"
      "jingle a transport-accept -> ok\n"
      "jingle a transport-reject -> ok\n" },

    /* --- the bridge lost an endpoint --- */
    { "invited anew", TWO_ACTIVE
      "endpoint-lost a -> expire a@x, terminate a consent lost, allocate a@x, source-remove b [a:v1,v2,a3]\n"
      "allocated a -> invite a [b:a4 jvb]\n"
      "accept a v1/m v2/m F1,2 a3 -> ok, update a@x a-ice 3, source-add b [a:v1,v2,a3]\n" },
    { "invited and lost", TWO_INVITED
      "endpoint-lost a nameless -> expire a@x, terminate a consent lost, allocate a@x\n" },
    { "the last one on the bridge is lost", TWO_ACTIVE
      "left b -> expire b@x\n"
      "endpoint-lost a -> expire a@x all, terminate a consent lost, select a, publish 0\n"
      "selected x\n"
      "expired x -> create a@x, publish 1\n" },
    { "lost on another bridge, or an endpoint before", TWO_ACTIVE
      "endpoint-lost a elsewhere\n"
      "endpoint-lost a older\n"
      "endpoint-lost z\n" },
    { "lost when it is gone already", TWO_ACTIVE
      "terminate a -> ok, expire a@x, source-remove b [a:v1,v2,a3]\n"
      "endpoint-lost a\n" },
    { "lost while it moves", TWO_ASKED
      "endpoint-lost a\n" },
    { "lost again and again", TWO_ACTIVE
      "endpoint-lost b -> expire b@x, terminate b consent lost, allocate b@x, source-remove a [b:a4]\n"
      "allocated b -> invite b [a:v1,v2,a3 jvb]\n"
      "endpoint-lost b -> expire b@x, terminate b consent lost, allocate b@x\n"
      "allocated b -> invite b [a:v1,v2,a3 jvb]\n"
      "endpoint-lost b -> expire b@x, terminate b consent lost, allocate b@x\n"
      "allocated b -> invite b [a:v1,v2,a3 jvb]\n"
      "endpoint-lost b -> expire b@x, terminate b consent lost, allocate b@x\n"
      "allocated b -> invite b [a:v1,v2,a3 jvb]\n"
      "endpoint-lost b -> expire b@x, terminate b consent lost, allocate b@x\n"
      "allocated b -> invite b [a:v1,v2,a3 jvb]\n"
      "endpoint-lost b -> expire b@x, terminate b consent lost\n"
      "accept b a4 -> gone (session ended)\n"
      "endpoint-lost b\n" },
};
/* clang-format on */

static void test_script(gconstpointer lines)
{
    script_play(NULL, lines);
}

/* --- other configurations ------------------------------------------------------------------------- */

/* clang-format off */
static void test_batches(void)
{
    ConferenceConfig config = CONFERENCE_CONFIG_DEFAULT;
    config.source_delays[0].size = 2;
    config.source_delays[0].delay_ms = 1000;
    config.source_delays[1].size = 50;
    config.source_delays[1].delay_ms = 5000;
    /* Changes of one period go out together, and what came and went is never told. */
    script_play(&config, TWO_INVITED
             "accept a v1 -> ok, update a@x a-ice 1\n"
             "accept b -> ok, update b@x b-ice 0, source-add b [a:v1]\n"
             "add a v5 -> update a@x 2, ok\n"
             "after 900\n"
             "add a v6 -> update a@x 3, ok\n"
             "remove a v5 -> update a@x 2, ok\n"
             "remove a v1 -> update a@x 1, ok\n"
             "after 99\n"
             "after 1 -> source-remove b [a:v1], source-add b [a:v6]\n"
             "after 5000\n"
             "add a v7 -> update a@x 2, ok\n"
             "remove a v7 -> update a@x 1, ok\n"
             "after 1000\n"
             "add a v8 -> update a@x 2, ok\n"
             "xmpp-lost\n"
             "after 2000\n"
             "xmpp-back -> update a@x a-ice 2, update b@x b-ice 0, grant a a@meet.example, source-add b [a:v8], publish 1\n"
             "add a v9 -> update a@x 3, ok\n"
             "terminate a -> ok, expire a@x\n"
             "left a -> grant b b@meet.example\n"
             "after 1000\n");
}

static void test_sender_limits(void)
{
    ConferenceConfig config = CONFERENCE_CONFIG_DEFAULT;
    config.max_audio_senders = 2;
    config.max_video_senders = 1;
    script_play(&config, TWO_ASKED
             "allocated a -> invite a [jvb] muted video\n"
             "allocated b -> invite b [jvb] muted video\n"
             "accept a v1/m v2/m F1,2 a3 -> ok, update a@x a-ice 3\n"
             "accept b a4 -> ok, update b@x b-ice 1, source-add a [b:a4], source-add b [a:v1,v2,a3]\n"
             "changed a audio=1 video=1 -> publish 1 video-limit\n"
             "add b v9 -> resource-constraint (sender limit reached)\n"
             "add b a9 -> update b@x 2, ok, source-add a [b:a9]\n"
             "changed b audio=1 -> publish 1 audio-limit video-limit\n"
             "add b a10 -> resource-constraint (sender limit reached)\n"
             "remove b a9 -> update b@x 1, ok, source-remove a [b:a9]\n"
             "changed a audio=1 -> publish 1 audio-limit\n"
             "add b v9 -> update b@x 2, ok, source-add a [b:v9]\n"
             "came c -> allocate c@x\n"
             "allocated c -> invite c [a:v1,v2,a3 b:v9,a4 jvb] muted audio video\n"
             "terminate c restart -> ok, expire c@x, allocate c@x\n"
             "allocated c -> invite c [a:v1,v2,a3 b:v9,a4 jvb]\n");
}

static void test_start_muted_by_request(void)
{
    const ConferenceConfig config = CONFERENCE_CONFIG_DEFAULT;
    script_play(&config, "request 1 mute=2 -> join\n"
             "room-joined -> ready 1, publish 0\n"
             "came a -> grant a a@meet.example\n"
             "came b -> select a\n"
             "selected x -> create a@x, allocate b@x, publish 1\n"
             "allocated a -> invite a [jvb]\n"
             "came c -> allocate c@x\n"
             "allocated b -> invite b [jvb] muted audio\n"
             "allocated c -> invite c [jvb] muted audio\n");
}

static void test_visitors(void)
{
    ConferenceConfig config = CONFERENCE_CONFIG_DEFAULT;
    config.visitors = true;
    script_play(&config, ROOM
             "came a -> grant a a@meet.example\n"
             "came v visitor -> select a\n"
             "selected x -> create a@x, allocate v@x, publish 1\n"
             "allocated v -> invite v [jvb]\n"
             "accept v v1 -> forbidden (visitors send nothing)\n"
             "accept v -> ok, update v@x v-ice 0\n"
             "add v v1 -> forbidden (visitors send nothing)\n"
             "changed a owner\n"
             "mute a v -> not-allowed (cannot be muted)\n");
}

static void test_switches(void)
{
    ConferenceConfig config = CONFERENCE_CONFIG_DEFAULT;
    config.ice_restart = config.auto_owner = config.strip_simulcast = false;
    config.min_participants = 1;
    script_play(&config, ROOM
             "came a json -> select a\n"
             "selected x -> create a@x, publish 1\n"
             "allocated a -> invite a [jvb]\n"
             "accept a v1/m v2/m S1,2 -> ok, update a@x a-ice 2\n"
             "ice-restart a -> feature-not-implemented (in-place ICE restart is disabled)\n"
             "came b -> allocate b@x\n"
             "allocated b -> invite b [a:v1,v2 jvb]\n"
             "left b -> expire b@x\n"
             "after 100000\n");
}

/* clang-format on */

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(scripts); i++) {
        g_autofree char *path = g_strdup_printf("/conference/sessions/%s", scripts[i].name);
        g_test_add_data_func(path, scripts[i].lines, test_script);
    }
    g_test_add_func("/conference/batches of sources", test_batches);
    g_test_add_func("/conference/sender limits", test_sender_limits);
    g_test_add_func("/conference/start muted by request", test_start_muted_by_request);
    g_test_add_func("/conference/visitors", test_visitors);
    g_test_add_func("/conference/switches", test_switches);
    return g_test_run();
}
