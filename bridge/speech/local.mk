# SPDX-License-Identifier: Apache-2.0
# Pure: time is a parameter.
noinst_LIBRARIES += bridge/speech/libbridge-speech.a
bridge_speech_libbridge_speech_a_SOURCES = \
	%D%/dominant_speaker.c %D%/dominant_speaker.h \
	%D%/loudest.c %D%/loudest.h
