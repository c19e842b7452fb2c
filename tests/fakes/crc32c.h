/* SPDX-License-Identifier: Apache-2.0
 *
 * The checksum of SCTP packets (RFC 9260 A), for packets that nobody sent. */
#ifndef PLENUM_TESTS_FAKES_CRC32C_H
#define PLENUM_TESTS_FAKES_CRC32C_H

#include <stddef.h>
#include <stdint.h>

static inline uint32_t crc32c(const uint8_t *p, size_t n)
{
    uint32_t c = 0xffffffff;
    while (n--) {
        c ^= *p++;
        for (int i = 0; i < 8; i++)
            c = c >> 1 ^ (0x82f63b78 & -(c & 1));
    }
    return ~c;
}

#endif
