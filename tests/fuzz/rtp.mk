# SPDX-License-Identifier: Apache-2.0
RTP_FUZZERS = tests/fuzz/fuzz_rtp tests/fuzz/fuzz_rtcp tests/fuzz/fuzz_twcc tests/fuzz/fuzz_vla tests/fuzz/fuzz_rx tests/fuzz/fuzz_bwe
FUZZERS += $(RTP_FUZZERS)
LIBS_RTP_FUZZ = $(MAIN_FUZZ) common/rtp/libplenum-rtp.a

tests_fuzz_fuzz_rtp_SOURCES = %D%/fuzz_rtp.c
tests_fuzz_fuzz_rtp_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_rtp_LDADD = $(LIBS_RTP_FUZZ)

tests_fuzz_fuzz_rtcp_SOURCES = %D%/fuzz_rtcp.c
tests_fuzz_fuzz_rtcp_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_rtcp_LDADD = $(LIBS_RTP_FUZZ)

tests_fuzz_fuzz_twcc_SOURCES = %D%/fuzz_twcc.c
tests_fuzz_fuzz_twcc_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_twcc_LDADD = $(LIBS_RTP_FUZZ)

tests_fuzz_fuzz_vla_SOURCES = %D%/fuzz_vla.c
tests_fuzz_fuzz_vla_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_vla_LDADD = $(LIBS_RTP_FUZZ)

tests_fuzz_fuzz_rx_SOURCES = %D%/fuzz_rx.c
tests_fuzz_fuzz_rx_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_rx_LDADD = $(MAIN_FUZZ) bridge/rx/libbridge-rx.a common/rtp/libplenum-rtp.a

tests_fuzz_fuzz_bwe_SOURCES = %D%/fuzz_bwe.c
tests_fuzz_fuzz_bwe_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_bwe_LDADD = $(MAIN_FUZZ) bridge/tx/libbridge-tx.a bridge/rx/libbridge-rx.a common/rtp/libplenum-rtp.a
