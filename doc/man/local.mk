# SPDX-License-Identifier: Apache-2.0
# CONFIGURATION in these pages and the samples in deploy/ are made from the option tables; tests/unit/daemons holds them
# equal. After a change to a table: make update-generated
dist_man_MANS += %D%/plenum-focus.8 %D%/plenum-bridge.8
EXTRA_DIST += %D%/update.sh

.PHONY: update-generated
update-generated: plenum-focus plenum-bridge
	$(SHELL) $(top_srcdir)/doc/man/update.sh '$(top_srcdir)' '$(top_builddir)'
