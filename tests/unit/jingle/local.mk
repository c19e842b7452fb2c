# SPDX-License-Identifier: Apache-2.0
JINGLE_TESTS = \
	tests/unit/jingle/test_jingle \
	tests/unit/jingle/test_sources
check_PROGRAMS += $(JINGLE_TESTS)
TESTS += $(JINGLE_TESTS)
CFLAGS_JINGLE_TEST = $(AM_CFLAGS) $(GLIB_CFLAGS) $(XML_CFLAGS)
LIBS_JINGLE_TEST = common/jingle/libplenum-jingle.a common/xmpp/libplenum-xmpp.a $(JSON_LIBS) $(XML_LIBS) $(GLIB_LIBS)

tests_unit_jingle_test_jingle_SOURCES = %D%/test_jingle.c
tests_unit_jingle_test_jingle_CFLAGS = $(CFLAGS_JINGLE_TEST)
tests_unit_jingle_test_jingle_LDADD = $(LIBS_JINGLE_TEST)

tests_unit_jingle_test_sources_SOURCES = %D%/test_sources.c
tests_unit_jingle_test_sources_CFLAGS = $(CFLAGS_JINGLE_TEST)
tests_unit_jingle_test_sources_LDADD = $(LIBS_JINGLE_TEST)
