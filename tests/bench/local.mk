# SPDX-License-Identifier: Apache-2.0
# `make bench` prints the table and writes bench.json; in a network namespace of its own where that is allowed, so that
# neither firewall rules nor other traffic take part.
EXTRA_PROGRAMS += tests/bench/bench_forward
tests_bench_bench_forward_SOURCES = %D%/bench_forward.c \
	%D%/bench_room.c %D%/bench_room.h \
	%D%/raw_loop.c %D%/raw_loop.h
tests_bench_bench_forward_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS) $(SRTP_CFLAGS)
tests_bench_bench_forward_LDADD = tests/fakes/libfake-media.a $(LIBS_MEDIA) $(GLIB_LIBS)
CLEANFILES += tests/bench/bench_forward bench.json
BENCH_FLAGS =

.PHONY: bench
bench: tests/bench/bench_forward
	if unshare -n true 2>/dev/null; then \
	  unshare -n sh -c 'ip link set lo up && exec "$$@"' sh tests/bench/bench_forward --out=bench.json $(BENCH_FLAGS); \
	else tests/bench/bench_forward --out=bench.json $(BENCH_FLAGS); fi
