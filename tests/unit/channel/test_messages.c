/* SPDX-License-Identifier: Apache-2.0 */
#include <json-glib/json-glib.h>
#include <string.h>
#include "bridge/channel/messages.h"
#include "bridge/channel/rate_limit.h"
#include "tests/fakes/rows.h"

typedef struct {
    const char *name, *text;
    MessageStatus want;
} Case;

#define RVC "{\"colibriClass\":\"ReceiverVideoConstraints\","
static const Case cases[] = {
    { "client hello", "{\"colibriClass\":\"ClientHello\"}", MESSAGE_OK },
    { "array", "[\"ClientHello\"]", MESSAGE_NO_CLASS },
    { "no class", "{\"class\":\"ClientHello\"}", MESSAGE_NO_CLASS },
    { "class is a number", "{\"colibriClass\":7}", MESSAGE_NO_CLASS },
    { "unknown class", "{\"colibriClass\":\"Wave\"}", MESSAGE_UNKNOWN_CLASS },
    { "server hello from a client", "{\"colibriClass\":\"ServerHello\"}", MESSAGE_UNKNOWN_CLASS },
    { "class in another case", "{\"colibriClass\":\"clienthello\"}", MESSAGE_UNKNOWN_CLASS },
    { "two classes", "{\"colibriClass\":\"EndpointStats\",\"colibriClass\":\"EndpointMessage\"}",
      MESSAGE_DUPLICATE_KEY },
    { "two classes, one escaped", "{\"colibriClass\":\"EndpointStats\",\"\\u0063olibriClass\":\"EndpointMessage\"}",
      MESSAGE_DUPLICATE_KEY },
    { "two froms", "{\"colibriClass\":\"EndpointStats\",\"from\":\"a\",\"from\":\"b\"}", MESSAGE_DUPLICATE_KEY },
    { "no json", "hello", MESSAGE_SYNTAX },
    { "too deep", "{\"colibriClass\":\"EndpointStats\",\"x\":[[[[[[[[1]]]]]]]]}", MESSAGE_TOO_DEEP },
    { "constraints: nothing in it", RVC "\"x\":1}", MESSAGE_OK },
    { "constraints: unknown field", RVC "\"lastN\":5,\"tracing\":{\"id\":1}}", MESSAGE_OK },
    { "constraints: nulls are absent", RVC "\"lastN\":null,\"constraints\":null}", MESSAGE_OK },
    { "constraints: last n -2", RVC "\"lastN\":-2}", MESSAGE_BAD_FIELD },
    { "constraints: last n text", RVC "\"lastN\":\"5\"}", MESSAGE_BAD_FIELD },
    { "constraints: height -2", RVC "\"defaultConstraints\":{\"maxHeight\":-2}}", MESSAGE_BAD_FIELD },
    { "constraints: height missing", RVC "\"defaultConstraints\":{\"maxFrameRate\":5}}", MESSAGE_BAD_FIELD },
    { "constraints: fractional rate", RVC "\"defaultConstraints\":{\"maxHeight\":180,\"maxFrameRate\":7.5}}",
      MESSAGE_OK },
    { "constraints: rate -3", RVC "\"defaultConstraints\":{\"maxHeight\":180,\"maxFrameRate\":-3}}",
      MESSAGE_BAD_FIELD },
    { "constraints: rate text", RVC "\"defaultConstraints\":{\"maxHeight\":180,\"maxFrameRate\":\"x\"}}",
      MESSAGE_BAD_FIELD },
    { "constraints: names not a list", RVC "\"selectedSources\":\"a\"}", MESSAGE_BAD_FIELD },
    { "constraints: name not text", RVC "\"onStageSources\":[1]}", MESSAGE_BAD_FIELD },
    { "constraints: map not a map", RVC "\"constraints\":[]}", MESSAGE_BAD_FIELD },
    { "constraints: second entry bad", RVC "\"constraints\":{\"a\":{\"maxHeight\":1},\"b\":{}}}", MESSAGE_BAD_FIELD },
    { "constraints: entry twice", RVC "\"constraints\":{\"a\":{\"maxHeight\":1},\"a\":{\"maxHeight\":2}}}",
      MESSAGE_DUPLICATE_KEY },
    { "last n event", "{\"colibriClass\":\"LastNChangedEvent\",\"lastN\":-1}", MESSAGE_OK },
    { "last n event without it", "{\"colibriClass\":\"LastNChangedEvent\"}", MESSAGE_BAD_FIELD },
    { "video type",
      "{\"colibriClass\":\"SourceVideoTypeMessage\",\"sourceName\":\"a-v0\",\"videoType\":"
      "\"desktop\"}",
      MESSAGE_OK },
    { "video type unknown", "{\"colibriClass\":\"SourceVideoTypeMessage\",\"sourceName\":\"a-v0\",\"videoType\":\"x\"}",
      MESSAGE_BAD_FIELD },
    { "video type without source", "{\"colibriClass\":\"SourceVideoTypeMessage\",\"videoType\":\"camera\"}",
      MESSAGE_BAD_FIELD },
    { "video type of the first", "{\"colibriClass\":\"VideoTypeMessage\",\"videoType\":\"none\"}", MESSAGE_OK },
    { "endpoint message, to is a number", "{\"colibriClass\":\"EndpointMessage\",\"to\":1}", MESSAGE_BAD_FIELD },
    { "audio: all is text", "{\"colibriClass\":\"ReceiverAudioSubscription\",\"all\":\"true\"}", MESSAGE_BAD_FIELD },
    { "audio: unknown mode", "{\"colibriClass\":\"ReceiverAudioSubscription\",\"mode\":\"Some\"}", MESSAGE_BAD_FIELD },
};

static MessageStatus parse(const char *text, Message *m)
{
    size_t len = strlen(text);
    char *exact = g_memdup2(text, len); /* without NUL */
    MessageStatus status = message_parse(exact, len, m);
    g_free(exact);
    return status;
}

static void test_case(gconstpointer data)
{
    const Case *c = data;
    Message m;
    g_assert_cmpstr(message_status_name(parse(c->text, &m)), ==, message_status_name(c->want));
    if (c->want == MESSAGE_OK)
        message_clear(&m);
}

static void test_constraints(void)
{
    Message m;
    g_assert_cmpint(parse(RVC "\"lastN\":20,\"selectedSources\":[\"e5f6a7b8-v0\",\"q\"],\"onStageSources\":[],"
                              "\"assumedBandwidthBps\":-1,\"defaultConstraints\":{\"maxHeight\":180},"
                              "\"constraints\":{\"99aa00bb-v0\":{\"maxHeight\":720},"
                              "\"e5f6a7b8-v0\":{\"maxHeight\":-1,\"maxFrameRate\":15}}}",
                          &m),
                    ==, MESSAGE_OK);
    const ReceiverVideoConstraints *v = &m.video;
    g_assert_cmpint(m.type, ==, MESSAGE_RECEIVER_VIDEO_CONSTRAINTS);
    g_assert_true(v->has_last_n && v->has_default && v->has_constraints && v->has_assumed_bandwidth);
    g_assert_cmpint(v->last_n, ==, 20);
    g_assert_cmpint(v->assumed_bandwidth_bps, ==, -1);
    g_assert_cmpuint(g_strv_length(v->selected_sources), ==, 2);
    g_assert_cmpstr(v->selected_sources[0], ==, "e5f6a7b8-v0");
    g_assert_nonnull(v->on_stage_sources); /* present and empty: clears */
    g_assert_cmpint(v->default_constraint.max_height, ==, 180);
    g_assert_cmpint(v->default_constraint.max_frame_rate, ==, -1);
    g_assert_cmpuint(v->n_constraints, ==, 2);
    g_assert_cmpstr(v->constraints[1].source, ==, "e5f6a7b8-v0");
    g_assert_cmpint(v->constraints[1].constraint.max_height, ==, -1);
    g_assert_cmpint(v->constraints[1].constraint.max_frame_rate, ==, 15);
    message_clear(&m);
    g_assert_cmpint(parse("{\"colibriClass\":\"LastNChangedEvent\",\"lastN\":3}", &m), ==, MESSAGE_OK);
    g_assert_true(m.video.has_last_n && !m.video.has_default && !m.video.has_constraints);
    g_assert_null(m.video.selected_sources);
    message_clear(&m);
}

static void test_limits(void)
{
    Message m;
    g_autoptr(GString) text = g_string_new(RVC "\"selectedSources\":[\"n\"");
    for (int i = 1; i < MESSAGE_MAX_LIST; i++)
        g_string_append(text, ",\"n\"");
    g_autofree char *full = g_strconcat(text->str, "]}", NULL);
    g_assert_cmpint(parse(full, &m), ==, MESSAGE_OK);
    message_clear(&m);
    g_string_append(text, ",\"n\"]}");
    g_assert_cmpint(parse(text->str, &m), ==, MESSAGE_TOO_MANY);

    g_autofree char *name = g_strnfill(MESSAGE_MAX_NAME, 'x');
    g_autofree char *fits = g_strdup_printf(RVC "\"onStageSources\":[\"%s\"]}", name);
    g_assert_cmpint(parse(fits, &m), ==, MESSAGE_OK);
    message_clear(&m);
    g_autofree char *longer = g_strdup_printf(RVC "\"onStageSources\":[\"%sx\"]}", name);
    g_assert_cmpint(parse(longer, &m), ==, MESSAGE_BAD_FIELD);

    g_autofree char *filler = g_strnfill(MESSAGE_MAX_BYTES, ' ');
    g_autofree char *big = g_strconcat("{\"colibriClass\":\"ClientHello\"}", filler, NULL);
    g_assert_cmpint(parse(big, &m), ==, MESSAGE_TOO_LONG);
}

static void test_video_type(void)
{
    Message m;
    g_assert_cmpint(parse("{\"colibriClass\":\"SourceVideoTypeMessage\",\"sourceName\":\"a-v1\","
                          "\"videoType\":\"Desktop_High_Fps\"}",
                          &m),
                    ==, MESSAGE_OK);
    g_assert_cmpint(m.video_type.type, ==, MESSAGE_VIDEO_DESKTOP_HIGH_FPS);
    g_assert_cmpstr(m.video_type.source, ==, "a-v1");
    g_assert_cmpstr(message_video_type_name(m.video_type.type), ==, "DESKTOP_HIGH_FPS");
    message_clear(&m);
}

typedef struct {
    const char *name, *fields;
    bool all;
    unsigned include, exclude;
} AudioCase;

static const AudioCase audio_cases[] = {
    { "everything", "\"all\":true", true, 0, 0 },
    { "missing all is false", "\"include\":[\"a\"]", false, 1, 0 },
    { "both lists", "\"all\":true,\"include\":[\"a\"],\"exclude\":[\"b\",\"c\"]", true, 1, 2 },
    { "mode all", "\"mode\":\"All\"", true, 0, 0 },
    { "mode none", "\"mode\":\"None\",\"list\":[\"a\"]", false, 0, 0 },
    { "mode include", "\"mode\":\"Include\",\"list\":[\"a\"]", false, 1, 0 },
    { "mode exclude", "\"mode\":\"Exclude\",\"list\":[\"a\",\"b\"]", true, 0, 2 },
    { "all wins over mode", "\"mode\":\"None\",\"all\":true", true, 0, 0 },
};

static void test_audio(gconstpointer data)
{
    const AudioCase *c = data;
    Message m;
    g_autofree char *text = g_strdup_printf("{\"colibriClass\":\"ReceiverAudioSubscription\",%s}", c->fields);
    g_assert_cmpint(parse(text, &m), ==, MESSAGE_OK);
    g_assert_cmpint(m.audio.all, ==, c->all);
    g_assert_cmpuint(g_strv_length(m.audio.include), ==, c->include);
    g_assert_cmpuint(g_strv_length(m.audio.exclude), ==, c->exclude);
    message_clear(&m);
}

typedef struct {
    const char *name, *text, *want;
} FromCase;

static const FromCase from_cases[] = {
    { "absent", "{\"colibriClass\":\"EndpointMessage\",\"to\":\"\",\"msgPayload\":{\"from\":\"x\"}}",
      "{\"from\":\"me\\\"\",\"colibriClass\":\"EndpointMessage\",\"to\":\"\",\"msgPayload\":{"
      "\"from\":\"x\"}}" },
    { "forged", "{\"colibriClass\":\"EndpointMessage\",\"from\":\"you\",\"n\":1.50}",
      "{\"colibriClass\":\"EndpointMessage\",\"from\":\"me\\\"\",\"n\":1.50}" },
    { "forged with an escape", "{\"colibriClass\":\"EndpointMessage\",\"fr\\u006fm\":\"you\"}",
      "{\"colibriClass\":\"EndpointMessage\",\"fr\\u006fm\":\"me\\\"\"}" },
    { "forged as an object", " {\"colibriClass\":\"EndpointStats\",\"from\":{\"a\":[1]},\"b\":\"\\ud83d\"} ",
      "{\"colibriClass\":\"EndpointStats\",\"from\":\"me\\\"\",\"b\":\"\\ud83d\"}" },
};

static void test_from(gconstpointer data)
{
    const FromCase *c = data;
    Message m;
    g_assert_cmpint(parse(c->text, &m), ==, MESSAGE_OK);
    g_autofree char *got = message_with_from(c->text, strlen(c->text), "me\"");
    g_assert_cmpstr(got, ==, c->want);
    message_clear(&m);
}

static void test_endpoint_message(void)
{
    Message m;
    g_assert_cmpint(parse("{\"colibriClass\":\"EndpointMessage\",\"to\":\"e5f6a7b8\",\"msgPayload\":{}}", &m), ==,
                    MESSAGE_OK);
    g_assert_cmpstr(m.to, ==, "e5f6a7b8");
    message_clear(&m);
}

/* What is built is read back by another JSON library: its fields, kinds and escapes. */
static JsonObject *read_back(char *text, JsonNode **root)
{
    *root = json_from_string(text, NULL);
    g_assert_nonnull(*root);
    g_free(text);
    return json_node_get_object(*root);
}

static void test_build_maps(void)
{
    const SourceMapEntry entries[] = {
        { "99aa00bb-v0", "99aa00bb", "v0", 4294967295u, 911234567, MESSAGE_VIDEO_CAMERA },
        { "q\"\\\n\xc3\xa9", "o", NULL, 1, 2, MESSAGE_VIDEO_DESKTOP },
    };
    g_autoptr(JsonNode) root = NULL;
    JsonObject *o = read_back(message_video_sources_map(entries, 2), &root);
    g_assert_cmpstr(json_object_get_string_member(o, "colibriClass"), ==, "VideoSourcesMap");
    JsonArray *list = json_object_get_array_member(o, "mappedSources");
    g_assert_cmpuint(json_array_get_length(list), ==, 2);
    JsonObject *first = json_array_get_object_element(list, 0), *second = json_array_get_object_element(list, 1);
    g_assert_cmpint(json_node_get_value_type(json_object_get_member(first, "ssrc")), ==, G_TYPE_INT64);
    g_assert_cmpint(json_object_get_int_member(first, "ssrc"), ==, 4294967295);
    g_assert_cmpint(json_object_get_int_member(first, "rtx"), ==, 911234567);
    g_assert_cmpstr(json_object_get_string_member(first, "videoType"), ==, "CAMERA");
    g_assert_cmpstr(json_object_get_string_member(first, "mid"), ==, "v0");
    g_assert_cmpstr(json_object_get_string_member(second, "source"), ==, "q\"\\\n\xc3\xa9");
    g_assert_false(json_object_has_member(second, "mid"));
    g_clear_pointer(&root, json_node_unref);
    o = read_back(message_audio_sources_map(entries, 1), &root);
    first = json_array_get_object_element(json_object_get_array_member(o, "mappedSources"), 0);
    g_assert_cmpstr(json_object_get_string_member(o, "colibriClass"), ==, "AudioSourcesMap");
    g_assert_false(json_object_has_member(first, "rtx"));
    g_assert_false(json_object_has_member(first, "videoType"));
}

typedef struct {
    const char *name, *want;
    char *got;
} BuildCase;

static void test_build(gconstpointer data)
{
    const BuildCase *c = data;
    g_assert_cmpstr(c->got, ==, c->want);
    g_free(c->got);
}

static void add_build_cases(void)
{
    static const char *const names[] = { "b", "c" };
    static BuildCase rows[8];
    size_t n = 0;
    rows[n++] = (BuildCase){ "hello", "{\"colibriClass\":\"ServerHello\"}", message_server_hello(NULL) };
    rows[n++] = (BuildCase){ "hello with version", "{\"colibriClass\":\"ServerHello\",\"version\":\"1\"}",
                             message_server_hello("1") };
    rows[n++] = (BuildCase){ "forwarded", "{\"colibriClass\":\"ForwardedSources\",\"forwardedSources\":[\"b\",\"c\"]}",
                             message_forwarded_sources(names, 2) };
    rows[n++] = (BuildCase){ "sender constraints",
                             "{\"colibriClass\":\"SenderSourceConstraints\",\"sourceName\":\"a-v0\",\"maxHeight\":-1}",
                             message_sender_source_constraints("a-v0", -1) };
    rows[n++] = (BuildCase){ "speaker",
                             "{\"colibriClass\":\"DominantSpeakerEndpointChangeEvent\","
                             "\"dominantSpeakerEndpoint\":\"a\","
                             "\"previousSpeakers\":[\"b\",\"c\"],\"silence\":false}",
                             message_dominant_speaker("a", names, 2, false) };
    rows[n++] = (BuildCase){ "silence",
                             "{\"colibriClass\":\"DominantSpeakerEndpointChangeEvent\",\"previousSpeakers\":[],"
                             "\"silence\":true}",
                             message_dominant_speaker(NULL, NULL, 0, true) };
    rows[n++] = (BuildCase){ "connectivity is a string",
                             "{\"colibriClass\":\"EndpointConnectivityStatusChangeEvent\",\"endpoint\":\"a\","
                             "\"active\":\"false\"}",
                             message_connectivity("a", false) };
    rows[n++] = (BuildCase){ "stats", "{\"colibriClass\":\"ConnectionStats\",\"estimatedDownlinkBandwidth\":2500000}",
                             message_connection_stats(2500000) };
    for (size_t i = 0; i < n; i++) {
        g_autofree char *path = g_strdup_printf("/channel/build/%s", rows[i].name);
        g_test_add_data_func(path, &rows[i], test_build);
    }
}

/* A name that is no UTF-8 comes out replaced, not as a broken text. */
static void test_build_bad_utf8(void)
{
    g_autoptr(JsonNode) root = NULL;
    JsonObject *o = read_back(message_connectivity("a\xff", true), &root);
    g_assert_cmpstr(json_object_get_string_member(o, "endpoint"), ==, "a\xef\xbf\xbd");
}

static void test_rate_limit(void)
{
    RateLimit r = rate_limit_new(20, 100, 1000);
    for (int i = 0; i < 100; i++)
        g_assert_true(rate_limit_take(&r, 1000));
    g_assert_false(rate_limit_take(&r, 1000));
    g_assert_false(rate_limit_take(&r, 1000 + 49999));
    g_assert_true(rate_limit_take(&r, 1000 + 50000));
    g_assert_false(rate_limit_take(&r, 500)); /* back in time: nothing gained */
    int taken = 0;
    for (int64_t now = 1000000; now < 11000000; now += 1000)
        taken += rate_limit_take(&r, now);
    g_assert_cmpint(taken, >=, 218); /* 10 s at 20 each, plus what the first second saved */
    g_assert_cmpint(taken, <=, 221);
    taken = 0;
    for (int i = 0; i < 200; i++)
        taken += rate_limit_take(&r, INT64_MAX);
    g_assert_cmpint(taken, ==, 100);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_ROWS("/channel/parse", cases, test_case);
    ADD_ROWS("/channel/audio", audio_cases, test_audio);
    ADD_ROWS("/channel/from", from_cases, test_from);
    g_test_add_func("/channel/parse/all constraint fields", test_constraints);
    g_test_add_func("/channel/parse/limits", test_limits);
    g_test_add_func("/channel/parse/video type fields", test_video_type);
    g_test_add_func("/channel/parse/endpoint message", test_endpoint_message);
    g_test_add_func("/channel/build/maps", test_build_maps);
    g_test_add_func("/channel/build/bad utf-8", test_build_bad_utf8);
    g_test_add_func("/channel/rate limit", test_rate_limit);
    add_build_cases();
    return g_test_run();
}
