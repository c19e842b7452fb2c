# SPDX-License-Identifier: Apache-2.0
BASE_TESTS = tests/unit/base/test_config \
	tests/unit/base/test_mailbox \
	tests/unit/base/test_metrics \
	tests/unit/base/test_log \
	tests/unit/base/test_http_admin tests/unit/base/test_http_listener
check_PROGRAMS += $(BASE_TESTS)
TESTS += $(BASE_TESTS)
CFLAGS_BASE_TEST = $(AM_CFLAGS) $(GLIB_CFLAGS) $(SOUP_CFLAGS)
LIBS_BASE_TEST = common/base/libplenum-base.a $(GLIB_LIBS)
# What tests of all folders share.
EXTRA_DIST += tests/fakes/await.h tests/fakes/bytes.h tests/fakes/crc32c.h tests/fakes/rows.h
FAKE_HTTP_CLIENT = tests/fakes/http_client.c tests/fakes/http_client.h
LIBS_DAEMON_TEST = common/base/libplenum-daemon.a common/base/libplenum-base.a $(SOUP_LIBS) $(GLIB_LIBS)

tests_unit_base_test_config_SOURCES = %D%/test_config.c
tests_unit_base_test_config_CFLAGS = $(CFLAGS_BASE_TEST)
tests_unit_base_test_config_LDADD = $(LIBS_BASE_TEST)

tests_unit_base_test_mailbox_SOURCES = %D%/test_mailbox.c
tests_unit_base_test_mailbox_CFLAGS = $(CFLAGS_BASE_TEST)
tests_unit_base_test_mailbox_LDADD = $(LIBS_BASE_TEST)

tests_unit_base_test_metrics_SOURCES = %D%/test_metrics.c
tests_unit_base_test_metrics_CFLAGS = $(CFLAGS_BASE_TEST)
tests_unit_base_test_metrics_LDADD = $(LIBS_BASE_TEST)

tests_unit_base_test_log_SOURCES = %D%/test_log.c
tests_unit_base_test_log_CFLAGS = $(CFLAGS_BASE_TEST)
tests_unit_base_test_log_LDADD = $(LIBS_BASE_TEST)

tests_unit_base_test_http_admin_SOURCES = %D%/test_http_admin.c $(FAKE_HTTP_CLIENT)
tests_unit_base_test_http_admin_CFLAGS = $(CFLAGS_BASE_TEST)
tests_unit_base_test_http_admin_LDADD = $(LIBS_DAEMON_TEST)

tests_unit_base_test_http_listener_SOURCES = %D%/test_http_listener.c
tests_unit_base_test_http_listener_CFLAGS = $(CFLAGS_BASE_TEST)
tests_unit_base_test_http_listener_LDADD = $(LIBS_DAEMON_TEST)
