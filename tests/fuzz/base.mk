# SPDX-License-Identifier: Apache-2.0
FUZZERS += tests/fuzz/fuzz_config
tests_fuzz_fuzz_config_SOURCES = tests/fuzz/fuzz_config.c
tests_fuzz_fuzz_config_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS)
tests_fuzz_fuzz_config_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_config_LDADD = $(MAIN_FUZZ) common/base/libplenum-base.a $(SOUP_LIBS) $(JSON_LIBS) $(GLIB_LIBS)
