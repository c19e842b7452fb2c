# SPDX-License-Identifier: Apache-2.0
FUZZERS += tests/fuzz/fuzz_channel
tests_fuzz_fuzz_channel_SOURCES = %D%/fuzz_channel.c
tests_fuzz_fuzz_channel_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS)
tests_fuzz_fuzz_channel_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_channel_LDADD = $(MAIN_FUZZ) bridge/channel/libbridge-channel.a $(GLIB_LIBS)
EXTRA_DIST += tests/fuzz/channel.dict
