# SPDX-License-Identifier: Apache-2.0
# The programs themselves, as a user starts them.
DAEMON_TESTS = %D%/test_command_line.sh %D%/test_life.sh %D%/test_preparing.sh
EXTRA_DIST += $(DAEMON_TESTS)
TESTS += $(DAEMON_TESTS)
%C%_logs = %D%/test_command_line.sh.log %D%/test_life.sh.log
$(%C%_logs): plenum-focus plenum-bridge
