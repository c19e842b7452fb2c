# SPDX-License-Identifier: Apache-2.0
ALLOC_TESTS = tests/unit/alloc/test_alloc
check_PROGRAMS += $(ALLOC_TESTS)
TESTS += $(ALLOC_TESTS)

tests_unit_alloc_test_alloc_SOURCES = %D%/test_alloc.c
tests_unit_alloc_test_alloc_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS)
tests_unit_alloc_test_alloc_LDADD = bridge/alloc/libbridge-alloc.a $(GLIB_LIBS)
