# SPDX-License-Identifier: Apache-2.0
# Only xmpp_link needs libstrophe; programs that do not use it need not link it.
noinst_LIBRARIES += common/xmpp/libplenum-xmpp.a
common_xmpp_libplenum_xmpp_a_SOURCES = \
	%D%/caps_cache.c \
	%D%/component_stream.c %D%/component_stream.h \
	%D%/disco.c %D%/disco.h \
	%D%/iq_router.c %D%/iq_router.h \
	%D%/jid.c %D%/jid.h \
	%D%/link_trouble.c %D%/link_trouble.h \
	%D%/muc.c %D%/muc.h \
	%D%/stanza.c %D%/stanza.h \
	%D%/stanza_error.c %D%/stanza_error.h \
	%D%/stanza_framer.c %D%/stanza_framer.h \
	%D%/strophe_stanza.c %D%/strophe_stanza.h \
	%D%/xmpp_link.c %D%/xmpp_link.h \
	%D%/xmpp_link_client.c %D%/xmpp_link_parts.h
common_xmpp_libplenum_xmpp_a_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS) $(XML_CFLAGS) $(STROPHE_CFLAGS)
