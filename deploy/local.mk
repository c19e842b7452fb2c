# SPDX-License-Identifier: Apache-2.0
EXTRA_DIST += %D%/prepare.sh %D%/demo %D%/systemd %D%/prosody %D%/coturn package.json package-lock.json

# Samples go beside the documentation: nothing that an administrator wrote in /etc is ever overwritten.
examplesdir = $(docdir)/examples
dist_examples_DATA = %D%/focus.conf %D%/bridge.conf %D%/prosody/plenum.cfg.lua %D%/coturn/turnserver.conf
prosodydir = $(pkgdatadir)/prosody
dist_prosody_DATA = %D%/prosody/modules/mod_auth_plenum_anonymous.lua

# Below the prefix: systemd also reads /usr/local/lib/systemd/system.
systemdunitdir = $(prefix)/lib/systemd/system
systemdunit_DATA = %D%/systemd/plenum-focus.service %D%/systemd/plenum-bridge.service
CLEANFILES += $(systemdunit_DATA)
$(systemdunit_DATA): %D%/systemd/%.service: %D%/systemd/%.service.in Makefile
	@$(MKDIR_P) $(@D)
	$(AM_V_GEN)sed 's,@bindir[@],$(bindir),' $< >$@.tmp && mv $@.tmp $@
