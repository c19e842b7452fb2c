# SPDX-License-Identifier: Apache-2.0
COLIBRI2_TESTS = tests/unit/colibri2/test_colibri2
check_PROGRAMS += $(COLIBRI2_TESTS)
TESTS += $(COLIBRI2_TESTS)
tests_unit_colibri2_test_colibri2_SOURCES = %D%/test_colibri2.c
tests_unit_colibri2_test_colibri2_CFLAGS = $(CFLAGS_JINGLE_TEST)
tests_unit_colibri2_test_colibri2_LDADD = common/colibri2/libplenum-colibri2.a $(LIBS_JINGLE_TEST)
