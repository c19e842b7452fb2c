# SPDX-License-Identifier: Apache-2.0
MEDIA_TESTS = tests/unit/media/test_engine tests/unit/media/test_pacing tests/unit/media/test_corner_cases tests/unit/media/test_paths tests/unit/media/test_wraps tests/unit/media/test_capture_vectors tests/unit/media/test_reasons tests/unit/media/test_calm tests/unit/media/test_rules tests/unit/media/test_slot_churn tests/unit/media/test_own_streams tests/unit/media/test_rtx_cache tests/unit/media/test_send_batch tests/unit/media/test_share tests/unit/media/test_sound tests/unit/media/test_stream_stats tests/unit/media/test_tables tests/unit/media/test_tx_header
check_PROGRAMS += $(MEDIA_TESTS)
TESTS += $(MEDIA_TESTS)
ENGINE_KIT = tests/unit/media/engine_kit.c tests/unit/media/engine_kit.h
FILM_KIT = tests/unit/media/film_kit.c tests/unit/media/film_kit.h $(ENGINE_KIT)
CFLAGS_MEDIA_TEST = $(AM_CFLAGS) $(GLIB_CFLAGS)
LIBS_MEDIA_TEST = $(LIBS_MEDIA) $(GLIB_LIBS)

tests_unit_media_test_engine_SOURCES = %D%/test_engine.c $(ENGINE_KIT)
tests_unit_media_test_engine_CFLAGS = $(CFLAGS_MEDIA_TEST)
tests_unit_media_test_engine_LDADD = $(LIBS_MEDIA_TEST)

tests_unit_media_test_corner_cases_SOURCES = %D%/test_corner_cases.c $(ENGINE_KIT)
tests_unit_media_test_corner_cases_CFLAGS = $(CFLAGS_MEDIA_TEST)
tests_unit_media_test_corner_cases_LDADD = $(LIBS_MEDIA_TEST)

tests_unit_media_test_paths_SOURCES = %D%/test_paths.c $(ENGINE_KIT)
tests_unit_media_test_paths_CFLAGS = $(CFLAGS_MEDIA_TEST)
tests_unit_media_test_paths_LDADD = $(LIBS_MEDIA_TEST)

tests_unit_media_test_wraps_SOURCES = %D%/test_wraps.c $(ENGINE_KIT)
tests_unit_media_test_wraps_CFLAGS = $(CFLAGS_MEDIA_TEST)
tests_unit_media_test_wraps_LDADD = $(LIBS_MEDIA_TEST)

tests_unit_media_test_pacing_SOURCES = %D%/test_pacing.c $(ENGINE_KIT)
tests_unit_media_test_pacing_CFLAGS = $(CFLAGS_MEDIA_TEST)
tests_unit_media_test_pacing_LDADD = $(LIBS_MEDIA_TEST)

tests_unit_media_test_rtx_cache_SOURCES = %D%/test_rtx_cache.c
tests_unit_media_test_rtx_cache_CFLAGS = $(CFLAGS_MEDIA_TEST)
tests_unit_media_test_rtx_cache_LDADD = $(LIBS_MEDIA_TEST)

tests_unit_media_test_send_batch_SOURCES = %D%/test_send_batch.c
tests_unit_media_test_send_batch_CFLAGS = $(CFLAGS_MEDIA_TEST)
tests_unit_media_test_send_batch_LDADD = $(LIBS_MEDIA_TEST)

tests_unit_media_test_share_SOURCES = %D%/test_share.c $(ENGINE_KIT)
tests_unit_media_test_share_CFLAGS = $(CFLAGS_MEDIA_TEST)
tests_unit_media_test_share_LDADD = $(LIBS_MEDIA_TEST)

tests_unit_media_test_stream_stats_SOURCES = %D%/test_stream_stats.c %D%/dump_kit.c %D%/dump_kit.h $(ENGINE_KIT)
tests_unit_media_test_stream_stats_CFLAGS = $(CFLAGS_MEDIA_TEST) $(JSON_CFLAGS) $(XML_CFLAGS)
tests_unit_media_test_stream_stats_LDADD = bridge/libbridge-control.a bridge/channel/libbridge-channel.a \
	common/colibri2/libplenum-colibri2.a common/jingle/libplenum-jingle.a common/xmpp/libplenum-xmpp.a \
	common/base/libplenum-daemon.a $(LIBS_MEDIA) $(SCTP_LIBS) $(SOUP_LIBS) $(JSON_LIBS) $(XML_LIBS) $(GLIB_LIBS)

tests_unit_media_test_tables_SOURCES = %D%/test_tables.c tests/fakes/metrics_doc.c tests/fakes/metrics_doc.h
tests_unit_media_test_tables_CFLAGS = $(CFLAGS_MEDIA_TEST)
tests_unit_media_test_tables_LDADD = $(LIBS_MEDIA_TEST)

tests_unit_media_test_slot_churn_SOURCES = %D%/test_slot_churn.c $(ENGINE_KIT)
tests_unit_media_test_slot_churn_CFLAGS = $(CFLAGS_MEDIA_TEST)
tests_unit_media_test_slot_churn_LDADD = $(LIBS_MEDIA_TEST)

tests_unit_media_test_own_streams_SOURCES = %D%/test_own_streams.c $(ENGINE_KIT)
tests_unit_media_test_own_streams_CFLAGS = $(CFLAGS_MEDIA_TEST)
tests_unit_media_test_own_streams_LDADD = $(LIBS_MEDIA_TEST)

tests_unit_media_test_reasons_SOURCES = %D%/test_reasons.c $(FILM_KIT)
tests_unit_media_test_reasons_CFLAGS = $(CFLAGS_MEDIA_TEST)
tests_unit_media_test_reasons_LDADD = $(LIBS_MEDIA_TEST)

tests_unit_media_test_calm_SOURCES = %D%/test_calm.c $(FILM_KIT)
tests_unit_media_test_calm_CFLAGS = $(CFLAGS_MEDIA_TEST)
tests_unit_media_test_calm_LDADD = $(LIBS_MEDIA_TEST)

tests_unit_media_test_rules_SOURCES = %D%/test_rules.c $(ENGINE_KIT)
tests_unit_media_test_rules_CFLAGS = $(CFLAGS_MEDIA_TEST)
tests_unit_media_test_rules_LDADD = $(LIBS_MEDIA_TEST)

tests_unit_media_test_sound_SOURCES = %D%/test_sound.c $(ENGINE_KIT)
tests_unit_media_test_sound_CFLAGS = $(CFLAGS_MEDIA_TEST)
tests_unit_media_test_sound_LDADD = $(LIBS_MEDIA_TEST)

tests_unit_media_test_tx_header_SOURCES = %D%/test_tx_header.c
tests_unit_media_test_tx_header_CFLAGS = $(CFLAGS_MEDIA_TEST)
tests_unit_media_test_tx_header_LDADD = $(LIBS_MEDIA_TEST)

tests_unit_media_test_capture_vectors_SOURCES = %D%/test_capture_vectors.c $(ENGINE_KIT) \
	tests/fakes/capture_vectors.c tests/fakes/capture_vectors.h
tests_unit_media_test_capture_vectors_CFLAGS = $(CFLAGS_MEDIA_TEST)
tests_unit_media_test_capture_vectors_LDADD = $(LIBS_MEDIA_TEST)

# A tool, for whoever makes vectors of a debug capture.
check_PROGRAMS += tests/vectors/pcap_vectors
tests_vectors_pcap_vectors_SOURCES = tests/vectors/pcap_vectors.c \
	tests/fakes/capture_vectors.c tests/fakes/capture_vectors.h
tests_vectors_pcap_vectors_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS)
tests_vectors_pcap_vectors_LDADD = common/rtp/libplenum-rtp.a $(GLIB_LIBS)
