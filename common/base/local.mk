# SPDX-License-Identifier: Apache-2.0
# base: what any thread or program may use; libplenum-daemon adds the HTTP listener and main(), control only.
noinst_LIBRARIES += common/base/libplenum-base.a common/base/libplenum-daemon.a
common_base_libplenum_base_a_SOURCES = \
	%D%/clock.c %D%/clock.h \
	%D%/config.c %D%/config.h \
	%D%/config_rows.h \
	%D%/config_text.c %D%/config_text.h \
	%D%/json_members.h \
	%D%/listen_address.c %D%/listen_address.h \
	%D%/log.c %D%/log.h \
	%D%/mailbox.c %D%/mailbox.h \
	%D%/metrics.c %D%/metrics.h
common_base_libplenum_base_a_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS)
common_base_libplenum_daemon_a_SOURCES = \
	%D%/daemon.c %D%/daemon.h \
	%D%/http_admin.c %D%/http_admin.h \
	%D%/http_listener.c %D%/http_listener.h
common_base_libplenum_daemon_a_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS) $(SOUP_CFLAGS)
