# SPDX-License-Identifier: Apache-2.0
# The manuals refer to these.
dist_doc_DATA = \
	doc/architecture.md \
	doc/protocols.md \
	doc/congestion.md \
	doc/hostile-input.md \
	doc/metrics.md \
	doc/performance.md \
	doc/robustness.md \
	doc/testing.md
EXTRA_DIST += %D%/decisions %D%/call.png
