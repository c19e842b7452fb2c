/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "bridge/receiver_wishes.h"
#include "tests/fakes/rows.h"

#define RVC "{\"colibriClass\":\"ReceiverVideoConstraints\""
#define LAST_N(n) "{\"colibriClass\":\"LastNChangedEvent\",\"lastN\":" #n "}"

/* The command as text: "lastN=-1 default=180 a:S720 b:s c:=360/15": S on stage, s selected, = constraint. */
static char *describe(const ReceiverWishes *w, int64_t limit_bps)
{
    WorkerCommand *c = receiver_wishes_command(w, 1, 2, limit_bps);
    GString *out = g_string_new(NULL);
    g_assert_cmpint(c->type, ==, WORKER_VIDEO_CONSTRAINTS);
    g_string_append_printf(out, "lastN=%d default=%d", c->video_constraints.last_n,
                           c->video_constraints.default_max_height);
    if (c->video_constraints.assumed_bandwidth_bps >= 0)
        g_string_append_printf(out, " assumed=%lld", (long long)c->video_constraints.assumed_bandwidth_bps);
    for (size_t i = 0; i < c->n; i++) {
        const WorkerConstraint *one = &c->video_constraints.constraints[i];
        g_string_append_printf(out, " %s:%s%s", one->name, one->on_stage ? "S" : "", one->selected ? "s" : "");
        if (one->has_constraint)
            g_string_append_printf(out, "=%d/%d", one->max_height, one->max_fps);
    }
    worker_command_free(c);
    return g_string_free(out, FALSE);
}

typedef struct {
    const char *name;
    const char *messages[3];
    const char *want;
    int64_t limit_bps;
} Case;

static const Case cases[] = {
    { "before anything", { 0 }, "lastN=-1 default=0" },
    { "first without default", { RVC "}" }, "lastN=-1 default=180" },
    { "last n event gives no default", { LAST_N(3) }, "lastN=3 default=0" },
    { "first after a last n event", { LAST_N(3), RVC "}" }, "lastN=3 default=180" },
    { "default kept",
      { RVC ",\"defaultConstraints\":{\"maxHeight\":360}}", RVC ",\"lastN\":5}" },
      "lastN=5 default=360" },
    { "stage, then selected, then others",
      { RVC ",\"selectedSources\":[\"b\"],\"onStageSources\":[\"a\"],\"constraints\":{\"c\":{"
            "\"maxHeight\":360,"
            "\"maxFrameRate\":15},\"a\":{\"maxHeight\":720}}}" },
      "lastN=-1 default=180 a:S=720/-1 b:s c:=360/15" },
    { "on stage and selected is one entry",
      { RVC ",\"selectedSources\":[\"a\",\"a\"],\"onStageSources\":[\"a\"]}" },
      "lastN=-1 default=180 a:Ss" },
    { "lists are replaced, absent ones stay",
      { RVC ",\"selectedSources\":[\"a\"],\"constraints\":{\"x\":{\"maxHeight\":90}}}",
        RVC ",\"selectedSources\":[\"b\"]}" },
      "lastN=-1 default=180 b:s x:=90/-1" },
    { "empty list and map clear",
      { RVC ",\"selectedSources\":[\"a\"],\"constraints\":{\"x\":{\"maxHeight\":90}}}",
        RVC ",\"selectedSources\":[],\"constraints\":{}}" },
      "lastN=-1 default=180" },
    { "assumption not allowed", { RVC ",\"assumedBandwidthBps\":1000}" }, "lastN=-1 default=180" },
    { "assumption within the limit",
      { RVC ",\"assumedBandwidthBps\":1000}" },
      "lastN=-1 default=180 assumed=1000",
      5000 },
    { "assumption over the limit",
      { RVC ",\"assumedBandwidthBps\":9000}" },
      "lastN=-1 default=180 assumed=5000",
      5000 },
    { "assumption withdrawn",
      { RVC ",\"assumedBandwidthBps\":9000}", RVC ",\"assumedBandwidthBps\":-1}" },
      "lastN=-1 default=180",
      5000 },
};

static void apply(ReceiverWishes *w, const char *text)
{
    Message m;
    g_assert_cmpint(message_parse(text, strlen(text), &m), ==, MESSAGE_OK);
    receiver_wishes_merge(w, &m.video);
    message_clear(&m);
}

static void test_case(gconstpointer data)
{
    const Case *c = data;
    ReceiverWishes w;
    receiver_wishes_init(&w);
    for (size_t i = 0; i < G_N_ELEMENTS(c->messages) && c->messages[i]; i++)
        apply(&w, c->messages[i]);
    g_autofree char *got = describe(&w, c->limit_bps);
    g_assert_cmpstr(got, ==, c->want);
    receiver_wishes_clear(&w);
}

static void test_many(void)
{
    ReceiverWishes w;
    g_autoptr(GString) text = g_string_new(RVC ",\"selectedSources\":[\"s0\"");
    for (int i = 1; i < MESSAGE_MAX_LIST; i++)
        g_string_append_printf(text, ",\"s%d\"", i);
    g_string_append(text, "],\"onStageSources\":[\"t0\"");
    for (int i = 1; i < 500; i++)
        g_string_append_printf(text, ",\"t%d\"", i);
    g_string_append(text, "]}");
    receiver_wishes_init(&w);
    apply(&w, text->str);
    WorkerCommand *c = receiver_wishes_command(&w, 1, 2, 0);
    g_assert_cmpuint(c->n, ==, WORKER_CONSTRAINTS_MAX);
    g_assert_true(c->video_constraints.constraints[499].on_stage); /* the stage comes first and is kept */
    worker_command_free(c);
    g_assert_true(receiver_wishes_has(&w, "s999"));
    g_assert_false(receiver_wishes_has(&w, "u"));
    receiver_wishes_clear(&w);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_ROWS("/bridge/wishes", cases, test_case);
    g_test_add_func("/bridge/wishes/more than a command holds", test_many);
    return g_test_run();
}
