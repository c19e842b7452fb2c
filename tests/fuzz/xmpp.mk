# SPDX-License-Identifier: Apache-2.0
FUZZ_XMPP = tests/fuzz/fuzz_stanza tests/fuzz/fuzz_framer tests/fuzz/fuzz_room tests/fuzz/fuzz_strophe
FUZZERS += $(FUZZ_XMPP)
tests_fuzz_fuzz_stanza_SOURCES = tests/fuzz/fuzz_stanza.c tests/fuzz/stanza_checks.h
tests_fuzz_fuzz_stanza_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS) $(XML_CFLAGS)
tests_fuzz_fuzz_stanza_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_stanza_LDADD = $(MAIN_FUZZ) common/xmpp/libplenum-xmpp.a $(XML_LIBS) $(GLIB_LIBS)

tests_fuzz_fuzz_framer_SOURCES = tests/fuzz/fuzz_framer.c
tests_fuzz_fuzz_framer_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS) $(XML_CFLAGS)
tests_fuzz_fuzz_framer_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_framer_LDADD = $(MAIN_FUZZ) common/xmpp/libplenum-xmpp.a $(XML_LIBS) $(GLIB_LIBS)

tests_fuzz_fuzz_room_SOURCES = tests/fuzz/fuzz_room.c
tests_fuzz_fuzz_room_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS) $(XML_CFLAGS)
tests_fuzz_fuzz_room_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_room_LDADD = $(MAIN_FUZZ) common/xmpp/libplenum-xmpp.a common/base/libplenum-base.a $(XML_LIBS) $(GLIB_LIBS)

tests_fuzz_fuzz_strophe_SOURCES = tests/fuzz/fuzz_strophe.c tests/fuzz/stanza_checks.h
tests_fuzz_fuzz_strophe_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS) $(XML_CFLAGS) $(STROPHE_CFLAGS)
tests_fuzz_fuzz_strophe_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_strophe_LDADD = $(MAIN_FUZZ) common/xmpp/libplenum-xmpp.a $(STROPHE_LIBS) $(XML_LIBS) $(GLIB_LIBS)

# Jingle, COLIBRI2 and the sources of a conference.
FUZZ_SIGNAL = tests/fuzz/fuzz_colibri2 tests/fuzz/fuzz_conference tests/fuzz/fuzz_jingle tests/fuzz/fuzz_sources
FUZZERS += $(FUZZ_SIGNAL)
LIBS_FUZZ_SIGNAL = $(MAIN_FUZZ) common/colibri2/libplenum-colibri2.a common/jingle/libplenum-jingle.a \
	common/xmpp/libplenum-xmpp.a $(JSON_LIBS) $(XML_LIBS) $(GLIB_LIBS)

tests_fuzz_fuzz_jingle_SOURCES = tests/fuzz/fuzz_jingle.c
tests_fuzz_fuzz_jingle_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS) $(XML_CFLAGS)
tests_fuzz_fuzz_jingle_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_jingle_LDADD = $(LIBS_FUZZ_SIGNAL)

tests_fuzz_fuzz_sources_SOURCES = tests/fuzz/fuzz_sources.c
tests_fuzz_fuzz_sources_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS) $(XML_CFLAGS)
tests_fuzz_fuzz_sources_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_sources_LDADD = $(LIBS_FUZZ_SIGNAL)

tests_fuzz_fuzz_colibri2_SOURCES = tests/fuzz/fuzz_colibri2.c
tests_fuzz_fuzz_colibri2_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS) $(XML_CFLAGS)
tests_fuzz_fuzz_colibri2_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_colibri2_LDADD = $(LIBS_FUZZ_SIGNAL)

tests_fuzz_fuzz_conference_SOURCES = tests/fuzz/fuzz_conference.c
tests_fuzz_fuzz_conference_CFLAGS = $(CFLAGS_FOCUS_TEST)
tests_fuzz_fuzz_conference_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_conference_LDADD = $(MAIN_FUZZ) tests/flow/libconference-script.a $(LIBS_FOCUS_TEST)

# What the focus reads of members: presence, SourceInfo, disco answers, addresses.
FUZZERS += tests/fuzz/fuzz_presence
tests_fuzz_fuzz_presence_SOURCES = tests/fuzz/fuzz_presence.c
tests_fuzz_fuzz_presence_CFLAGS = $(CFLAGS_FOCUS_TEST)
tests_fuzz_fuzz_presence_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_presence_LDADD = $(MAIN_FUZZ) focus/libfocus-shell.a $(LIBS_FOCUS_TEST)
