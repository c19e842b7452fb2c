/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/load.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool load_parse(const char *proc_stat, CpuTimes *out)
{
    /* user nice system idle iowait irq softirq steal; guest times are part of user already */
    uint64_t t[8] = { 0 };
    int n = sscanf(proc_stat,
                   "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
                   &t[0], &t[1], &t[2], &t[3], &t[4], &t[5], &t[6], &t[7]);
    if (n < 4)
        return false;
    *out = (CpuTimes){ .stolen = t[7] };
    for (int i = 0; i < 8; i++)
        out->total += t[i];
    out->busy = out->total - t[3] - t[4];
    return true;
}

double load_share(const CpuTimes *before, const CpuTimes *now)
{
    if (now->total <= before->total || now->busy < before->busy)
        return 0;
    double share = (double)(now->busy - before->busy) / (double)(now->total - before->total);
    return share > 1 ? 1 : share;
}

bool load_read(CpuTimes *out)
{
    char text[512];
    FILE *f = fopen("/proc/stat", "re");
    if (!f)
        return false;
    size_t n = fread(text, 1, sizeof(text) - 1, f);
    fclose(f);
    text[n] = 0;
    return load_parse(text, out);
}
