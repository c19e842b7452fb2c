# SPDX-License-Identifier: Apache-2.0
XMPP_TESTS = tests/unit/xmpp/test_stanza \
	tests/unit/xmpp/test_jid \
	tests/unit/xmpp/test_iq_router \
	tests/unit/xmpp/test_disco \
	tests/unit/xmpp/test_muc \
	tests/unit/xmpp/test_stanza_framer \
	tests/unit/xmpp/test_xmpp_link \
	tests/unit/xmpp/test_link_trouble
check_PROGRAMS += $(XMPP_TESTS)
TESTS += $(XMPP_TESTS)
CFLAGS_XMPP_TEST = $(AM_CFLAGS) $(GLIB_CFLAGS) $(XML_CFLAGS)
# A server inside the test, here and in the tests of the two daemons.
FAKE_XMPP_SERVER = tests/fakes/xmpp_server.c tests/fakes/xmpp_server.h
LIBS_XMPP_TEST = common/xmpp/libplenum-xmpp.a $(XML_LIBS) $(GLIB_LIBS)

tests_unit_xmpp_test_stanza_SOURCES = %D%/test_stanza.c
tests_unit_xmpp_test_stanza_CFLAGS = $(CFLAGS_XMPP_TEST)
tests_unit_xmpp_test_stanza_LDADD = $(LIBS_XMPP_TEST)

tests_unit_xmpp_test_stanza_framer_SOURCES = %D%/test_stanza_framer.c
tests_unit_xmpp_test_stanza_framer_CFLAGS = $(CFLAGS_XMPP_TEST)
tests_unit_xmpp_test_stanza_framer_LDADD = $(LIBS_XMPP_TEST)

tests_unit_xmpp_test_jid_SOURCES = %D%/test_jid.c
tests_unit_xmpp_test_jid_CFLAGS = $(CFLAGS_XMPP_TEST)
tests_unit_xmpp_test_jid_LDADD = $(LIBS_XMPP_TEST)

tests_unit_xmpp_test_iq_router_SOURCES = %D%/test_iq_router.c
tests_unit_xmpp_test_iq_router_CFLAGS = $(CFLAGS_XMPP_TEST)
tests_unit_xmpp_test_iq_router_LDADD = $(LIBS_XMPP_TEST)

tests_unit_xmpp_test_disco_SOURCES = %D%/test_disco.c
tests_unit_xmpp_test_disco_CFLAGS = $(CFLAGS_XMPP_TEST)
tests_unit_xmpp_test_disco_LDADD = $(LIBS_XMPP_TEST)

tests_unit_xmpp_test_muc_SOURCES = %D%/test_muc.c
tests_unit_xmpp_test_muc_CFLAGS = $(CFLAGS_XMPP_TEST)
tests_unit_xmpp_test_muc_LDADD = $(LIBS_XMPP_TEST)

tests_unit_xmpp_test_xmpp_link_SOURCES = %D%/test_xmpp_link.c $(FAKE_XMPP_SERVER)
tests_unit_xmpp_test_xmpp_link_CFLAGS = $(CFLAGS_XMPP_TEST)
tests_unit_xmpp_test_xmpp_link_LDADD = common/xmpp/libplenum-xmpp.a common/base/libplenum-base.a $(STROPHE_LIBS) $(XML_LIBS) $(GLIB_LIBS)

tests_unit_xmpp_test_link_trouble_SOURCES = %D%/test_link_trouble.c $(FAKE_XMPP_SERVER)
tests_unit_xmpp_test_link_trouble_CFLAGS = $(CFLAGS_XMPP_TEST)
tests_unit_xmpp_test_link_trouble_LDADD = common/xmpp/libplenum-xmpp.a common/base/libplenum-base.a $(STROPHE_LIBS) $(XML_LIBS) $(GLIB_LIBS)
