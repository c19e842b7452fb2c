/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as the JSON of a conference request. Properties: limits hold, and what is refused leaves nothing. */
#include <stdint.h>
#include <string.h>
#include "focus/request_body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    RequestBody b;
    bool readable = request_body_read_json(&b, (const char *)data, size);
    if (!readable && (b.room || b.machine_uid || !b.rtcstats || b.start_audio_muted || b.start_video_muted))
        g_error("something is left of a refused body");
    if (readable && size > REQUEST_BODY_MAX)
        g_error("too long, and read");
    if ((b.room && strlen(b.room) > REQUEST_BODY_MAX_TEXT) || b.start_audio_muted < 0 || b.start_video_muted < 0 ||
        b.start_audio_muted > REQUEST_BODY_MAX_START_MUTED || b.start_video_muted > REQUEST_BODY_MAX_START_MUTED)
        g_error("a limit does not hold");
    request_body_clear(&b);
    return 0;
}
