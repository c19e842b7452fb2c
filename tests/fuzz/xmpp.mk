# SPDX-License-Identifier: Apache-2.0
FUZZ_XMPP = tests/fuzz/fuzz_stanza
check_PROGRAMS += $(FUZZ_XMPP)
TESTS += $(FUZZ_XMPP)
tests_fuzz_fuzz_stanza_SOURCES = tests/fuzz/fuzz_stanza.c
tests_fuzz_fuzz_stanza_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS) $(XML_CFLAGS)
tests_fuzz_fuzz_stanza_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_stanza_LDADD = $(MAIN_FUZZ) common/xmpp/libplenum-xmpp.a $(XML_LIBS) $(GLIB_LIBS)
