# SPDX-License-Identifier: Apache-2.0
# Each fuzz_NAME.c exports LLVMFuzzerTestOneInput. In a normal build it is linked with standalone.c, which
# replays tests/fuzz/corpus/NAME as TAP; with --enable-fuzzing it becomes a libFuzzer program instead, which `make`
# makes as well and which `make check` starts by replay.sh, to run that corpus once.
check_LIBRARIES += tests/fuzz/libfuzz-main.a
tests_fuzz_libfuzz_main_a_SOURCES = %D%/standalone.c
if FUZZING
LDFLAGS_FUZZ = $(AM_LDFLAGS) -fsanitize=fuzzer
MAIN_FUZZ =
LOG_COMPILER = $(SHELL) $(top_srcdir)/%D%/replay.sh
else
LDFLAGS_FUZZ = $(AM_LDFLAGS)
MAIN_FUZZ = tests/fuzz/libfuzz-main.a
endif
FUZZERS =
EXTRA_DIST += tests/fuzz/corpus %D%/replay.sh %D%/test_replay.sh

include tests/fuzz/base.mk
include tests/fuzz/rtp.mk
include tests/fuzz/xmpp.mk
include tests/fuzz/transport.mk
include tests/fuzz/media.mk
include tests/fuzz/channel.mk
include tests/fuzz/http.mk

TESTS += $(FUZZERS) %D%/test_replay.sh
if FUZZING
noinst_PROGRAMS += $(FUZZERS)
else
check_PROGRAMS += $(FUZZERS)
endif
