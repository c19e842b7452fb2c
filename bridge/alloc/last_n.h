/* SPDX-License-Identifier: Apache-2.0
 *
 * Last-n by the size of a conference: with as many video sources as `size` at most `last_n` are forwarded to one
 * receiver. Plain data. */
#ifndef PLENUM_BRIDGE_ALLOC_LAST_N_H
#define PLENUM_BRIDGE_ALLOC_LAST_N_H

#define LAST_N_STEPS_MAX 16

typedef struct {
    int size, last_n;
} LastNStep;

#endif
