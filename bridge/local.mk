# SPDX-License-Identifier: Apache-2.0
# Debug captures: between control and the workers, used by both.
noinst_LIBRARIES += bridge/libbridge-capture.a
bridge_libbridge_capture_a_SOURCES = %D%/capture.c %D%/capture.h

noinst_LIBRARIES += bridge/libbridge-control.a
bridge_libbridge_control_a_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS) $(XML_CFLAGS) $(JSON_CFLAGS)
bridge_libbridge_control_a_SOURCES = \
	%D%/admin.c %D%/admin.h \
	%D%/brewery.c %D%/brewery.h \
	%D%/bridge.c %D%/bridge.h \
	%D%/bridge_config.c %D%/bridge_config.h \
	%D%/bridge_env.h \
	%D%/colibri_routes.c %D%/colibri_routes.h \
	%D%/conference.c %D%/conference.h \
	%D%/conference_modify.c \
	%D%/dump.c %D%/dump.h \
	%D%/endpoint.c %D%/endpoint.h \
	%D%/endpoint_channel.c \
	%D%/endpoint_media.c %D%/endpoint_media.h \
	%D%/endpoint_transport.c %D%/endpoint_transport.h \
	%D%/load.c %D%/load.h \
	%D%/load_reducer.c %D%/load_reducer.h \
	%D%/receiver_wishes.c %D%/receiver_wishes.h \
	%D%/stats.c %D%/stats.h \
	%D%/stats_metrics.c %D%/stats_metrics.h \
	%D%/worker_api.h %D%/worker_stats.h

include bridge/media.mk

bin_PROGRAMS += plenum-bridge
plenum_bridge_SOURCES = %D%/main.c
plenum_bridge_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS) $(XML_CFLAGS) $(JSON_CFLAGS) $(SOUP_CFLAGS)
plenum_bridge_LDADD = bridge/libbridge-control.a bridge/channel/libbridge-websocket.a \
	bridge/channel/libbridge-channel.a common/colibri2/libplenum-colibri2.a \
	common/jingle/libplenum-jingle.a common/xmpp/libplenum-xmpp.a common/base/libplenum-daemon.a \
	$(LIBS_MEDIA) $(SCTP_LIBS) $(STROPHE_LIBS) $(SOUP_LIBS) $(JSON_LIBS) $(XML_LIBS) $(GLIB_LIBS)
