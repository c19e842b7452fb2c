/* SPDX-License-Identifier: Apache-2.0 */
#include "focus/focus_presence.h"

#include "common/jingle/jingle_ns.h"

static void property(Stanza *properties, const char *key, const char *value)
{
    stanza_child(properties, "property", NULL, "key", key, "value", value, NULL);
}

static const char *truth(bool value)
{
    return value ? "true" : "false";
}

GPtrArray *focus_presence_build(Stanza *caps, const char *document, const char *version, const ConfPresence *p)
{
    GPtrArray *all = g_ptr_array_new();
    g_ptr_array_add(all, caps);

    Stanza *etherpad = stanza_new("etherpad", "http://jitsi.org/jitmeet/etherpad");
    stanza_set_text(etherpad, document);
    g_ptr_array_add(all, etherpad);

    Stanza *versions = stanza_new("versions", NS_JITSI_MEET);
    stanza_set_text(stanza_child(versions, "component", NULL, "name", "focus", NULL), version);
    g_ptr_array_add(all, versions);

    /* The client's map becomes exactly this. */
    Stanza *properties = stanza_new("conference-properties", NS_JITSI_FOCUS);
    char bridges[16];
    g_snprintf(bridges, sizeof(bridges), "%u", p->bridge_count);
    property(properties, "support-terminate-restart", "true");
    property(properties, "bridge-count", bridges);
    property(properties, "visitors-enabled", "false");
    property(properties, "audio-limit-reached", truth(p->audio_limit_reached));
    property(properties, "video-limit-reached", truth(p->video_limit_reached));
    g_ptr_array_add(all, properties);

    if (p->bridge_not_available)
        g_ptr_array_add(all, stanza_new("bridgeNotAvailable", NS_JITSI_FOCUS));
    return all;
}
