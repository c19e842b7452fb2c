/* SPDX-License-Identifier: Apache-2.0
 *
 * Control's commands: decode, find, hand on. */
#include "bridge/media_conference.h"
#include "bridge/media_endpoint.h"
#include "bridge/media_share.h"
#include "bridge/rx/rx_feedback.h"
#include "bridge/worker.h"
#include "bridge/worker_snapshot.h"
#include "common/base/clock.h"

static void create_conference(Worker *w, const WorkerCommand *c)
{
    if (!worker_find_conference(w, c->conference))
        media_conference_new(w, c);
}

static void request_keyframes(MediaEndpoint *owner, const char *source)
{
    for (uint32_t i = 0; i < owner->n_sources; i++) {
        MediaSource *s = owner->sources[i];
        if (s->kind == WORKER_VIDEO && (!source[0] || media_endpoint_find_source(owner, source) == s))
            rx_feedback_ask_keyframe(s, owner->conference->worker->now_us);
    }
}

static void to_endpoint(Worker *w, MediaEndpoint *ep, WorkerCommand **command)
{
    WorkerCommand *c = *command;
    switch (c->type) {
    case WORKER_ENDPOINT_REMOVE:
        media_endpoint_free(ep);
        break;
    case WORKER_REMOTE_ICE:
        media_endpoint_set_remote(ep, c);
        break;
    case WORKER_ICE_RESTART:
        media_endpoint_restart_ice(ep, c->ice_restart.generation, &c->ice_restart.ice);
        break;
    case WORKER_MEDIA:
        media_endpoint_set_media(ep, &c->media);
        break;
    case WORKER_SOURCES:
        media_endpoint_set_sources(ep, c->sources.sources, c->n);
        break;
    case WORKER_SRTP_KEYS:
        media_endpoint_set_keys(ep, &c->srtp_keys);
        break;
    case WORKER_VIDEO_CONSTRAINTS:
        media_endpoint_set_wishes(ep, c);
        *command = NULL;
        break;
    case WORKER_AUDIO_SUBSCRIPTION:
        media_endpoint_set_audio_wishes(ep, c);
        *command = NULL;
        break;
    case WORKER_SOURCE_VIDEO_TYPE: {
        MediaSource *s = media_endpoint_find_source(ep, c->video_type.source);
        if (s && s->kind == WORKER_VIDEO)
            media_source_set_video_type(s, c->video_type.type);
        break;
    }
    case WORKER_FORCE_MUTE:
        media_endpoint_set_mute(ep, c->force_mute.audio, c->force_mute.video);
        break;
    case WORKER_DTLS_SEND:
        media_endpoint_send_dtls(ep, c->dtls_send.bytes, c->n);
        break;
    case WORKER_CHANNEL_UP:
        media_endpoint_tell_all(ep);
        break;
    case WORKER_REQUEST_KEYFRAME:
        request_keyframes(ep, c->request_keyframe.source);
        break;
    case WORKER_CAPTURE:
        capture_release(ep->capture);
        ep->capture = c->capture.to;
        c->capture.to = NULL;
        break;
    case WORKER_CONFERENCE_CREATE:
    case WORKER_CONFERENCE_REMOVE:
    case WORKER_ENDPOINT_CREATE:
    case WORKER_SNAPSHOT:
    case WORKER_MIRROR:
    case WORKER_SHARES:
    case WORKER_COMMANDS:
        break;
    }
}

/* Of an endpoint that lives elsewhere: only what concerns everybody. */
static bool is_for_mirrors(WorkerCommandType type)
{
    return type == WORKER_ENDPOINT_REMOVE || type == WORKER_SOURCES || type == WORKER_SOURCE_VIDEO_TYPE ||
           type == WORKER_FORCE_MUTE;
}

static void carry_out(Worker *w, WorkerCommand **command)
{
    WorkerCommand *c = *command;
    MediaConference *conf = c->conference ? worker_find_conference(w, c->conference) : NULL;
    if (c->type == WORKER_CONFERENCE_CREATE) {
        create_conference(w, c);
    } else if (c->type == WORKER_SNAPSHOT) {
        worker_snapshot(w, conf, c, clock_now_us());
    } else if (!conf) {
        return;
    } else if (c->type == WORKER_CONFERENCE_REMOVE) {
        media_conference_free(conf);
    } else if (c->type == WORKER_ENDPOINT_CREATE) {
        if (!media_conference_find(conf, c->endpoint))
            media_endpoint_new(conf, c);
    } else if (c->type == WORKER_MIRROR) {
        if (!media_conference_find(conf, c->endpoint))
            media_endpoint_new_mirror(conf, c);
    } else if (c->type == WORKER_SHARES) {
        media_share_set(conf, c->shares);
    } else {
        MediaEndpoint *ep = media_conference_find(conf, c->endpoint);
        if (ep && (!ep->mirror || is_for_mirrors(c->type)))
            to_endpoint(w, ep, command);
    }
}

void worker_on_inbox(Worker *w)
{
    WorkerCommand *c;
    for (unsigned n = 0; n < WORKER_COMMANDS_PER_ROUND; n++) {
        if (!mailbox_take(w->inbox, &c)) {
            /* Empty: reset the wake-up, then look once more for what came in between. */
            mailbox_clear_wake(w->inbox);
            if (!mailbox_take(w->inbox, &c)) {
                if (atomic_load_explicit(&w->wants_room, memory_order_relaxed) &&
                    atomic_exchange(&w->wants_room, false))
                    worker_emit(w, worker_event_new(w, WORKER_EV_ROOM, NULL, NULL, 0));
                return;
            }
        }
        if (!c) {
            w->stopping = true;
            return;
        }
        carry_out(w, &c);
        worker_command_free(c);
    }
    mailbox_keep_wake(w->inbox); /* the rest after the packets */
}
