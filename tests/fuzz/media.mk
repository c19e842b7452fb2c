# SPDX-License-Identifier: Apache-2.0
MEDIA_FUZZERS = tests/fuzz/fuzz_vp8 tests/fuzz/fuzz_vp9 tests/fuzz/fuzz_h264 tests/fuzz/fuzz_dd tests/fuzz/fuzz_projection
FUZZERS += $(MEDIA_FUZZERS)
LIBS_MEDIA_FUZZ = $(MAIN_FUZZ) bridge/tx/libbridge-tx.a bridge/rx/libbridge-rx.a common/rtp/libplenum-rtp.a

tests_fuzz_fuzz_vp8_SOURCES = %D%/fuzz_vp8.c
tests_fuzz_fuzz_vp8_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_vp8_LDADD = $(LIBS_MEDIA_FUZZ)

tests_fuzz_fuzz_vp9_SOURCES = %D%/fuzz_vp9.c
tests_fuzz_fuzz_vp9_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_vp9_LDADD = $(LIBS_MEDIA_FUZZ)

tests_fuzz_fuzz_h264_SOURCES = %D%/fuzz_h264.c
tests_fuzz_fuzz_h264_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_h264_LDADD = $(LIBS_MEDIA_FUZZ)

tests_fuzz_fuzz_dd_SOURCES = %D%/fuzz_dd.c
tests_fuzz_fuzz_dd_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_dd_LDADD = $(LIBS_MEDIA_FUZZ)

tests_fuzz_fuzz_projection_SOURCES = %D%/fuzz_projection.c
tests_fuzz_fuzz_projection_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_projection_LDADD = $(LIBS_MEDIA_FUZZ)
