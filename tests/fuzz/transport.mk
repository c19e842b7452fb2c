# SPDX-License-Identifier: Apache-2.0
TRANSPORT_FUZZ = tests/fuzz/fuzz_dcep tests/fuzz/fuzz_dtls tests/fuzz/fuzz_sctp tests/fuzz/fuzz_stun
FUZZERS += $(TRANSPORT_FUZZ)

tests_fuzz_fuzz_stun_SOURCES = %D%/fuzz_stun.c
tests_fuzz_fuzz_stun_CFLAGS = $(AM_CFLAGS) $(SSL_CFLAGS)
tests_fuzz_fuzz_stun_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_stun_LDADD = $(MAIN_FUZZ) $(LIBS_TRANSPORT)

tests_fuzz_fuzz_dtls_SOURCES = %D%/fuzz_dtls.c
tests_fuzz_fuzz_dtls_CFLAGS = $(AM_CFLAGS) $(SSL_CFLAGS)
tests_fuzz_fuzz_dtls_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_dtls_LDADD = $(MAIN_FUZZ) $(LIBS_TRANSPORT)

tests_fuzz_fuzz_dcep_SOURCES = %D%/fuzz_dcep.c
tests_fuzz_fuzz_dcep_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_dcep_LDADD = $(MAIN_FUZZ) bridge/transport/libbridge-transport.a common/rtp/libplenum-rtp.a

tests_fuzz_fuzz_sctp_SOURCES = %D%/fuzz_sctp.c
tests_fuzz_fuzz_sctp_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_sctp_LDADD = $(MAIN_FUZZ) $(LIBS_TRANSPORT)

FUZZERS += tests/fuzz/fuzz_srtp
tests_fuzz_fuzz_srtp_SOURCES = %D%/fuzz_srtp.c
tests_fuzz_fuzz_srtp_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_srtp_LDADD = $(MAIN_FUZZ) $(LIBS_TRANSPORT)
