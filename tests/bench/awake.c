/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/awake.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <unistd.h>

static _Atomic int started, refused;

static void *spin(void *cpu)
{
    struct sched_param none = { 0 };
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET((int)(intptr_t)cpu, &one);
    if (sched_setaffinity(0, sizeof(one), &one) != 0 || sched_setscheduler(0, SCHED_IDLE, &none) != 0) {
        refused++;
        return NULL;
    }
    started++;
    for (;;)
        __asm__ volatile("" ::: "memory");
}

bool awake_start(void)
{
    cpu_set_t mine;
    int n = 0;
    if (sched_getaffinity(0, sizeof(mine), &mine) != 0)
        return false;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        pthread_t t;
        if (!CPU_ISSET(cpu, &mine))
            continue;
        if (pthread_create(&t, NULL, spin, (void *)(intptr_t)cpu) != 0)
            return false;
        pthread_detach(t);
        n++;
    }
    while (started + refused < n)
        usleep(1000);
    return refused == 0;
}
