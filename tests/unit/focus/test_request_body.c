/* SPDX-License-Identifier: Apache-2.0 */
#include "focus/request_body.h"

#include <string.h>
#include "tests/fakes/rows.h"

typedef struct {
    const char *name, *text;
    bool readable;
    const char *room, *machine_uid;
    bool rtcstats;
    int audio, video;
} Case;

#define BAD .readable = false, .rtcstats = true

static const Case cases[] = {
    { "room", "{\"room\":\"r@c\"}", true, "r@c", NULL, true, 0, 0 },
    { "all",
      "{\"room\":\"r@c\",\"machineUid\":\"m\",\"properties\":{\"startAudioMuted\":10,\"startVideoMuted\":\"20\","
      "\"rtcstatsEnabled\":false,\"other\":1.5,\"n\":null}}",
      true, "r@c", "m", false, 10, 20 },
    { "limits out of range",
      "{\"properties\":{\"startAudioMuted\":-1,\"startVideoMuted\":100001,\"rtcstatsEnabled\":\"no\"}}", true, NULL,
      NULL, true, 0, 0 },
    { "limits that are no numbers", "{\"properties\":{\"startAudioMuted\":\"ten\",\"startVideoMuted\":true}}", true,
      NULL, NULL, true, 0, 0 },
    { "huge number", "{\"properties\":{\"startAudioMuted\":99999999999999999999999}}", true, NULL, NULL, true, 0, 0 },
    { "wrong kinds", "{\"room\":7,\"machineUid\":{},\"properties\":[1]}", true, NULL, NULL, true, 0, 0 },
    { "property objects", "{\"properties\":{\"startAudioMuted\":{\"a\":1},\"startVideoMuted\":[2]}}", true, NULL, NULL,
      true, 0, 0 },
    { "null room", "{\"room\":null}", true, NULL, NULL, true, 0, 0 },
    { "twice", "{\"room\":\"a@c\",\"room\":\"b@c\"}", true, "b@c", NULL, true, 0, 0 },
    { "brackets in text", "{\"room\":\"[[[[{{{{\\\"[[[[\"}", true, "[[[[{{{{\"[[[[", NULL, true, 0, 0 },
    { "four deep", "{\"a\":{\"b\":{\"c\":{}}}}", true, NULL, NULL, true, 0, 0 },
    { "five deep", "{\"a\":{\"b\":{\"c\":{\"d\":{}}}}}", BAD },
    { "deep arrays", "{\"a\":[[[[]]]]}", BAD },
    { "empty", "", BAD },
    { "array", "[]", BAD },
    { "text", "\"room\"", BAD },
    { "cut", "{\"room\":\"r@c\"", BAD },
    { "cut escape", "{\"room\":\"r\\", BAD },
    { "not utf-8", "{\"room\":\"\xff\"}", BAD },
};

static void test_case(gconstpointer data)
{
    const Case *c = data;
    RequestBody b;
    size_t len = strlen(c->text);
    g_autofree char *exact = g_memdup2(c->text, len); /* no NUL behind it: a byte too many would be seen */
    g_assert_cmpint(request_body_read_json(&b, exact ? exact : "", len), ==, c->readable);
    g_assert_cmpstr(b.room, ==, c->room);
    g_assert_cmpstr(b.machine_uid, ==, c->machine_uid);
    g_assert_cmpint(b.rtcstats, ==, c->rtcstats);
    g_assert_cmpint(b.start_audio_muted, ==, c->audio);
    g_assert_cmpint(b.start_video_muted, ==, c->video);
    request_body_clear(&b);
    g_assert_null(b.room);
}

static void test_long(void)
{
    RequestBody b;
    g_autofree char *x = g_strnfill(REQUEST_BODY_MAX_TEXT + 1, 'x');
    g_autofree char *room = g_strdup_printf("{\"room\":\"%s\",\"machineUid\":\"m\"}", x);
    g_assert_true(request_body_read_json(&b, room, strlen(room)));
    g_assert_null(b.room);
    g_assert_cmpstr(b.machine_uid, ==, "m");
    request_body_clear(&b);
    g_autofree char *y = g_strnfill(REQUEST_BODY_MAX, ' ');
    g_autofree char *body = g_strconcat("{}", y, NULL);
    g_assert_false(request_body_read_json(&b, body, strlen(body)));
    g_assert_true(request_body_read_json(&b, body, REQUEST_BODY_MAX));
    request_body_clear(&b);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_ROWS("/focus/request body", cases, test_case);
    g_test_add_func("/focus/request body/too long", test_long);
    return g_test_run();
}
