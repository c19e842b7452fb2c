# SPDX-License-Identifier: Apache-2.0
RTP_TESTS = tests/unit/rtp/test_rtp_view
check_PROGRAMS += $(RTP_TESTS)
TESTS += $(RTP_TESTS)
CFLAGS_RTP_TEST = $(AM_CFLAGS) $(GLIB_CFLAGS)
LIBS_RTP_TEST = common/rtp/libplenum-rtp.a $(GLIB_LIBS)

tests_unit_rtp_test_rtp_view_SOURCES = %D%/test_rtp_view.c
tests_unit_rtp_test_rtp_view_CFLAGS = $(CFLAGS_RTP_TEST)
tests_unit_rtp_test_rtp_view_LDADD = $(LIBS_RTP_TEST)
