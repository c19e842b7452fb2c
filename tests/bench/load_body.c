/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/load_body.h"

#include <string.h>

#define STEP 131 /* odd: 256 places in a row have different bytes */

static uint8_t byte_at(uint32_t number, size_t i)
{
    return (uint8_t)(number * 31 + (number >> 8) + i * STEP);
}

void load_body_fill(uint8_t *body, size_t len, uint32_t number)
{
    memcpy(body, &number, sizeof(number));
    for (size_t i = sizeof(number); i < len; i++)
        body[i] = byte_at(number, i);
}

bool load_body_read(const uint8_t *body, size_t len, uint32_t *number)
{
    if (len < LOAD_BODY_MIN)
        return false;
    memcpy(number, body, sizeof(*number));
    for (size_t i = sizeof(*number); i < len; i++)
        if (body[i] != byte_at(*number, i))
            return false;
    return true;
}
