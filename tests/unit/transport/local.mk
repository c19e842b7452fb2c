# SPDX-License-Identifier: Apache-2.0
TRANSPORT_TESTS = \
	tests/unit/transport/test_candidates \
	tests/unit/transport/test_dcep \
	tests/unit/transport/test_demux \
	tests/unit/transport/test_dtls \
	tests/unit/transport/test_dtls_forged \
	tests/unit/transport/test_ice_agent \
	tests/unit/transport/test_ice_message \
	tests/unit/transport/test_ice_paths \
	tests/unit/transport/test_loopback \
	tests/unit/transport/test_sctp \
	tests/unit/transport/test_sctp_forged \
	tests/unit/transport/test_srtp \
	tests/unit/transport/test_srtp_wraps
check_PROGRAMS += $(TRANSPORT_TESTS)
TESTS += $(TRANSPORT_TESTS)
CFLAGS_TRANSPORT_TEST = $(AM_CFLAGS) $(GLIB_CFLAGS) $(SSL_CFLAGS) $(SRTP_CFLAGS) $(NICE_CFLAGS) $(SCTP_CFLAGS)
LIBS_TRANSPORT_TEST = $(LIBS_TRANSPORT) $(GLIB_LIBS)
PAIR_TRANSPORT_TEST = %D%/dtls_pair.c %D%/dtls_pair.h

# Pure: links with nothing else.
tests_unit_transport_test_demux_SOURCES = %D%/test_demux.c
tests_unit_transport_test_demux_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS)
tests_unit_transport_test_demux_LDADD = bridge/transport/libbridge-transport.a common/rtp/libplenum-rtp.a $(GLIB_LIBS)

tests_unit_transport_test_srtp_SOURCES = %D%/test_srtp.c
tests_unit_transport_test_srtp_CFLAGS = $(CFLAGS_TRANSPORT_TEST)
tests_unit_transport_test_srtp_LDADD = $(LIBS_TRANSPORT_TEST)

tests_unit_transport_test_srtp_wraps_SOURCES = %D%/test_srtp_wraps.c
tests_unit_transport_test_srtp_wraps_CFLAGS = $(CFLAGS_TRANSPORT_TEST)
tests_unit_transport_test_srtp_wraps_LDADD = $(LIBS_TRANSPORT_TEST)

tests_unit_transport_test_dtls_forged_SOURCES = %D%/test_dtls_forged.c $(PAIR_TRANSPORT_TEST)
tests_unit_transport_test_dtls_forged_CFLAGS = $(CFLAGS_TRANSPORT_TEST)
tests_unit_transport_test_dtls_forged_LDADD = $(LIBS_TRANSPORT_TEST)

tests_unit_transport_test_ice_message_SOURCES = %D%/test_ice_message.c
tests_unit_transport_test_ice_message_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS)
tests_unit_transport_test_ice_message_LDADD = bridge/transport/libbridge-transport.a common/rtp/libplenum-rtp.a $(GLIB_LIBS)

tests_unit_transport_test_ice_agent_SOURCES = %D%/test_ice_agent.c %D%/ice_peer.c %D%/ice_peer.h
tests_unit_transport_test_ice_agent_CFLAGS = $(CFLAGS_TRANSPORT_TEST)
tests_unit_transport_test_ice_agent_LDADD = $(LIBS_TRANSPORT_TEST)

tests_unit_transport_test_ice_paths_SOURCES = %D%/test_ice_paths.c %D%/ice_peer.c %D%/ice_peer.h
tests_unit_transport_test_ice_paths_CFLAGS = $(CFLAGS_TRANSPORT_TEST)
tests_unit_transport_test_ice_paths_LDADD = $(LIBS_TRANSPORT_TEST)

tests_unit_transport_test_candidates_SOURCES = %D%/test_candidates.c
tests_unit_transport_test_candidates_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS)
tests_unit_transport_test_candidates_LDADD = bridge/transport/libbridge-transport.a common/rtp/libplenum-rtp.a $(GLIB_LIBS)

tests_unit_transport_test_dtls_SOURCES = %D%/test_dtls.c $(PAIR_TRANSPORT_TEST)
tests_unit_transport_test_dtls_CFLAGS = $(CFLAGS_TRANSPORT_TEST)
tests_unit_transport_test_dtls_LDADD = $(LIBS_TRANSPORT_TEST)

tests_unit_transport_test_dcep_SOURCES = %D%/test_dcep.c
tests_unit_transport_test_dcep_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS)
tests_unit_transport_test_dcep_LDADD = bridge/transport/libbridge-transport.a common/rtp/libplenum-rtp.a $(GLIB_LIBS)

tests_unit_transport_test_sctp_SOURCES = %D%/test_sctp.c
tests_unit_transport_test_sctp_CFLAGS = $(CFLAGS_TRANSPORT_TEST)
tests_unit_transport_test_sctp_LDADD = $(LIBS_TRANSPORT_TEST)

tests_unit_transport_test_sctp_forged_SOURCES = %D%/test_sctp_forged.c
tests_unit_transport_test_sctp_forged_CFLAGS = $(CFLAGS_TRANSPORT_TEST)
tests_unit_transport_test_sctp_forged_LDADD = $(LIBS_TRANSPORT_TEST)

tests_unit_transport_test_loopback_SOURCES = %D%/test_loopback.c
tests_unit_transport_test_loopback_CFLAGS = $(CFLAGS_TRANSPORT_TEST)
tests_unit_transport_test_loopback_LDADD = $(LIBS_TRANSPORT_TEST)
