/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/media_first.h"

#include <errno.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* sched_setattr(2); libraries differ in whether they declare it. */
typedef struct {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime_ns, deadline_ns, period_ns;
} SchedAttr;

#define POLICY_OTHER 0

bool media_first_media(void)
{
    SchedAttr a = { .size = sizeof(a) };
    if (syscall(SYS_sched_getattr, 0, &a, sizeof(a), 0) != 0 || a.policy != POLICY_OTHER)
        return false;
    a.runtime_ns = MEDIA_SLICE_NS;
    return syscall(SYS_sched_setattr, 0, &a, 0) == 0;
}

bool media_first_control(void)
{
    errno = 0;
    return nice(CONTROL_NICE) != -1 || errno == 0; /* of this thread alone: nice(7), "The nice value" */
}
