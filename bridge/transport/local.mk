# SPDX-License-Identifier: Apache-2.0
# Each library is included by its own files only: OpenSSL by dtls and the SRTP and SRTCP transforms (libsrtp2 in their
# place --with-srtp=libsrtp2; doc/decisions/0009-srtp-and-srtcp-by-openssl.md), libnice by ice, usrsctp by sctp. demux,
# tuple, dcep and candidates need none.
noinst_LIBRARIES += bridge/transport/libbridge-transport.a
bridge_transport_libbridge_transport_a_CFLAGS = $(AM_CFLAGS) $(SSL_CFLAGS) $(SRTP_CFLAGS) $(NICE_CFLAGS) $(SCTP_CFLAGS)
bridge_transport_libbridge_transport_a_SOURCES = \
	%D%/candidates.c %D%/candidates.h \
	%D%/dcep.c %D%/dcep.h \
	%D%/demux.c %D%/demux.h \
	%D%/dtls.c %D%/dtls.h \
	%D%/dtls_certificate.c %D%/dtls_certificate.h \
	%D%/dtls_cookie.c %D%/dtls_cookie.h \
	%D%/dtls_flight.c %D%/dtls_flight.h \
	%D%/dtls_private.h \
	%D%/dtls_record.c %D%/dtls_record.h \
	%D%/dtls_rivals.c \
	%D%/hmac_sha1.c %D%/hmac_sha1.h \
	%D%/ice_agent.c %D%/ice_agent.h \
	%D%/ice_credentials.c \
	%D%/ice_generation.c %D%/ice_generation.h \
	%D%/ice_message.c %D%/ice_message.h \
	%D%/ice_stun.c %D%/ice_stun.h \
	%D%/sctp.c %D%/sctp.h \
	%D%/sctp_table.c %D%/sctp_table.h \
	%D%/srtp.h \
	%D%/srtp_index.h \
	%D%/srtp_kdf.c %D%/srtp_kdf.h \
	%D%/srtp_policy.c %D%/srtp_policy.h \
	%D%/srtp_table.c %D%/srtp_table.h \
	%D%/tuple.c %D%/tuple.h
if SRTP_LIBSRTP2
bridge_transport_libbridge_transport_a_SOURCES += %D%/srtcp_libsrtp.c %D%/srtp_libsrtp.c
else
bridge_transport_libbridge_transport_a_SOURCES += %D%/srtcp_evp.c %D%/srtp_evp.c %D%/srtp_evp.h \
	%D%/srtp_transform.c %D%/srtp_transform.h
endif
LIBS_TRANSPORT = bridge/transport/libbridge-transport.a common/rtp/libplenum-rtp.a \
	$(SSL_LIBS) $(SRTP_LIBS) $(NICE_LIBS) $(SCTP_LIBS)
