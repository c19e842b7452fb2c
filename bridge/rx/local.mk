# SPDX-License-Identifier: Apache-2.0
# Pure: time is a parameter, nothing but common/rtp.
noinst_LIBRARIES += bridge/rx/libbridge-rx.a
bridge_rx_libbridge_rx_a_SOURCES = \
	%D%/rate_window.c %D%/rate_window.h \
	%D%/rx_stream.c %D%/rx_stream.h \
	%D%/nack_gen.c %D%/nack_gen.h \
	%D%/twcc_log.c %D%/twcc_log.h \
	%D%/seq_map.c %D%/seq_map.h \
	%D%/layer_order.c %D%/layer_order.h \
	%D%/media_packet.h \
	%D%/frame_info.c %D%/frame_info.h \
	%D%/source_layers.c %D%/source_layers.h
