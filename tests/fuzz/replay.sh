#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# How `make check` starts a program when the fuzzers are libFuzzer's: one of those runs its corpus once, where without
# arguments it would go on for ever. Any other program is started as it is.
program=$1
name=${program##*/fuzz_}
[ "$name" != "$program" ] || exec "$@"
corpus=${G_TEST_SRCDIR:?}/tests/fuzz/corpus/$name
echo 1..1
n=$(find "$corpus" -type f | wc -l)
if [ "$n" = 0 ]; then
    echo "not ok 1 - the corpus is empty"
    exit 1
fi
# The corpus is only read: what -runs=0 finds it does not keep.
if "$program" -runs=0 -timeout=60 "$corpus" >&2; then
    echo "ok 1 - $n inputs"
else
    echo "not ok 1 - one of $n inputs"
    exit 1
fi
