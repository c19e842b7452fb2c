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
	%D%/conference_sources.c \
	%D%/conference_view.c \
	%D%/offer.c %D%/offer.h \
	%D%/rate_limit.c %D%/rate_limit.h \
	%D%/source_signaling.c %D%/source_signaling.h
