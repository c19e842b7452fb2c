# SPDX-License-Identifier: Apache-2.0
# The pure half: decisions only. Links into tests without strophe, sockets or a main loop.
noinst_LIBRARIES += focus/libfocus-pure.a
focus_libfocus_pure_a_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS) $(XML_CFLAGS) $(JSON_CFLAGS)
focus_libfocus_pure_a_SOURCES = \
	%D%/bridge_pool.c %D%/bridge_pool.h \
	%D%/bridge_select.c %D%/bridge_select.h \
	%D%/conference.c %D%/conference.h \
	%D%/conference_bridge.c \
	%D%/conference_jingle.c \
	%D%/conference_owner.c \
	%D%/conference_parts.h \
	%D%/conference_session.c \
	%D%/conference_sources.c \
	%D%/conference_view.c \
	%D%/offer.c %D%/offer.h \
	%D%/rate_limit.c %D%/rate_limit.h \
	%D%/request_body.c %D%/request_body.h \
	%D%/request_limiter.c %D%/request_limiter.h \
	%D%/source_signaling.c %D%/source_signaling.h \
	%D%/token_bucket.c %D%/token_bucket.h
# What main() wires together.
noinst_LIBRARIES += focus/libfocus-shell.a
focus_libfocus_shell_a_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS) $(XML_CFLAGS) $(JSON_CFLAGS)
focus_libfocus_shell_a_SOURCES = \
	%D%/admin.c \
	%D%/bridge_brewery.c %D%/bridge_brewery.h \
	%D%/bridge_routes.c \
	%D%/conference_routes.c \
	%D%/conference_actions.c \
	%D%/conference_room.c \
	%D%/conference_shell.c %D%/conference_shell.h \
	%D%/conference_shell_parts.h \
	%D%/focus.c %D%/focus.h \
	%D%/focus_config.c %D%/focus_config.h \
	%D%/focus_presence.c %D%/focus_presence.h \
	%D%/jingle_routes.c \
	%D%/member_presence.c %D%/member_presence.h

bin_PROGRAMS += plenum-focus
plenum_focus_SOURCES = %D%/main.c
plenum_focus_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS) $(XML_CFLAGS) $(JSON_CFLAGS)
plenum_focus_LDADD = focus/libfocus-shell.a focus/libfocus-pure.a \
	common/colibri2/libplenum-colibri2.a common/jingle/libplenum-jingle.a common/xmpp/libplenum-xmpp.a \
	common/base/libplenum-daemon.a common/base/libplenum-base.a \
	$(STROPHE_LIBS) $(SOUP_LIBS) $(JSON_LIBS) $(XML_LIBS) $(GLIB_LIBS)
