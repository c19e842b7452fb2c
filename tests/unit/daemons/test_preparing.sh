#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# ./demo and ./check while they install and build, ended by a signal at the worst moment: nothing of theirs runs on, and
# the file that keeps new servers from starting is gone. The scripts are the real ones, in a tree of their own; apt-get
# and what else would change this machine are replaced.
set -u -m # each program in the background has a process group
top=$G_TEST_SRCDIR
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
n=0 patience=300 # tenths of a second
ok() { n=$((n + 1)); echo "ok $n - $1"; }
not_ok() {
    n=$((n + 1))
    echo "not ok $n - $1"
    sed 's/^/# /' "$dir/said"
    kill -KILL -- -$program 2>/dev/null
}

tree=$dir/tree policy=$dir/policy-rc.d
mkdir -p "$tree/deploy" "$dir/bin"
cp "$top/demo" "$top/check" "$tree/"
cp "$top/deploy/prepare.sh" "$tree/deploy/"
stub() { # name, script
    printf '#!/bin/bash\n%s\n' "$2" >"$dir/bin/$1"
    chmod 755 "$dir/bin/$1"
}
# shellcheck disable=SC2016
{
    # As if it took long, and ended when told. Its process id is what shows that it was.
    busy='echo $$ >"$TEST_DIR/pid"; trap "exit 100" TERM; while :; do sleep 0.1; done'
    stub sudo '[ "$1" != kill ] || { kill "${@:2}"; exit; }; exec "$@"'
    stub dpkg-query '[ "$TEST_STAGE" != install ] && echo ii'
    stub apt-get 'case $* in *update*) exit 0 ;; esac
        [ "$TEST_HOW" != quick ] || { cp "$PLENUM_POLICY_FILE" "$TEST_DIR/seen"; exit 100; }
        '"$busy"
    stub node 'case $* in *process.versions*) echo 20 ;; esac'
    stub npm "$busy"
    stub make "$busy"
}
printf '#!/bin/sh\nexit 0\n' >"$tree/bootstrap"
printf '#!/bin/sh\ntouch Makefile\n' >"$tree/configure"
touch "$tree/configure.ac" "$tree/package-lock.json"
chmod 755 "$tree/bootstrap" "$tree/configure"

begin() { # stage, program...
    rm -f "$dir/pid" "$dir/seen"
    # Whoever started this may ignore signals, which is inherited.
    env --default-signal=INT,HUP,TERM PATH="$dir/bin:$PATH" TEST_DIR="$dir" TEST_STAGE="$1" TEST_HOW="${how-}" PLENUM_POLICY_FILE="$policy" \
        "$tree/${@:2}" >"$dir/said" 2>&1 </dev/null &
    program=$!
}
busy() { # until what was replaced runs
    for _ in $(seq $patience); do
        [ ! -s "$dir/pid" ] || return 0
        kill -0 $program 2>/dev/null || return 1
        sleep 0.1
    done
    return 1
}
ended() { # exit status of the program, 99 when it runs on
    for _ in $(seq $patience); do
        kill -0 $program 2>/dev/null || { wait $program 2>/dev/null; return; }
        sleep 0.1
    done
    return 99
}
is_over() { ! kill -0 "$(cat "$dir/pid")" 2>/dev/null; }

# stage, signal, whom to send it to (one process, or all as Ctrl-C does), exit status, program...
interrupted() {
    local stage=$1 signal=$2 whom=$3 want=$4 name
    name="${*:5} ended by SIG$signal to $whom at $stage"
    begin "$stage" "${@:5}"
    busy || { not_ok "$name: never got there"; return; }
    if [ "$stage" = install ] && ! grep -q 'exit 101' "$policy"; then not_ok "$name: servers would start"; return; fi
    if [ "$whom" = all ]; then kill -"$signal" -- -$program; else kill -"$signal" $program; fi
    ended
    status=$?
    if [ $status != "$want" ]; then not_ok "$name: exit status $status"; return; fi
    is_over || { not_ok "$name: something runs on"; return; }
    if [ -e "$policy" ]; then not_ok "$name: the policy stays"; rm -f "$policy"; return; fi
    ok "$name"
}

for signal in INT:130 TERM:143 HUP:129; do
    interrupted install ${signal%:*} all ${signal#*:} demo --no-browser
    interrupted install ${signal%:*} one ${signal#*:} demo --no-browser
done
interrupted npm INT all 130 demo --no-browser
interrupted npm TERM one 143 demo --no-browser
interrupted build INT all 130 demo --no-browser --lib-jitsi-meet x
interrupted build TERM one 143 demo --no-browser --lib-jitsi-meet x
interrupted install INT all 1 check unit
interrupted install TERM one 1 check unit
interrupted build TERM one 1 check unit

# Somebody else's policy is kept, a failed installation leaves none, and one left by a killed run goes.
how=quick
begin install demo --no-browser
ended
if [ $? = 1 ] && [ ! -e "$policy" ] && grep -q 'exit 101' "$dir/seen"; then ok "a failed installation"; else not_ok "a failed installation"; fi
mv "$dir/seen" "$policy"
begin install demo --no-browser
ended
if [ $? = 1 ] && [ ! -e "$policy" ]; then ok "a policy that was left behind"; else not_ok "a policy that was left behind"; fi
echo theirs >"$policy"
begin install demo --no-browser
ended
if [ $? = 1 ] && grep -qx theirs "$policy" "$dir/seen"; then ok "a policy of somebody else"; else not_ok "a policy of somebody else"; fi
echo "1..$n"
