# SPDX-License-Identifier: Apache-2.0
# Deterministic simulations in virtual time; quick enough for every `make check`.
SIM_TESTS = tests/sim/test_bwe_sim tests/sim/test_bwe_scenes
check_PROGRAMS += $(SIM_TESTS)
TESTS += $(SIM_TESTS)

sim_world = %D%/sim_world.c %D%/sim_world.h %D%/sim_flow.c %D%/sim_flow.h %D%/sim_link.c %D%/sim_link.h
sim_libs = bridge/alloc/libbridge-alloc.a bridge/tx/libbridge-tx.a bridge/rx/libbridge-rx.a common/rtp/libplenum-rtp.a \
	$(GLIB_LIBS)

tests_sim_test_bwe_sim_SOURCES = %D%/test_bwe_sim.c $(sim_world)
tests_sim_test_bwe_sim_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS)
tests_sim_test_bwe_sim_LDADD = $(sim_libs)

tests_sim_test_bwe_scenes_SOURCES = %D%/test_bwe_scenes.c $(sim_world)
tests_sim_test_bwe_scenes_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS)
tests_sim_test_bwe_scenes_LDADD = $(sim_libs)
