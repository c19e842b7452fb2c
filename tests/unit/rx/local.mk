# SPDX-License-Identifier: Apache-2.0
RX_TESTS = \
	tests/unit/rx/test_layer_order \
	tests/unit/rx/test_rx_stream \
	tests/unit/rx/test_nack_gen \
	tests/unit/rx/test_twcc_log \
	tests/unit/rx/test_seq_map
check_PROGRAMS += $(RX_TESTS)
TESTS += $(RX_TESTS)
CFLAGS_RX_TEST = $(AM_CFLAGS) $(GLIB_CFLAGS)
LIBS_RX_TEST = bridge/rx/libbridge-rx.a common/rtp/libplenum-rtp.a $(GLIB_LIBS)

tests_unit_rx_test_layer_order_SOURCES = %D%/test_layer_order.c
tests_unit_rx_test_layer_order_CFLAGS = $(CFLAGS_RX_TEST)
tests_unit_rx_test_layer_order_LDADD = $(LIBS_RX_TEST)

tests_unit_rx_test_rx_stream_SOURCES = %D%/test_rx_stream.c
tests_unit_rx_test_rx_stream_CFLAGS = $(CFLAGS_RX_TEST)
tests_unit_rx_test_rx_stream_LDADD = $(LIBS_RX_TEST)

tests_unit_rx_test_nack_gen_SOURCES = %D%/test_nack_gen.c
tests_unit_rx_test_nack_gen_CFLAGS = $(CFLAGS_RX_TEST)
tests_unit_rx_test_nack_gen_LDADD = $(LIBS_RX_TEST)

tests_unit_rx_test_twcc_log_SOURCES = %D%/test_twcc_log.c
tests_unit_rx_test_twcc_log_CFLAGS = $(CFLAGS_RX_TEST)
tests_unit_rx_test_twcc_log_LDADD = $(LIBS_RX_TEST)

tests_unit_rx_test_seq_map_SOURCES = %D%/test_seq_map.c
tests_unit_rx_test_seq_map_CFLAGS = $(CFLAGS_RX_TEST)
tests_unit_rx_test_seq_map_LDADD = $(LIBS_RX_TEST)
