# SPDX-License-Identifier: Apache-2.0
XMPP_TESTS = tests/unit/xmpp/test_stanza
check_PROGRAMS += $(XMPP_TESTS)
TESTS += $(XMPP_TESTS)
CFLAGS_XMPP_TEST = $(AM_CFLAGS) $(GLIB_CFLAGS) $(XML_CFLAGS)
LIBS_XMPP_TEST = common/xmpp/libplenum-xmpp.a $(XML_LIBS) $(GLIB_LIBS)

tests_unit_xmpp_test_stanza_SOURCES = %D%/test_stanza.c
tests_unit_xmpp_test_stanza_CFLAGS = $(CFLAGS_XMPP_TEST)
tests_unit_xmpp_test_stanza_LDADD = $(LIBS_XMPP_TEST)
