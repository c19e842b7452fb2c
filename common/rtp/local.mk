# SPDX-License-Identifier: Apache-2.0
# ISO C only: no GLib, no I/O. Links into tests with nothing else.
noinst_LIBRARIES += common/rtp/libplenum-rtp.a
common_rtp_libplenum_rtp_a_SOURCES = \
	%D%/reader.h \
	%D%/writer.h \
	%D%/rtp_seq.h \
	%D%/rtcp_build.h \
	%D%/rtp_view.c %D%/rtp_view.h \
	%D%/rtp_ext.c %D%/rtp_ext.h \
	%D%/rtp_write.c %D%/rtp_write.h \
	%D%/rtcp_iter.c %D%/rtcp_iter.h \
	%D%/rtcp_report.c %D%/rtcp_report.h \
	%D%/rtcp_fb.c %D%/rtcp_fb.h \
	%D%/twcc.c %D%/twcc.h \
	%D%/rtx.c %D%/rtx.h \
	%D%/red.c %D%/red.h \
	%D%/media_codec.c %D%/media_codec.h \
	%D%/vp8.c %D%/vp8.h \
	%D%/vp9.c %D%/vp9.h \
	%D%/h264.c %D%/h264.h \
	%D%/av1_dd.c %D%/av1_dd.h \
	%D%/vla.c %D%/vla.h
