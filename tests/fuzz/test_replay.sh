#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# replay.sh, with a program that behaves as libFuzzer's do: without an end unless told how many runs.
set -u
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
n=0
ok() { n=$((n + 1)); echo "ok $n - $1"; }
not_ok() { n=$((n + 1)); echo "not ok $n - $1"; sed 's/^/# /' "$dir/said"; }
cat >"$dir/fuzz_vp8" <<'STUB'
#!/bin/bash
[ "${1-}" = -runs=0 ] || while :; do sleep 1; done
shift 2
for input in "$1"/*; do [ "$(head -c 5 "$input")" != crash ] || exit 77; done
STUB
cp "$dir/fuzz_vp8" "$dir/fuzz_other"
printf '#!/bin/bash\necho 1..1\necho "ok 1 - $*"\n' >"$dir/test_vp8"
chmod 755 "$dir"/*_*
replay() { # corpus' tree, program
    env G_TEST_SRCDIR="$1" timeout 20 "$BASH" "$G_TEST_SRCDIR/tests/fuzz/replay.sh" "${@:2}" >"$dir/said" 2>&1
}
if replay "$G_TEST_SRCDIR" "$dir/fuzz_vp8" && grep -q '^ok 1 - [1-9]' "$dir/said"; then ok "ends"; else not_ok "ends"; fi
mkdir -p "$dir/tests/fuzz/corpus/vp8"
if ! replay "$dir" "$dir/fuzz_vp8" && grep -q '^not ok 1 - the corpus is empty' "$dir/said"; then ok "no corpus"; else not_ok "no corpus"; fi
echo fine >"$dir/tests/fuzz/corpus/vp8/a"
echo crash >"$dir/tests/fuzz/corpus/vp8/b"
if ! replay "$dir" "$dir/fuzz_vp8" && grep -q '^not ok 1 - one of 2' "$dir/said"; then ok "a crash"; else not_ok "a crash"; fi
if ! replay "$dir" "$dir/fuzz_other" && grep -q '^not ok' "$dir/said"; then ok "a target without corpus"; else not_ok "a target without corpus"; fi
if replay "$dir" "$dir/test_vp8" one && grep -q '^ok 1 - one$' "$dir/said"; then ok "other programs"; else not_ok "other programs"; fi
echo "1..$n"
