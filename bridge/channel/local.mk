# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += bridge/channel/libbridge-channel.a
bridge_channel_libbridge_channel_a_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS)
bridge_channel_libbridge_channel_a_SOURCES = \
	%D%/json_text.c %D%/json_text.h \
	%D%/message_build.c \
	%D%/messages.c %D%/messages.h \
	%D%/rate_limit.h
