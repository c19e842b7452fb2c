/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "bridge/endpoint_media.h"
#include "tests/fakes/rows.h"

#define SSMA " xmlns='urn:xmpp:jingle:apps:rtp:ssma:0' "
#define S(ssrc) "<source" SSMA "ssrc='" ssrc "'/>"
#define GROUP(kind, a, b)                                                                                              \
    "<ssrc-group" SSMA "semantics='" kind "'><source ssrc='" a "'/><source ssrc='" b "'/></ssrc-group>"
#define SIM3(a, b, c)                                                                                                  \
    "<ssrc-group" SSMA "semantics='SIM'><source ssrc='" a "'/><source ssrc='" b "'/><source ssrc='" c "'/></"          \
    "ssrc-group>"
#define VIDEO(id, inside) "<media-source type='video' id='" id "'>" inside "</media-source>"
#define AUDIO(id, inside) "<media-source type='audio' id='" id "'>" inside "</media-source>"

typedef struct {
    const char *name, *sources, *want; /* want: "name:kind:ssrc/rtx,..." a source, or an error that starts with ! */
} Case;

static const Case cases[] = {
    { "nothing", "", "" },
    { "audio", AUDIO("a-a0", S("1001")), "a-a0:a:1001/0 " },
    { "video without groups", VIDEO("a-v0", S("5")), "a-v0:v:5/0 " },
    { "video with rtx", VIDEO("a-v0", S("5") S("6") GROUP("FID", "5", "6")), "a-v0:v:5/6 " },
    { "rtx listed first", VIDEO("a-v0", S("6") S("5") GROUP("FID", "5", "6")), "a-v0:v:5/6 " },
    { "simulcast",
      VIDEO("a-v0", S("1") S("2") S("3") S("11") S("12") S("13") SIM3("1", "2", "3") GROUP("FID", "1", "11")
                        GROUP("FID", "2", "12") GROUP("FID", "3", "13")),
      "a-v0:v:1/11,2/12,3/13 " },
    { "simulcast order is the group's", VIDEO("a-v0", S("3") S("2") S("1") SIM3("1", "2", "3")),
      "a-v0:v:1/0,2/0,3/0 " },
    { "desktop", VIDEO("a-v1", "<source" SSMA "ssrc='9' videoType='desktop'/>"), "a-v1:V:9/0 " },
    { "two sources", AUDIO("a-a0", S("1")) VIDEO("a-v0", S("2")), "a-a0:a:1/0 a-v0:v:2/0 " },
    { "a name without ssrc", VIDEO("a-v0", "") AUDIO("a-a0", S("1")), "a-a0:a:1/0 " },
    { "same ssrc twice", AUDIO("a-a0", S("1")) VIDEO("a-v0", S("1")), "!An SSRC" },
    { "same name twice", AUDIO("a-a0", S("1")) AUDIO("a-a0", S("2")), "!Source a-a0" },
    { "too many ssrcs", VIDEO("a-v0", S("1") S("2") S("3") S("4") S("5") S("6") S("7") S("8") S("9")), "!Too many" },
};

static char *describe(const WorkerSource *list, size_t n)
{
    GString *out = g_string_new(NULL);
    for (size_t i = 0; i < n; i++) {
        g_string_append_printf(out, "%s:%s:", list[i].name,
                               list[i].kind == WORKER_AUDIO                 ? "a"
                               : list[i].video_type == WORKER_VIDEO_DESKTOP ? "V"
                                                                            : "v");
        for (unsigned k = 0; k < list[i].n_encodings; k++)
            g_string_append_printf(out, "%s%u/%u", k ? "," : "", list[i].encodings[k].ssrc,
                                   list[i].encodings[k].rtx_ssrc);
        g_string_append_c(out, ' ');
    }
    return g_string_free(out, FALSE);
}

static Colibri2Modify *parse_request(const char *inside)
{
    g_autofree char *xml = g_strdup_printf("<conference-modify xmlns='jitsi:colibri2' meeting-id='m'>"
                                           "<endpoint id='a'>%s</endpoint></conference-modify>",
                                           inside);
    GError *error = NULL;
    g_autoptr(Stanza) s = stanza_parse(xml, strlen(xml), &error);
    g_assert_no_error(error);
    Colibri2Modify *m = colibri2_modify_parse(s, &error);
    g_assert_no_error(error);
    return m;
}

static void test_case(gconstpointer data)
{
    const Case *c = data;
    WorkerSource list[WORKER_SOURCES_MAX];
    size_t n = 0;
    g_autofree char *inside = g_strdup_printf("<sources>%s</sources>", c->sources);
    g_autoptr(Colibri2Modify) m = parse_request(inside);
    const Colibri2Endpoint *e = g_ptr_array_index(m->endpoints, 0);
    g_autofree char *problem = endpoint_media_sources(e->sources, 8, list, &n);
    if (c->want[0] == '!') {
        g_assert_nonnull(problem);
        g_assert_true(g_str_has_prefix(problem, c->want + 1));
    } else {
        g_autofree char *got = describe(list, n);
        g_assert_cmpstr(problem, ==, NULL);
        g_assert_cmpstr(got, ==, c->want);
    }
}

#define PT(id, name, clock, inside)                                                                                    \
    "<payload-type xmlns='urn:xmpp:jingle:apps:rtp:1' id='" id "' name='" name "' clockrate='" clock "'>" inside       \
    "</payload-type>"
#define FB(type) "<rtcp-fb xmlns='urn:xmpp:jingle:apps:rtp:rtcp-fb:0' type='" type "'/>"
#define EXT(id, uri) "<rtp-hdrext xmlns='urn:xmpp:jingle:apps:rtp:rtp-hdrext:0' id='" id "' uri='" uri "'/>"
#define TCC "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"

static void test_media(void)
{
    g_autoptr(Colibri2Modify) m = parse_request(
        "<media type='audio'>" PT("111", "opus", "48000", FB("transport-cc")) PT("8", "PCMA", "8000", "") EXT(
            "1", "urn:ietf:params:rtp-hdrext:ssrc-audio-level") "<extmap-allow-mixed "
                                                                "xmlns='urn:xmpp:jingle:apps:rtp:"
                                                                "rtp-hdrext:0'/></media>"
                                                                "<media type='video'>" PT("100", "vp8", "90000",
                                                                                          FB("nack") FB("goog-remb"))
                                                                    PT("96", "rtx", "90000",
                                                                       "<parameter name='apt' "
                                                                       "value='100'/>") PT("97", "rtx", "90000", "")
                                                                        PT("98", "ulpfec", "90000", "") EXT("5", TCC)
                                                                            EXT("9", "urn:nobody:"
                                                                                     "knows") "</"
                                                                                              "media"
                                                                                              ">");
    const Colibri2Endpoint *e = g_ptr_array_index(m->endpoints, 0);
    WorkerMedia media = { 0 };
    for (guint i = 0; i < e->medias->len; i++)
        endpoint_media_add(&media, g_ptr_array_index(e->medias, i));
    g_assert_cmpuint(media.n_payloads, ==, 4); /* the rtx without apt and FEC are left out */
    g_assert_cmpuint(media.payloads[0].codec, ==, CODEC_OPUS);
    g_assert_cmpuint(media.payloads[0].feedback, ==, WORKER_FB_TCC);
    g_assert_cmpuint(media.payloads[1].codec, ==, CODEC_UNKNOWN);
    g_assert_cmpuint(media.payloads[2].codec, ==, CODEC_VP8);
    g_assert_cmpuint(media.payloads[2].kind, ==, WORKER_VIDEO);
    g_assert_cmpuint(media.payloads[2].feedback, ==, WORKER_FB_NACK | WORKER_FB_REMB);
    g_assert_cmpuint(media.payloads[3].codec, ==, CODEC_RTX);
    g_assert_cmpuint(media.payloads[3].apt, ==, 100);
    g_assert_cmpuint(media.extension_ids[RTP_EXT_AUDIO_LEVEL], ==, 1);
    g_assert_cmpuint(media.extension_ids[RTP_EXT_TRANSPORT_CC], ==, 5);
    g_assert_false(media.allow_mixed); /* the last media decides */
    endpoint_media_add(&media, g_ptr_array_index(e->medias, 0));
    g_assert_cmpuint(media.n_payloads, ==, 4); /* a number given again is redefined */
    g_assert_true(media.allow_mixed);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD_ROWS("/bridge/media", cases, test_case);
    g_test_add_func("/bridge/media/payload types and extensions", test_media);
    return g_test_run();
}
