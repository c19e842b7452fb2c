# SPDX-License-Identifier: Apache-2.0
# Pure: time is a parameter, nothing but common/rtp and bridge/rx.
noinst_LIBRARIES += bridge/tx/libbridge-tx.a
bridge_tx_libbridge_tx_a_SOURCES = \
	%D%/forward_reason.c %D%/forward_reason.h \
	%D%/out_stream.c %D%/out_stream.h \
	%D%/projection.c %D%/projection.h %D%/projection_codec.h \
	%D%/projection_vp8.c \
	%D%/projection_vp9.c \
	%D%/projection_dd.c \
	%D%/ssrc_slots.c %D%/ssrc_slots.h
