# SPDX-License-Identifier: Apache-2.0
# What comes by HTTP: conference requests, COLIBRI2, the addresses of WebSockets.
FUZZ_HTTP = tests/fuzz/fuzz_request_body tests/fuzz/fuzz_ws_target tests/fuzz/fuzz_colibri_post
FUZZERS += $(FUZZ_HTTP)

tests_fuzz_fuzz_request_body_SOURCES = tests/fuzz/fuzz_request_body.c
tests_fuzz_fuzz_request_body_CFLAGS = $(CFLAGS_FOCUS_TEST)
tests_fuzz_fuzz_request_body_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_request_body_LDADD = $(MAIN_FUZZ) $(LIBS_FOCUS_TEST)

tests_fuzz_fuzz_ws_target_SOURCES = tests/fuzz/fuzz_ws_target.c
tests_fuzz_fuzz_ws_target_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS)
tests_fuzz_fuzz_ws_target_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_ws_target_LDADD = $(MAIN_FUZZ) bridge/channel/libbridge-channel.a $(GLIB_LIBS)

tests_fuzz_fuzz_colibri_post_SOURCES = tests/fuzz/fuzz_colibri_post.c \
	tests/unit/bridge/bridge_fixture.c tests/unit/bridge/bridge_fixture.h \
	tests/unit/bridge/fake_media.c tests/unit/bridge/fake_media.h \
	tests/unit/bridge/fake_transport.c tests/unit/bridge/fake_transport.h
tests_fuzz_fuzz_colibri_post_CFLAGS = $(CFLAGS_BRIDGE_TEST)
tests_fuzz_fuzz_colibri_post_LDFLAGS = $(LDFLAGS_FUZZ)
tests_fuzz_fuzz_colibri_post_LDADD = $(MAIN_FUZZ) $(LIBS_BRIDGE_TEST)
