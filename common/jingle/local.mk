# SPDX-License-Identifier: Apache-2.0
# PURE: libxml2 trees, GLib, json-glib. No connection.
noinst_LIBRARIES += common/jingle/libplenum-jingle.a
common_jingle_libplenum_jingle_a_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS) $(XML_CFLAGS) $(JSON_CFLAGS)
common_jingle_libplenum_jingle_a_SOURCES = \
	%D%/ice_transport.c %D%/ice_transport.h \
	%D%/jingle.c %D%/jingle.h \
	%D%/jingle_ns.h %D%/jingle_refuse.c %D%/jingle_refuse.h \
	%D%/media_desc.c %D%/media_desc.h \
	%D%/source_check.c %D%/source_check.h \
	%D%/source_json.c \
	%D%/source_map.c %D%/source_map.h \
	%D%/source_set.c %D%/source_set.h
