# SPDX-License-Identifier: Apache-2.0
# ISO C only: no GLib, no I/O. Links into tests with nothing else.
noinst_LIBRARIES += common/rtp/libplenum-rtp.a
common_rtp_libplenum_rtp_a_SOURCES = \
	%D%/reader.h \
	%D%/rtp_view.c %D%/rtp_view.h
