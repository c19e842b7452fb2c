# SPDX-License-Identifier: Apache-2.0
FOCUS_TESTS = \
	tests/unit/focus/test_bridges \
	tests/unit/focus/test_offer \
	tests/unit/focus/test_request_body \
	tests/unit/focus/test_source_signaling
check_PROGRAMS += $(FOCUS_TESTS)
TESTS += $(FOCUS_TESTS)

tests_unit_focus_test_bridges_SOURCES = %D%/test_bridges.c
tests_unit_focus_test_bridges_CFLAGS = $(CFLAGS_FOCUS_TEST)
tests_unit_focus_test_bridges_LDADD = $(LIBS_FOCUS_TEST)

tests_unit_focus_test_offer_SOURCES = %D%/test_offer.c
tests_unit_focus_test_offer_CFLAGS = $(CFLAGS_FOCUS_TEST)
tests_unit_focus_test_offer_LDADD = $(LIBS_FOCUS_TEST)

tests_unit_focus_test_request_body_SOURCES = %D%/test_request_body.c
tests_unit_focus_test_request_body_CFLAGS = $(CFLAGS_FOCUS_TEST)
tests_unit_focus_test_request_body_LDADD = $(LIBS_FOCUS_TEST)

tests_unit_focus_test_source_signaling_SOURCES = %D%/test_source_signaling.c
tests_unit_focus_test_source_signaling_CFLAGS = $(CFLAGS_FOCUS_TEST)
tests_unit_focus_test_source_signaling_LDADD = $(LIBS_FOCUS_TEST)
