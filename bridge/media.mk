# SPDX-License-Identifier: Apache-2.0
# The media engine: worker threads and everything on the packet's road. No GLib.
noinst_LIBRARIES += bridge/libbridge-media.a
bridge_libbridge_media_a_SOURCES = \
	bridge/forward.c bridge/forward.h \
	bridge/media_conference.c bridge/media_conference.h \
	bridge/media_endpoint.c bridge/media_endpoint.h \
	bridge/media_share.c bridge/media_share.h \
	bridge/media_signalling.c \
	bridge/media_source.c bridge/media_source.h \
	bridge/media_tick.c \
	bridge/media_transport.c \
	bridge/packet_pool.c bridge/packet_pool.h \
	bridge/rx/keyframe_requester.c bridge/rx/keyframe_requester.h \
	bridge/rx/rx_encoding.c bridge/rx/rx_encoding.h \
	bridge/rx/rx_feedback.c bridge/rx/rx_feedback.h \
	bridge/rx/rx_path.c bridge/rx/rx_path.h \
	bridge/rx/rx_rtcp.c \
	bridge/tx/own_streams.c bridge/tx/own_streams.h \
	bridge/tx/rtx_cache.c bridge/tx/rtx_cache.h \
	bridge/tx/send_batch.c bridge/tx/send_batch.h \
	bridge/tx/spent_ssrcs.c bridge/tx/spent_ssrcs.h \
	bridge/tx/tx_allocate.c bridge/tx/tx_allocate.h \
	bridge/tx/tx_header.c bridge/tx/tx_header.h \
	bridge/tx/tx_pace.c bridge/tx/tx_pace.h \
	bridge/tx/tx_path.c bridge/tx/tx_path.h \
	bridge/tx/tx_reason.c bridge/tx/tx_reason.h \
	bridge/tx/tx_repair.c bridge/tx/tx_repair.h \
	bridge/tx/tx_reports.c bridge/tx/tx_reports.h \
	bridge/tx/tx_slots.c bridge/tx/tx_slots.h \
	bridge/tx/tx_state.c bridge/tx/tx_state.h \
	bridge/worker.c bridge/worker.h bridge/worker_api.h bridge/worker_stats.h \
	bridge/worker_commands.c \
	bridge/worker_delay.c bridge/worker_delay.h \
	bridge/worker_events.c \
	bridge/worker_gather.h \
	bridge/worker_handover.c \
	bridge/worker_lookup.c \
	bridge/worker_routes.c bridge/worker_routes.h \
	bridge/worker_snapshot.c bridge/worker_snapshot.h \
	bridge/worker_socket.c bridge/worker_socket.h \
	bridge/worker_spread.c bridge/worker_spread.h \
	bridge/worker_timers.c bridge/worker_timers.h \
	bridge/worker_tuples.c bridge/worker_tuples.h \
	bridge/workers.c \
	bridge/workers_post.c
# What a program needs to run workers, in link order.
LIBS_MEDIA = bridge/libbridge-media.a bridge/libbridge-capture.a bridge/tx/libbridge-tx.a bridge/rx/libbridge-rx.a \
	bridge/alloc/libbridge-alloc.a bridge/speech/libbridge-speech.a \
	bridge/transport/libbridge-transport.a common/base/libplenum-base.a common/rtp/libplenum-rtp.a \
	$(SSL_LIBS) $(SRTP_LIBS) $(NICE_LIBS)
