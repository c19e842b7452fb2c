# SPDX-License-Identifier: Apache-2.0
# Pure: plain functions over the caller's arrays.
noinst_LIBRARIES += bridge/alloc/libbridge-alloc.a
bridge_alloc_libbridge_alloc_a_SOURCES = \
	%D%/last_n.h %D%/priority.c %D%/priority.h \
	%D%/allocator.c %D%/allocator.h \
	%D%/layer_hold.c %D%/layer_hold.h \
	%D%/sender_demand.c %D%/sender_demand.h
