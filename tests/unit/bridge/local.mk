# SPDX-License-Identifier: Apache-2.0
# The control half. Programs that link fake_media.c and fake_transport.c have those in place of the real ones.
BRIDGE_TESTS = \
	tests/unit/bridge/test_admin \
	tests/unit/bridge/test_brewery \
	tests/unit/bridge/test_capture \
	tests/unit/bridge/test_channel \
	tests/unit/bridge/test_colibri_routes \
	tests/unit/bridge/test_endpoint_media \
	tests/unit/bridge/test_endpoint_transport \
	tests/unit/bridge/test_load \
	tests/unit/bridge/test_receiver_wishes \
	tests/unit/bridge/test_shutdown \
	tests/unit/bridge/test_superseded
check_PROGRAMS += $(BRIDGE_TESTS)
TESTS += $(BRIDGE_TESTS)
CFLAGS_BRIDGE_TEST = $(AM_CFLAGS) $(GLIB_CFLAGS) $(XML_CFLAGS) $(JSON_CFLAGS)
LIBS_BRIDGE_TEST = bridge/libbridge-control.a bridge/libbridge-capture.a bridge/tx/libbridge-tx.a bridge/channel/libbridge-channel.a \
	bridge/transport/libbridge-transport.a common/colibri2/libplenum-colibri2.a \
	common/jingle/libplenum-jingle.a common/xmpp/libplenum-xmpp.a common/base/libplenum-daemon.a \
	common/base/libplenum-base.a common/rtp/libplenum-rtp.a $(JSON_LIBS) $(SOUP_LIBS) \
	$(SCTP_LIBS) $(SRTP_LIBS) $(SSL_LIBS) $(XML_LIBS) $(GLIB_LIBS)
FAKES_BRIDGE_TEST = %D%/bridge_fixture.c %D%/bridge_fixture.h %D%/fake_media.c %D%/fake_media.h \
	%D%/fake_transport.c %D%/fake_transport.h

tests_unit_bridge_test_admin_SOURCES = %D%/test_admin.c $(FAKES_BRIDGE_TEST) \
	tests/fakes/metrics_doc.c tests/fakes/metrics_doc.h
tests_unit_bridge_test_admin_CFLAGS = $(CFLAGS_BRIDGE_TEST) $(SOUP_CFLAGS)
tests_unit_bridge_test_admin_LDADD = $(LIBS_BRIDGE_TEST)

tests_unit_bridge_test_brewery_SOURCES = %D%/test_brewery.c $(FAKES_BRIDGE_TEST) $(FAKE_XMPP_SERVER)
tests_unit_bridge_test_brewery_CFLAGS = $(CFLAGS_BRIDGE_TEST)
tests_unit_bridge_test_brewery_LDADD = $(LIBS_BRIDGE_TEST) $(STROPHE_LIBS)

tests_unit_bridge_test_capture_SOURCES = %D%/test_capture.c
tests_unit_bridge_test_capture_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS)
tests_unit_bridge_test_capture_LDADD = bridge/libbridge-capture.a common/base/libplenum-base.a $(GLIB_LIBS)

tests_unit_bridge_test_channel_SOURCES = %D%/test_channel.c $(FAKES_BRIDGE_TEST)
tests_unit_bridge_test_channel_CFLAGS = $(CFLAGS_BRIDGE_TEST)
tests_unit_bridge_test_channel_LDADD = $(LIBS_BRIDGE_TEST)

tests_unit_bridge_test_colibri_routes_SOURCES = %D%/test_colibri_routes.c $(FAKES_BRIDGE_TEST)
tests_unit_bridge_test_colibri_routes_CFLAGS = $(CFLAGS_BRIDGE_TEST)
tests_unit_bridge_test_colibri_routes_LDADD = $(LIBS_BRIDGE_TEST)

tests_unit_bridge_test_endpoint_media_SOURCES = %D%/test_endpoint_media.c
tests_unit_bridge_test_endpoint_media_CFLAGS = $(CFLAGS_BRIDGE_TEST)
tests_unit_bridge_test_endpoint_media_LDADD = $(LIBS_BRIDGE_TEST)

tests_unit_bridge_test_endpoint_transport_SOURCES = %D%/test_endpoint_transport.c
tests_unit_bridge_test_endpoint_transport_CFLAGS = $(CFLAGS_BRIDGE_TEST)
tests_unit_bridge_test_endpoint_transport_LDADD = $(LIBS_BRIDGE_TEST)

tests_unit_bridge_test_load_SOURCES = %D%/test_load.c
tests_unit_bridge_test_load_CFLAGS = $(CFLAGS_BRIDGE_TEST)
tests_unit_bridge_test_load_LDADD = $(LIBS_BRIDGE_TEST)

tests_unit_bridge_test_receiver_wishes_SOURCES = %D%/test_receiver_wishes.c %D%/fake_media.c %D%/fake_media.h
tests_unit_bridge_test_receiver_wishes_CFLAGS = $(CFLAGS_BRIDGE_TEST)
tests_unit_bridge_test_receiver_wishes_LDADD = $(LIBS_BRIDGE_TEST)

tests_unit_bridge_test_shutdown_SOURCES = %D%/test_shutdown.c $(FAKES_BRIDGE_TEST)
tests_unit_bridge_test_shutdown_CFLAGS = $(CFLAGS_BRIDGE_TEST)
tests_unit_bridge_test_shutdown_LDADD = $(LIBS_BRIDGE_TEST)

tests_unit_bridge_test_superseded_SOURCES = %D%/test_superseded.c $(FAKES_BRIDGE_TEST)
tests_unit_bridge_test_superseded_CFLAGS = $(CFLAGS_BRIDGE_TEST)
tests_unit_bridge_test_superseded_LDADD = $(LIBS_BRIDGE_TEST)
