/* SPDX-License-Identifier: Apache-2.0
 *
 * What scene "storm" of the bench rests on: clients of another process join the real Bridge through its real workers, each
 * with ICE checks and a DTLS handshake, leave, and others join. How fast is not asked here. */
#include "tests/bench/storm_control.h"

#include <glib.h>

#define CLIENTS 6
#define PEOPLE 3
#define PATIENCE_US (60 * G_USEC_PER_SEC)

static Workers *start_workers(void)
{
    char error[200] = "";
    WorkersConfig config = { .count = 2, .n_addresses = 1, .gso = true };
    g_assert_true(tuple_parse("127.0.0.1", 0, 0, &config.addresses[0]));
    Workers *w = workers_new(&config, error, sizeof(error));
    if (!w)
        g_error("%s", error);
    return w;
}

static void everybody_joins(StormControl *control, StormClients *clients, uint16_t port)
{
    storm_clients_set_port(clients, port);
    g_assert_cmpuint(storm_clients_ready(clients), ==, 0);
    storm_control_join(control, clients, CLIENTS, PEOPLE);
    for (gint64 end = g_get_monotonic_time() + PATIENCE_US;
         storm_clients_ready(clients) < CLIENTS && g_get_monotonic_time() < end;)
        g_usleep(1000);
    g_assert_cmpuint(storm_clients_ready(clients), ==, CLIENTS);
    g_assert_cmpint(storm_clients_ready_us(clients), >, 0);
}

static void test_joins(void)
{
    StormClients *first = storm_clients_new(CLIENTS), *second = storm_clients_new(CLIENTS);
    Workers *w = start_workers();
    StormControl *control = storm_control_new(w);
    everybody_joins(control, first, workers_port(w));
    /* Each has a certificate and credentials of its own process or person. */
    g_assert_cmpstr(storm_client_fingerprint(first, 0), !=, storm_client_fingerprint(second, 0));
    g_assert_cmpstr(storm_client_ufrag(first, 0), !=, storm_client_ufrag(first, 1));
    g_assert_cmpint(storm_control_requests_ns(control), >, 0);
    g_assert_cmpint(storm_control_cpu_ns(control), >, storm_control_requests_ns(control));
    storm_control_leave(control);
    everybody_joins(control, second, workers_port(w));
    storm_control_leave(control);
    storm_control_free(control);
    storm_clients_free(first);
    storm_clients_free(second);
    workers_free(w);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bench/storm/joins", test_joins);
    return g_test_run();
}
