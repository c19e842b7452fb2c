# SPDX-License-Identifier: Apache-2.0
TX_TESTS = \
	tests/unit/tx/test_bwe \
	tests/unit/tx/test_bwe_acked \
	tests/unit/tx/test_bwe_delay \
	tests/unit/tx/test_bwe_loss \
	tests/unit/tx/test_pacer \
	tests/unit/tx/test_projection \
	tests/unit/tx/test_late \
	tests/unit/tx/test_layers \
	tests/unit/tx/test_captured \
	tests/unit/tx/test_decode \
	tests/unit/tx/test_ssrc_slots
check_PROGRAMS += $(TX_TESTS)
TESTS += $(TX_TESTS)
CFLAGS_TX_TEST = $(AM_CFLAGS) $(GLIB_CFLAGS)
LIBS_TX_TEST = bridge/tx/libbridge-tx.a bridge/rx/libbridge-rx.a common/rtp/libplenum-rtp.a $(GLIB_LIBS)

tests_unit_tx_test_projection_SOURCES = %D%/test_projection.c %D%/media_kit.c %D%/media_kit.h
tests_unit_tx_test_projection_CFLAGS = $(CFLAGS_TX_TEST)
tests_unit_tx_test_projection_LDADD = $(LIBS_TX_TEST)

tests_unit_tx_test_late_SOURCES = %D%/test_late.c %D%/media_kit.c %D%/media_kit.h
tests_unit_tx_test_late_CFLAGS = $(CFLAGS_TX_TEST)
tests_unit_tx_test_late_LDADD = $(LIBS_TX_TEST)

tests_unit_tx_test_layers_SOURCES = %D%/test_layers.c %D%/media_kit.c %D%/media_kit.h
tests_unit_tx_test_layers_CFLAGS = $(CFLAGS_TX_TEST)
tests_unit_tx_test_layers_LDADD = $(LIBS_TX_TEST) -lm

tests_unit_tx_test_captured_SOURCES = %D%/test_captured.c
tests_unit_tx_test_captured_CFLAGS = $(CFLAGS_TX_TEST)
tests_unit_tx_test_captured_LDADD = $(LIBS_TX_TEST)
EXTRA_DIST += tests/vectors/media

tests_unit_tx_test_decode_SOURCES = \
	%D%/test_decode.c \
	%D%/decode_check.c %D%/decode_check.h \
	%D%/decode_material.c %D%/decode_material.h \
	%D%/lossy_link.c %D%/lossy_link.h
tests_unit_tx_test_decode_CFLAGS = $(CFLAGS_TX_TEST) $(GST_CFLAGS)
tests_unit_tx_test_decode_LDADD = $(LIBS_MEDIA) $(LIBS_TX_TEST) $(GST_LIBS)

tests_unit_tx_test_ssrc_slots_SOURCES = %D%/test_ssrc_slots.c
tests_unit_tx_test_ssrc_slots_CFLAGS = $(CFLAGS_TX_TEST)
tests_unit_tx_test_ssrc_slots_LDADD = $(LIBS_TX_TEST)

tests_unit_tx_test_bwe_SOURCES = %D%/test_bwe.c %D%/bwe_test.h
tests_unit_tx_test_bwe_CFLAGS = $(CFLAGS_TX_TEST)
tests_unit_tx_test_bwe_LDADD = $(LIBS_TX_TEST)

tests_unit_tx_test_bwe_acked_SOURCES = %D%/test_bwe_acked.c %D%/bwe_test.h
tests_unit_tx_test_bwe_acked_CFLAGS = $(CFLAGS_TX_TEST)
tests_unit_tx_test_bwe_acked_LDADD = $(LIBS_TX_TEST)

tests_unit_tx_test_bwe_delay_SOURCES = %D%/test_bwe_delay.c %D%/bwe_test.h
tests_unit_tx_test_bwe_delay_CFLAGS = $(CFLAGS_TX_TEST)
tests_unit_tx_test_bwe_delay_LDADD = $(LIBS_TX_TEST)

tests_unit_tx_test_bwe_loss_SOURCES = %D%/test_bwe_loss.c %D%/bwe_test.h
tests_unit_tx_test_bwe_loss_CFLAGS = $(CFLAGS_TX_TEST)
tests_unit_tx_test_bwe_loss_LDADD = $(LIBS_TX_TEST)

tests_unit_tx_test_pacer_SOURCES = %D%/test_pacer.c
tests_unit_tx_test_pacer_CFLAGS = $(CFLAGS_TX_TEST)
tests_unit_tx_test_pacer_LDADD = $(LIBS_TX_TEST)
