# SPDX-License-Identifier: Apache-2.0
# Pure: time is a parameter, nothing but common/rtp and bridge/rx.
noinst_LIBRARIES += bridge/tx/libbridge-tx.a
bridge_tx_libbridge_tx_a_SOURCES = \
	%D%/ext_policy.c %D%/ext_policy.h \
	%D%/forward_reason.c %D%/forward_reason.h \
	%D%/out_stream.c %D%/out_stream.h \
	%D%/projection.c %D%/projection.h %D%/projection_codec.h \
	%D%/projection_vp8.c \
	%D%/projection_vp9.c \
	%D%/projection_dd.c \
	%D%/ssrc_slots.c %D%/ssrc_slots.h \
	%D%/bwe.c %D%/bwe.h \
	%D%/bwe_history.c %D%/bwe_history.h \
	%D%/bwe_ack_rate.c %D%/bwe_ack_rate.h \
	%D%/bwe_inter_arrival.c %D%/bwe_inter_arrival.h \
	%D%/bwe_trendline.c %D%/bwe_trendline.h \
	%D%/bwe_aimd.c %D%/bwe_aimd.h \
	%D%/bwe_loss.c %D%/bwe_loss.h \
	%D%/bwe_alr.c %D%/bwe_alr.h \
	%D%/bwe_probe.c %D%/bwe_probe.h \
	%D%/bwe_queue.c %D%/bwe_queue.h \
	%D%/bwe_random_loss.c %D%/bwe_random_loss.h %D%/bwe_remb.c %D%/bwe_remb.h \
	%D%/paced_queue.c %D%/paced_queue.h \
	%D%/pacer.c %D%/pacer.h \
	%D%/padding.c %D%/padding.h \
	%D%/bwe_packet.h
