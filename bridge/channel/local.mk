# SPDX-License-Identifier: Apache-2.0
# libbridge-channel is the pure codec; the WebSocket listener is a library of its own, so tests stay free of it.
noinst_LIBRARIES += bridge/channel/libbridge-channel.a bridge/channel/libbridge-websocket.a
bridge_channel_libbridge_channel_a_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS)
bridge_channel_libbridge_channel_a_SOURCES = \
	%D%/json_text.c %D%/json_text.h \
	%D%/message_build.c \
	%D%/messages.c %D%/messages.h \
	%D%/rate_limit.h \
	%D%/ws_target.c %D%/ws_target.h

bridge_channel_libbridge_websocket_a_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS) $(SOUP_CFLAGS)
bridge_channel_libbridge_websocket_a_SOURCES = \
	%D%/carrier.h \
	%D%/colibri_ws.c %D%/colibri_ws.h
