#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The daemons from start to end, as a user sees them: conferences by HTTP, file descriptors that do not grow, draining,
# SIGTERM once and twice. In a build with AddressSanitizer a leak at the end is an exit status other than 0.
set -u
bin=$G_TEST_BUILDDIR
dir=$(mktemp -d)
daemon=
trap '[ -z "$daemon" ] || kill -KILL "$daemon" 2>/dev/null; rm -rf "$dir"' EXIT
n=0 cycles=100 patience=600 # tenths of a second, on a machine however busy
ok() { n=$((n + 1)); echo "ok $n - $1"; }
not_ok() { n=$((n + 1)); echo "not ok $n - $1"; tail -n 30 "$dir/log" | sed 's/^/# /'; }
check() { local name=$1; shift; if "$@"; then ok "$name"; else not_ok "$name"; fi; }

start() {
    : >"$dir/log"
    for _ in 1 2 3 4 5; do # the ports may be taken by somebody else
        udp=$((20000 + RANDOM % 10000)) tcp=$((30000 + RANDOM % 2000))
        printf '[xmpp]\nhost =\n[ice]\ninclude_loopback = true\nipv6 = false\naddresses = 127.0.0.1\nport = %d\n[media]\nworkers = 2\n[http]\nprivate = 127.0.0.1:%d\n' \
            $udp $tcp >"$dir/b.conf"
        "$bin/plenum-bridge" --config "$dir/b.conf" >"$dir/log" 2>&1 &
        daemon=$!
        for _ in $(seq $patience); do
            grep -q 'UDP port' "$dir/log" && return 0
            kill -0 $daemon 2>/dev/null || break
            sleep 0.1
        done
        wait $daemon
    done
    return 1
}

# Waits for the daemon's end; its exit status.
ended() {
    for _ in $(seq $patience); do
        kill -0 $daemon 2>/dev/null || { wait $daemon 2>/dev/null; local status=$?; daemon=; return $status; }
        sleep 0.1
    done
    return 99
}
running() { sleep 0.5; kill -0 $daemon 2>/dev/null; }

http() { # method, path, body: the whole answer
    exec 3<>"/dev/tcp/127.0.0.1/$tcp" || return 1
    printf '%s %s HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/xml\r\nContent-Length: %d\r\n\r\n%s' \
        "$1" "$2" ${#3} "$3" >&3
    cat <&3
    exec 3>&-
}
modify() { # meeting, attributes, content
    http POST /colibri2 "<conference-modify xmlns='jitsi:colibri2' meeting-id='$1' $2>$3</conference-modify>"
}
endpoint() { # id
    echo "<endpoint xmlns='jitsi:colibri2' id='$1' create='true'><capability name='source-names'/><transport ice-controlling='true'><sctp/></transport></endpoint>"
}
fds() { find "/proc/$daemon/fd" -mindepth 1 | wc -l; }
has_transport() { grep -q '<conference-modified' "$dir/answer" && grep -q '<candidate' "$dir/answer"; }
cycle() { # number
    modify "m$1" "create='true' name='room$1@conference.example'" "$(endpoint "a$1")" >"$dir/answer"
    has_transport || return 1
    modify "m$1" "" "$(endpoint "b$1")" >"$dir/answer"
    has_transport || return 1
    modify "m$1" "expire='true'" "" >"$dir/answer"
    grep -q '200 OK' "$dir/answer"
}
# Endpoints alone: what one costs that has a transport and no media.
crowd=200
crowd() {
    modify crowd "create='true' name='crowd@conference.example'" "$(endpoint c0)" >"$dir/answer"
    for i in $(seq 2 $crowd); do modify crowd "" "$(endpoint "c$i")" >"$dir/answer"; done
    has_transport
}
resident_kb() { awk '/^VmRSS/ { print $2 }' "/proc/$daemon/status"; }

check "starts" start || exit 1
check "is healthy" grep -q '200 OK' <(http GET /about/health "")
failed=0
for i in $(seq 10); do cycle "$i" || failed=$((failed + 1)); done
before=$(fds) resident_before=$(resident_kb)
for i in $(seq 11 $((10 + cycles))); do cycle "$i" || failed=$((failed + 1)); done
after=$(fds)
check "$cycles conferences made and expired" [ $failed = 0 ]
[ $failed = 0 ] || sed 's/^/# /' "$dir/answer"
check "no file descriptor stays open ($before, then $after)" [ "$after" -le "$((before + 1))" ]
echo "# resident: $resident_before kB, then $(resident_kb) kB"
resident_before=$(resident_kb)
check "$crowd idle endpoints" crowd
echo "# an idle endpoint: $((($(resident_kb) - resident_before) / crowd)) kB, $((($(fds) - after) * 100 / crowd)) descriptors of 100"
modify crowd "expire='true'" "" >"$dir/answer"
check "nobody is left" grep -q '"conferences":0' <(http GET /colibri/stats "" | tr -d ' ')

modify last "create='true' name='last@conference.example'" "$(endpoint last)" >"$dir/answer"
kill -TERM $daemon
check "drains while there is a conference" running
check "is not ready while it drains" grep -q ' 503 ' <(http GET /about/ready "")
modify last "expire='true'" "" >"$dir/answer"
check "ends by itself, and cleanly, when it is empty" ended

check "starts again" start || exit 1
modify last "create='true' name='last@conference.example'" "$(endpoint last)" >"$dir/answer"
kill -TERM $daemon
check "drains" running
kill -TERM $daemon
check "a second signal ends it at once, cleanly" ended

check "starts once more" start || exit 1
kill -TERM $daemon
check "an empty one ends at the first signal" ended

# No server there: it keeps trying, and ends all the same.
echo secret >"$dir/word"
printf '[xmpp]\nport = 9\nsecret_file = word\n[http]\nprivate =\n' >"$dir/f.conf"
"$bin/plenum-focus" --config "$dir/f.conf" >"$dir/log" 2>&1 &
daemon=$!
for _ in $(seq $patience); do
    ! grep -q 'no connection to the XMPP server' "$dir/log" || break
    sleep 0.1
done
check "focus: says that there is no server" grep -q 'no connection to the XMPP server' "$dir/log"
kill -TERM $daemon
check "focus: ends without one" ended
echo "1..$n"
