# SPDX-License-Identifier: Apache-2.0
EXTRA_DIST += \
	doc/architecture.md \
	doc/protocols.md \
	doc/congestion.md \
	doc/hostile-input.md \
	doc/metrics.md \
	doc/performance.md \
	doc/robustness.md \
	doc/decisions
EXTRA_DIST += %D%/call.png
