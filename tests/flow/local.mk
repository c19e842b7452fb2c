# SPDX-License-Identifier: Apache-2.0
check_LIBRARIES += tests/fakes/libfake-media.a
tests_fakes_libfake_media_a_SOURCES = \
	tests/fakes/media_hall.c tests/fakes/media_hall.h \
	tests/fakes/media_peer.c tests/fakes/media_peer.h
tests_fakes_libfake_media_a_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS) $(SRTP_CFLAGS) $(SSL_CFLAGS)

FLOW_TESTS = tests/flow/test_media
check_PROGRAMS += $(FLOW_TESTS)
TESTS += $(FLOW_TESTS)
tests_flow_test_media_SOURCES = %D%/test_media.c
tests_flow_test_media_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS) $(SRTP_CFLAGS)
tests_flow_test_media_LDADD = tests/fakes/libfake-media.a $(LIBS_MEDIA) $(GLIB_LIBS)

FLOW_CONFERENCE_TESTS = tests/flow/test_conference
check_PROGRAMS += $(FLOW_CONFERENCE_TESTS)
TESTS += $(FLOW_CONFERENCE_TESTS)
CFLAGS_FOCUS_TEST = $(AM_CFLAGS) $(GLIB_CFLAGS) $(XML_CFLAGS) $(JSON_CFLAGS)
LIBS_FOCUS_TEST = focus/libfocus-pure.a common/colibri2/libplenum-colibri2.a common/jingle/libplenum-jingle.a \
	common/xmpp/libplenum-xmpp.a $(JSON_LIBS) $(XML_LIBS) $(GLIB_LIBS)

tests_flow_test_conference_SOURCES = %D%/test_conference.c %D%/conference_script.c %D%/conference_script.h
tests_flow_test_conference_CFLAGS = $(CFLAGS_FOCUS_TEST)
tests_flow_test_conference_LDADD = $(LIBS_FOCUS_TEST)
