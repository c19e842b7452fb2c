# SPDX-License-Identifier: Apache-2.0
RTP_TESTS = tests/unit/rtp/test_rtp_view tests/unit/rtp/test_rtp_ext tests/unit/rtp/test_rtp_write \
	tests/unit/rtp/test_rtcp tests/unit/rtp/test_twcc tests/unit/rtp/test_codecs tests/unit/rtp/test_vla
check_PROGRAMS += $(RTP_TESTS)
TESTS += $(RTP_TESTS)
CFLAGS_RTP_TEST = $(AM_CFLAGS) $(GLIB_CFLAGS)
LIBS_RTP_TEST = common/rtp/libplenum-rtp.a $(GLIB_LIBS)

tests_unit_rtp_test_rtp_view_SOURCES = %D%/test_rtp_view.c
tests_unit_rtp_test_rtp_view_CFLAGS = $(CFLAGS_RTP_TEST)
tests_unit_rtp_test_rtp_view_LDADD = $(LIBS_RTP_TEST)

tests_unit_rtp_test_rtp_ext_SOURCES = %D%/test_rtp_ext.c
tests_unit_rtp_test_rtp_ext_CFLAGS = $(CFLAGS_RTP_TEST)
tests_unit_rtp_test_rtp_ext_LDADD = $(LIBS_RTP_TEST)

tests_unit_rtp_test_rtp_write_SOURCES = %D%/test_rtp_write.c
tests_unit_rtp_test_rtp_write_CFLAGS = $(CFLAGS_RTP_TEST)
tests_unit_rtp_test_rtp_write_LDADD = $(LIBS_RTP_TEST)

tests_unit_rtp_test_rtcp_SOURCES = %D%/test_rtcp.c
tests_unit_rtp_test_rtcp_CFLAGS = $(CFLAGS_RTP_TEST)
tests_unit_rtp_test_rtcp_LDADD = $(LIBS_RTP_TEST)

tests_unit_rtp_test_twcc_SOURCES = %D%/test_twcc.c
tests_unit_rtp_test_twcc_CFLAGS = $(CFLAGS_RTP_TEST)
tests_unit_rtp_test_twcc_LDADD = $(LIBS_RTP_TEST)

tests_unit_rtp_test_codecs_SOURCES = %D%/test_codecs.c
tests_unit_rtp_test_codecs_CFLAGS = $(CFLAGS_RTP_TEST)
tests_unit_rtp_test_codecs_LDADD = $(LIBS_RTP_TEST)

tests_unit_rtp_test_vla_SOURCES = %D%/test_vla.c
tests_unit_rtp_test_vla_CFLAGS = $(CFLAGS_RTP_TEST)
tests_unit_rtp_test_vla_LDADD = $(LIBS_RTP_TEST)
