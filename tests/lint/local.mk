# SPDX-License-Identifier: Apache-2.0
EXTRA_DIST += tests/lint/lint.sh tests/lint/cppcheck.txt .clang-tidy

.PHONY: lint lint-fast
lint:
	CC='$(CC)' $(srcdir)/tests/lint/lint.sh '$(abs_top_srcdir)' '$(abs_top_builddir)'
lint-fast:
	CC='$(CC)' $(srcdir)/tests/lint/lint.sh '$(abs_top_srcdir)' '$(abs_top_builddir)' fast
