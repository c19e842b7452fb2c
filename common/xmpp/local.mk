# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += common/xmpp/libplenum-xmpp.a
common_xmpp_libplenum_xmpp_a_SOURCES = \
	%D%/disco.h \
	%D%/iq_router.h \
	%D%/jid.h \
	%D%/muc.h \
	%D%/stanza.c %D%/stanza.h \
	%D%/stanza_error.h \
	%D%/xmpp_link.h
common_xmpp_libplenum_xmpp_a_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS) $(XML_CFLAGS)
