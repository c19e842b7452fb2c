# SPDX-License-Identifier: Apache-2.0
# PURE: one codec for focus and bridge.
noinst_LIBRARIES += common/colibri2/libplenum-colibri2.a
common_colibri2_libplenum_colibri2_a_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS) $(XML_CFLAGS)
common_colibri2_libplenum_colibri2_a_SOURCES = \
	%D%/colibri2.c %D%/colibri2.h \
	%D%/colibri2_error.c \
	%D%/colibri2_notification.c \
	%D%/colibri2_parts.c %D%/colibri2_parts.h
