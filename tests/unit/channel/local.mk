# SPDX-License-Identifier: Apache-2.0
CHANNEL_TESTS = tests/unit/channel/test_colibri_ws tests/unit/channel/test_json_text tests/unit/channel/test_messages \
	tests/unit/channel/test_ws_target
check_PROGRAMS += $(CHANNEL_TESTS)
TESTS += $(CHANNEL_TESTS)
CFLAGS_CHANNEL_TEST = $(AM_CFLAGS) $(GLIB_CFLAGS) $(JSON_CFLAGS)
LIBS_CHANNEL_TEST = bridge/channel/libbridge-channel.a $(JSON_LIBS) $(GLIB_LIBS)

tests_unit_channel_test_json_text_SOURCES = %D%/test_json_text.c
tests_unit_channel_test_json_text_CFLAGS = $(CFLAGS_CHANNEL_TEST)
tests_unit_channel_test_json_text_LDADD = $(LIBS_CHANNEL_TEST)

tests_unit_channel_test_messages_SOURCES = %D%/test_messages.c
tests_unit_channel_test_messages_CFLAGS = $(CFLAGS_CHANNEL_TEST)
tests_unit_channel_test_messages_LDADD = $(LIBS_CHANNEL_TEST)

tests_unit_channel_test_colibri_ws_SOURCES = %D%/test_colibri_ws.c
tests_unit_channel_test_colibri_ws_CFLAGS = $(CFLAGS_CHANNEL_TEST) $(SOUP_CFLAGS)
tests_unit_channel_test_colibri_ws_LDADD = bridge/channel/libbridge-websocket.a bridge/channel/libbridge-channel.a \
	common/base/libplenum-daemon.a common/base/libplenum-base.a \
	$(SOUP_LIBS) $(GLIB_LIBS)

tests_unit_channel_test_ws_target_SOURCES = %D%/test_ws_target.c
tests_unit_channel_test_ws_target_CFLAGS = $(CFLAGS_CHANNEL_TEST)
tests_unit_channel_test_ws_target_LDADD = $(LIBS_CHANNEL_TEST)
