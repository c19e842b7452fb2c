# SPDX-License-Identifier: Apache-2.0
TRANSPORT_FUZZ = tests/fuzz/fuzz_dtls tests/fuzz/fuzz_stun
check_PROGRAMS += $(TRANSPORT_FUZZ)
TESTS += $(TRANSPORT_FUZZ)

tests_fuzz_fuzz_stun_SOURCES = %D%/fuzz_stun.c
tests_fuzz_fuzz_stun_CFLAGS = $(AM_CFLAGS) $(SSL_CFLAGS)
tests_fuzz_fuzz_stun_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_stun_LDADD = $(MAIN_FUZZ) $(LIBS_TRANSPORT)

tests_fuzz_fuzz_dtls_SOURCES = %D%/fuzz_dtls.c
tests_fuzz_fuzz_dtls_CFLAGS = $(AM_CFLAGS) $(SSL_CFLAGS)
tests_fuzz_fuzz_dtls_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_dtls_LDADD = $(MAIN_FUZZ) $(LIBS_TRANSPORT)
