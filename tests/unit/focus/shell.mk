# SPDX-License-Identifier: Apache-2.0
# The shell half of the focus: presence and limits as tables, the whole against a server in the process.
WORLD_FOCUS_SHELL_TEST = tests/unit/focus/focus_world.c tests/unit/focus/focus_world.h $(FAKE_XMPP_SERVER)
FOCUS_SHELL_TESTS = tests/unit/focus/test_bridge_brewery tests/unit/focus/test_conference_http \
	tests/unit/focus/test_focus tests/unit/focus/test_focus_limits tests/unit/focus/test_member_presence \
	tests/unit/focus/test_client_dialogue
check_PROGRAMS += $(FOCUS_SHELL_TESTS)
TESTS += $(FOCUS_SHELL_TESTS)
CFLAGS_FOCUS_SHELL_TEST = $(AM_CFLAGS) $(GLIB_CFLAGS) $(XML_CFLAGS) $(JSON_CFLAGS)
LIBS_FOCUS_SHELL_TEST = focus/libfocus-shell.a focus/libfocus-pure.a \
	common/colibri2/libplenum-colibri2.a common/jingle/libplenum-jingle.a common/xmpp/libplenum-xmpp.a \
	common/base/libplenum-daemon.a common/base/libplenum-base.a \
	$(STROPHE_LIBS) $(SOUP_LIBS) $(JSON_LIBS) $(XML_LIBS) $(GLIB_LIBS)

tests_unit_focus_test_focus_SOURCES = tests/unit/focus/test_focus.c \
	$(WORLD_FOCUS_SHELL_TEST) tests/fakes/metrics_doc.c tests/fakes/metrics_doc.h
tests_unit_focus_test_focus_CFLAGS = $(CFLAGS_FOCUS_SHELL_TEST)
tests_unit_focus_test_focus_LDADD = $(LIBS_FOCUS_SHELL_TEST)

tests_unit_focus_test_focus_limits_SOURCES = tests/unit/focus/test_focus_limits.c \
	$(WORLD_FOCUS_SHELL_TEST)
tests_unit_focus_test_focus_limits_CFLAGS = $(CFLAGS_FOCUS_SHELL_TEST)
tests_unit_focus_test_focus_limits_LDADD = $(LIBS_FOCUS_SHELL_TEST)

# Stanzas of the current client, recorded (tests/vectors/signalling).
EXTRA_DIST += tests/vectors/signalling
tests_unit_focus_test_client_dialogue_SOURCES = tests/unit/focus/test_client_dialogue.c \
	$(WORLD_FOCUS_SHELL_TEST)
tests_unit_focus_test_client_dialogue_CFLAGS = $(CFLAGS_FOCUS_SHELL_TEST)
tests_unit_focus_test_client_dialogue_LDADD = $(LIBS_FOCUS_SHELL_TEST)

tests_unit_focus_test_member_presence_SOURCES = tests/unit/focus/test_member_presence.c
tests_unit_focus_test_member_presence_CFLAGS = $(CFLAGS_FOCUS_SHELL_TEST)
tests_unit_focus_test_member_presence_LDADD = $(LIBS_FOCUS_SHELL_TEST)

tests_unit_focus_test_bridge_brewery_SOURCES = tests/unit/focus/test_bridge_brewery.c
tests_unit_focus_test_bridge_brewery_CFLAGS = $(CFLAGS_FOCUS_SHELL_TEST)
tests_unit_focus_test_bridge_brewery_LDADD = $(LIBS_FOCUS_SHELL_TEST)

tests_unit_focus_test_conference_http_SOURCES = tests/unit/focus/test_conference_http.c $(FAKE_HTTP_CLIENT)
tests_unit_focus_test_conference_http_CFLAGS = $(CFLAGS_FOCUS_SHELL_TEST) $(SOUP_CFLAGS)
tests_unit_focus_test_conference_http_LDADD = $(LIBS_FOCUS_SHELL_TEST)
