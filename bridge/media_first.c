/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/media_first.h"

#include <errno.h>
#include <unistd.h>

bool media_first_control(void)
{
    errno = 0;
    return nice(CONTROL_NICE) != -1 || errno == 0; /* on Linux of the calling thread alone */
}
