# SPDX-License-Identifier: Apache-2.0
check_LIBRARIES += tests/fakes/libfake-media.a
tests_fakes_libfake_media_a_SOURCES = \
	tests/fakes/media_hall.c tests/fakes/media_hall.h \
	tests/fakes/media_peer.c tests/fakes/media_peer.h
tests_fakes_libfake_media_a_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS) $(SRTP_CFLAGS) $(SSL_CFLAGS)

FLOW_TESTS = tests/flow/test_media tests/flow/test_media_spread tests/flow/test_media_state
check_PROGRAMS += $(FLOW_TESTS)
TESTS += $(FLOW_TESTS)
tests_flow_test_media_SOURCES = %D%/test_media.c
tests_flow_test_media_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS) $(SRTP_CFLAGS)
tests_flow_test_media_LDADD = tests/fakes/libfake-media.a $(LIBS_MEDIA) $(GLIB_LIBS)

FLOW_CONFERENCE_TESTS = \
	tests/flow/test_conference \
	tests/flow/test_conference_events \
	tests/flow/test_conference_outcomes \
	tests/flow/test_conference_reconnect \
	tests/flow/test_conference_sessions \
	tests/flow/test_focus_dialogue
check_PROGRAMS += $(FLOW_CONFERENCE_TESTS)
TESTS += $(FLOW_CONFERENCE_TESTS)
CFLAGS_FOCUS_TEST = $(AM_CFLAGS) $(GLIB_CFLAGS) $(XML_CFLAGS) $(JSON_CFLAGS)
LIBS_FOCUS_TEST = focus/libfocus-pure.a common/colibri2/libplenum-colibri2.a common/jingle/libplenum-jingle.a \
	common/xmpp/libplenum-xmpp.a $(JSON_LIBS) $(XML_LIBS) $(GLIB_LIBS)

# The script reader and the world it plays in; a fuzz program uses them too.
check_LIBRARIES += tests/flow/libconference-script.a
tests_flow_libconference_script_a_SOURCES = \
	%D%/conference_script.c %D%/conference_script.h \
	%D%/conference_script_parts.h %D%/conference_script_show.c \
	%D%/conference_world.c %D%/conference_world.h
tests_flow_libconference_script_a_CFLAGS = $(CFLAGS_FOCUS_TEST)

tests_flow_test_conference_SOURCES = %D%/test_conference.c %D%/conference_stories.h
tests_flow_test_conference_CFLAGS = $(CFLAGS_FOCUS_TEST)
tests_flow_test_conference_LDADD = tests/flow/libconference-script.a $(LIBS_FOCUS_TEST)

tests_flow_test_conference_events_SOURCES = %D%/test_conference_events.c %D%/conference_every.h
tests_flow_test_conference_events_CFLAGS = $(CFLAGS_FOCUS_TEST)
tests_flow_test_conference_events_LDADD = tests/flow/libconference-script.a $(LIBS_FOCUS_TEST)

tests_flow_test_conference_outcomes_SOURCES = %D%/test_conference_outcomes.c
tests_flow_test_conference_outcomes_CFLAGS = $(CFLAGS_FOCUS_TEST)
tests_flow_test_conference_outcomes_LDADD = tests/flow/libconference-script.a $(LIBS_FOCUS_TEST)
EXTRA_DIST += %D%/conference_outcomes.txt

tests_flow_test_conference_reconnect_SOURCES = %D%/test_conference_reconnect.c
tests_flow_test_conference_reconnect_CFLAGS = $(CFLAGS_FOCUS_TEST)
tests_flow_test_conference_reconnect_LDADD = tests/flow/libconference-script.a $(LIBS_FOCUS_TEST)

tests_flow_test_conference_sessions_SOURCES = %D%/test_conference_sessions.c %D%/conference_stories.h
tests_flow_test_conference_sessions_CFLAGS = $(CFLAGS_FOCUS_TEST)
tests_flow_test_conference_sessions_LDADD = tests/flow/libconference-script.a $(LIBS_FOCUS_TEST)

tests_flow_test_focus_dialogue_SOURCES = %D%/test_focus_dialogue.c
tests_flow_test_focus_dialogue_CFLAGS = $(CFLAGS_FOCUS_TEST)
tests_flow_test_focus_dialogue_LDADD = $(LIBS_FOCUS_TEST)

tests_flow_test_media_state_SOURCES = %D%/test_media_state.c
tests_flow_test_media_state_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS) $(SRTP_CFLAGS)
tests_flow_test_media_state_LDADD = tests/fakes/libfake-media.a $(LIBS_MEDIA) $(GLIB_LIBS)

tests_flow_test_media_spread_SOURCES = %D%/test_media_spread.c
tests_flow_test_media_spread_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS) $(SRTP_CFLAGS)
tests_flow_test_media_spread_LDADD = tests/fakes/libfake-media.a $(LIBS_MEDIA) $(GLIB_LIBS)
