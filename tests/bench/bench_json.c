/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/bench_json.h"

const char *bench_profile_name(SrtpProfile p)
{
    return p == SRTP_PROFILE_CM80 ? "CM80" : "GCM128";
}

static void write_case(FILE *f, const BenchConditions *k, const BenchCase *c)
{
    fprintf(f, "{\"scene\":\"%s\",\"receivers\":%u,\"payload\":%zu,\"burst\":%u,\"profile\":\"%s\",\"workers\":%u,",
            c->scene, c->receivers, c->payload, c->burst, bench_profile_name(c->profile), c->workers);
    if (c->ratio > 0)
        fprintf(f, "\"ratio\":%.3f,", c->ratio);
    else
        fprintf(f, "\"ratio\":null,");
    fprintf(f, "\"lost\":%lu,\"fwd_per_s_core\":%.0f,\"p50_us\":%u,\"p99_us\":%u,", c->lost,
            c->bridge_ns > 0 ? 1e9 / c->bridge_ns : 0, c->p50_us, c->p99_us);
    if (c->p999_us) /* paced scenes */
        fprintf(f, "\"p999_us\":%u,\"raw_p50_us\":%u,\"raw_p99_us\":%u,", c->p999_us, c->raw_p50_us, c->raw_p99_us);
    fprintf(f, "\"heap_idle\":%zu,\"heap_active\":%zu,", k->heap_idle, k->heap_active);
    fprintf(f,
            "\"goal\":%.2f,\"cpu_us_per_packet\":%.3f,\"raw_cpu_us_per_packet\":%.3f,\"busy\":%.3f,\"fwd_per_s\":%.0f,",
            c->goal, c->bridge_ns / 1000, c->raw_ns / 1000, c->busy, c->fwd_per_s);
    fprintf(f, "\"compared\":%lu,\"different\":%lu,\"nacked\":%lu,\"answered\":%lu,", c->compared, c->different,
            c->asked, c->answered);
    fprintf(f, "\"syscalls_per_packet\":%.4f,\"kernel_bytes_per_packet\":%.1f,\"user_bytes_per_packet\":%.1f,",
            c->calls, c->copied_kernel, c->copied_user);
    if (c->handshakes_per_s > 0)
        fprintf(f,
                "\"handshakes_per_s\":%.1f,\"handshake_cpu_us\":%.1f,\"request_cpu_us\":%.1f,"
                "\"before_p50_us\":%u,\"before_p99_us\":%u,\"before_p999_us\":%u,",
                c->handshakes_per_s, c->handshake_us, c->join_us, c->before_p50_us, c->before_p99_us,
                c->before_p999_us);
    fprintf(f, "\"waits_per_packet\":%.4f,\"packets_per_run\":%.2f}", c->waits, c->packets_per_run);
}

void bench_json_write(FILE *f, const BenchConditions *k, const BenchCase *cases, size_t n)
{
    bool first = true;
    fprintf(f,
            "{\"passes\":%d,\"quick\":%s,\"load_average\":%.2f,\"realtime\":%s,\"awake\":%s,"
            "\"heap_idle\":%zu,\"heap_active\":%zu,\"cases\":[",
            k->passes, k->quick ? "true" : "false", k->load_average, k->priority ? "true" : "false",
            k->awake ? "true" : "false", k->heap_idle, k->heap_active);
    for (size_t i = 0; i < n; i++) {
        if (!cases[i].done)
            continue;
        fprintf(f, "%s\n", first ? "" : ",");
        write_case(f, k, &cases[i]);
        first = false;
    }
    fprintf(f, "\n]}\n");
}
