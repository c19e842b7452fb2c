# SPDX-License-Identifier: Apache-2.0
SPEECH_TESTS = tests/unit/speech/test_speech tests/unit/speech/test_traces
check_PROGRAMS += $(SPEECH_TESTS)
TESTS += $(SPEECH_TESTS)

tests_unit_speech_test_speech_SOURCES = %D%/test_speech.c
tests_unit_speech_test_speech_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS)
tests_unit_speech_test_speech_LDADD = bridge/speech/libbridge-speech.a $(GLIB_LIBS) -lm

tests_unit_speech_test_traces_SOURCES = %D%/test_traces.c %D%/reference_speaker.h
tests_unit_speech_test_traces_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS)
tests_unit_speech_test_traces_LDADD = bridge/speech/libbridge-speech.a $(GLIB_LIBS) -lm
