/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/tx/ext_policy.h"

#define PASS(type, carried)                                                                                            \
    {                                                                                                                  \
        type, EXT_PASS, carried, EXT_OF_SENDER                                                                         \
    }
#define REWRITE(type, value)                                                                                           \
    {                                                                                                                  \
        type, EXT_REWRITE, MEDIA_EXT_COUNT, value                                                                      \
    }
#define STRIP(type)                                                                                                    \
    {                                                                                                                  \
        type, EXT_STRIP, MEDIA_EXT_COUNT, EXT_OF_SENDER                                                                \
    }

static const ExtPolicy policy[] = {
    PASS(RTP_EXT_AUDIO_LEVEL, MEDIA_EXT_AUDIO_LEVEL),
    PASS(RTP_EXT_VIDEO_ORIENTATION, MEDIA_EXT_VIDEO_ORIENTATION),
    PASS(RTP_EXT_COLOR_SPACE, MEDIA_EXT_COLOR_SPACE),
    REWRITE(RTP_EXT_DEPENDENCY_DESCRIPTOR, EXT_DESCRIPTOR), /* as the projection says */
    REWRITE(RTP_EXT_MID, EXT_MID),                          /* of the slot, when it has one */
    REWRITE(RTP_EXT_TRANSPORT_CC, EXT_TRANSPORT_CC),        /* of the receiver's own sequence */
    REWRITE(RTP_EXT_ABS_SEND_TIME, EXT_SEND_TIME),          /* our clock; without transport-cc */
    STRIP(RTP_EXT_VIDEO_LAYERS), /* read here: it is about what the sender sends, not the receiver gets */
    STRIP(RTP_EXT_RID),          /* names an encoding, which is not what the receiver sees */
    STRIP(RTP_EXT_REPAIRED_RID),
    STRIP(RTP_EXT_TOFFSET),       /* of the sender's clock, wrong after any wait here */
    STRIP(RTP_EXT_FRAME_MARKING), /* of the sender's layers and picture ids */
    STRIP(RTP_EXT_VIDEO_CONTENT_TYPE),
};

const ExtPolicy *ext_policy(size_t *n)
{
    *n = sizeof(policy) / sizeof(policy[0]);
    return policy;
}

void ext_policy_steps(ExtSteps *out, const uint8_t ids[RTP_EXT_TYPE_COUNT], bool transport_cc)
{
    out->n = 0;
    for (size_t i = 0; i < sizeof(policy) / sizeof(policy[0]) && out->n < EXT_STEPS_MAX; i++) {
        const ExtPolicy *p = &policy[i];
        if (p->action == EXT_STRIP || ids[p->type] == 0 || (p->value == EXT_SEND_TIME && transport_cc))
            continue;
        out->step[out->n].id = ids[p->type];
        out->step[out->n].value = (uint8_t)p->value;
        out->step[out->n].carried = (uint8_t)p->carried;
        out->n++;
    }
}
