# SPDX-License-Identifier: Apache-2.0
# `make bench` prints the table and writes bench.json; in a network namespace of its own where that is allowed, so that
# neither firewall rules nor other traffic take part.
EXTRA_PROGRAMS += tests/bench/bench_forward
tests_bench_bench_forward_SOURCES = %D%/bench_forward.c \
	%D%/awake.c %D%/awake.h \
	%D%/bench_case.c %D%/bench_case.h \
	%D%/bench_json.c %D%/bench_json.h \
	%D%/bench_list.c %D%/bench_list.h \
	%D%/bench_room.c %D%/bench_room.h \
	%D%/bench_scenes.c %D%/bench_scenes.h \
	%D%/bench_storm.c %D%/bench_storm.h \
	%D%/count_calls.c %D%/count_calls.h \
	%D%/load_body.c %D%/load_body.h \
	%D%/load_client.c %D%/load_client.h \
	%D%/load_scene.c %D%/load_scene.h \
	%D%/raw_loop.c %D%/raw_loop.h \
	%D%/send_run.c %D%/send_run.h \
	%D%/samples.c %D%/samples.h \
	%D%/storm_clients.c %D%/storm_clients.h \
	%D%/storm_control.c %D%/storm_control.h
WRAPPED_CALLS = recvmmsg sendmmsg sendmsg sendto recv read write epoll_wait clock_nanosleep memcpy memmove
tests_bench_bench_forward_LDFLAGS = $(AM_LDFLAGS) $(WRAPPED_CALLS:%=-Wl,--wrap=%)
tests_bench_bench_forward_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS) $(SRTP_CFLAGS) $(XML_CFLAGS) $(JSON_CFLAGS)
LIBS_STORM = tests/fakes/libfake-media.a bridge/libbridge-control.a \
	bridge/channel/libbridge-channel.a common/colibri2/libplenum-colibri2.a common/jingle/libplenum-jingle.a \
	common/xmpp/libplenum-xmpp.a common/base/libplenum-daemon.a $(LIBS_MEDIA) $(SCTP_LIBS) $(STROPHE_LIBS) \
	$(SOUP_LIBS) $(JSON_LIBS) $(XML_LIBS) $(GLIB_LIBS)
tests_bench_bench_forward_LDADD = $(LIBS_STORM)

check_PROGRAMS += tests/unit/bench/test_samples
TESTS += tests/unit/bench/test_samples
tests_unit_bench_test_samples_SOURCES = tests/unit/bench/test_samples.c %D%/samples.c %D%/samples.h \
	%D%/load_body.c %D%/load_body.h
tests_unit_bench_test_samples_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS)
tests_unit_bench_test_samples_LDADD = $(GLIB_LIBS)

check_PROGRAMS += tests/unit/bench/test_bench_json
TESTS += tests/unit/bench/test_bench_json
tests_unit_bench_test_bench_json_SOURCES = tests/unit/bench/test_bench_json.c %D%/bench_json.c %D%/bench_json.h \
	%D%/bench_list.c %D%/bench_list.h
tests_unit_bench_test_bench_json_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS) $(SRTP_CFLAGS) $(JSON_CFLAGS)
tests_unit_bench_test_bench_json_LDADD = $(JSON_LIBS) $(GLIB_LIBS)

check_PROGRAMS += tests/unit/bench/test_storm
TESTS += tests/unit/bench/test_storm
tests_unit_bench_test_storm_SOURCES = tests/unit/bench/test_storm.c %D%/storm_clients.c %D%/storm_clients.h \
	%D%/storm_control.c %D%/storm_control.h
tests_unit_bench_test_storm_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS) $(SRTP_CFLAGS) $(XML_CFLAGS) $(JSON_CFLAGS)
tests_unit_bench_test_storm_LDADD = $(LIBS_STORM)

CLEANFILES += tests/bench/bench_forward bench.json
BENCH_FLAGS =

.PHONY: bench
bench: tests/bench/bench_forward
	if unshare -n true 2>/dev/null; then \
	  unshare -n sh -c 'ip link set lo up && exec "$$@"' sh tests/bench/bench_forward --out=bench.json $(BENCH_FLAGS); \
	else tests/bench/bench_forward --out=bench.json $(BENCH_FLAGS); fi

EXTRA_PROGRAMS += tests/bench/peers/load_external
tests_bench_peers_load_external_SOURCES = %D%/peers/load_external.c %D%/awake.c %D%/awake.h \
	%D%/load_body.c %D%/load_body.h %D%/load_client.c %D%/load_client.h %D%/samples.c %D%/samples.h \
	%D%/send_run.c %D%/send_run.h
tests_bench_peers_load_external_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS) $(SRTP_CFLAGS)
tests_bench_peers_load_external_LDADD = tests/fakes/libfake-media.a $(LIBS_MEDIA) $(GLIB_LIBS)
CLEANFILES += tests/bench/peers/load_external
EXTRA_DIST += %D%/peers/janus.py %D%/peers/mediasoup.mjs %D%/peers/scenes.json %D%/peers/README.md
