#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Options and wrong configurations: what is said, and with which exit status. Generated files are up to date.
set -u
bin=$G_TEST_BUILDDIR
top=$G_TEST_SRCDIR
dir=$(mktemp -d)
first=
trap '[ -z "$first" ] || { kill "$first"; wait "$first"; } 2>/dev/null; rm -rf "$dir"' EXIT
n=0
ok() { n=$((n + 1)); echo "ok $n - $1"; }
not_ok() { n=$((n + 1)); echo "not ok $n - $1"; sed 's/^/# /' "$dir/said"; }

# A line of what was said must hold every one of the words.
says() { # name, expected status, words...
    local name=$1 want=$2 word
    shift 2
    [ "$status" = "$want" ] || { not_ok "$name: exit status $status, not $want"; return; }
    for word; do
        grep -qF -- "$word" "$dir/said" || { not_ok "$name: nothing about \"$word\""; return; }
    done
    ok "$name"
}
start() { timeout -k 1 60 "$bin/$@" >"$dir/said" 2>&1; status=$?; }
conf() { # program, text, then as says
    local program=$1
    printf '%b' "$2" >"$dir/c.conf"
    shift 2
    start "plenum-$program" --config "$dir/c.conf"
    says "$program: $1" "${@:2}"
}

echo secret >"$dir/word"
: >"$dir/empty"
for p in focus bridge; do
    start plenum-$p --help
    says "$p: help" 0 --config --check-config --print-config --print-sample --version "/etc/plenum/$p.conf" "78"
    start plenum-$p --version
    says "$p: version" 0 "plenum-$p 0."
    start plenum-$p --no-such-option
    says "$p: unknown option" 2 "--no-such-option"
    start plenum-$p surplus
    says "$p: surplus argument" 2 '"surplus"'
    start plenum-$p --config "$dir/none.conf"
    says "$p: no such file" 78 none.conf --config --print-sample
    conf $p '[xmpp]\nprot = 1\n' "unknown key" 78 c.conf:2 '"prot"' '"port"'
    conf $p '\n[xmmp]\n' "unknown section" 78 c.conf:2 '[xmmp]' '[xmpp]'
    conf $p '[xmpp]\nport = 65536\n' "range" 78 c.conf:2 '[xmpp] port' 65535
    conf $p '[xmpp]\nport = 1\nport = 2\n' "given twice" 78 c.conf:3 c.conf:2
    conf $p '[xmpp]\ntls = maybe\n' "choice" 78 c.conf:2 '[xmpp] tls' required
    conf $p '[xmpp]\npassword = x\n' "secret in the file" 78 c.conf:2 password_file
    conf $p '[xmpp]\npassword_file = nothing\n' "secret's file is missing" 78 c.conf:2 password_file nothing
    conf $p '[xmpp]\npassword_file = empty\n' "secret's file is empty" 78 c.conf:2 password_file empty
    start plenum-$p --print-sample
    cmp -s "$dir/said" "$top/deploy/$p.conf" && ok "$p: deploy/$p.conf is up to date" ||
        not_ok "$p: deploy/$p.conf is older than the option table: make update-generated"
    start plenum-$p --print-manual
    sed '/^\.\\" options begin/,/^\.\\" options end/!d; /^\.\\" options/d' "$top/doc/man/plenum-$p.8" >"$dir/page"
    [ -s "$dir/page" ] && cmp -s "$dir/said" "$dir/page" && ok "$p: the manual is up to date" ||
        not_ok "$p: doc/man/plenum-$p.8 is older than the option table: make update-generated"
    missing=
    for option in $("$bin/plenum-$p" --help | grep -o -- '--[a-z][a-z-]*' | sort -u); do
        grep -qF -- "${option//-/\\-}" "$top/doc/man/plenum-$p.8" || missing="$missing $option"
    done
    [ -z "$missing" ] && ok "$p: the manual has every option of --help" || not_ok "$p: the manual lacks$missing"
done
conf focus '[log]\nlevel = info\n' "no secret" 78 c.conf '[xmpp] secret_file' credential
conf focus '[xmpp]\nsecret_file = word\nmuc = a@b\n' "muc" 78 c.conf:3 '[xmpp] muc'
conf focus '[xmpp]\nsecret_file = word\n[http]\nprivate = 0.0.0.0:0\n' "open listener without token" 78 c.conf:4 token_file
conf bridge '[log]\nlevel = info\n' "no secret" 78 c.conf '[xmpp] password_file' credential
conf bridge '[xmpp]\nhost =\n[ice]\ninclude_loopback = true\n[http]\nprivate = 0.0.0.0:0\n' "open listener without token" 78 c.conf:6 token_file
conf bridge '[xmpp]\nhost =\n[ice]\nannounce = somewhere\n' "announce" 78 c.conf:4 '[ice] announce' LOCAL=PUBLIC
conf bridge '[xmpp]\nhost =\n[websocket]\nenabled = true\n' "websocket without domain" 78 c.conf:4 '[websocket] domains'
conf bridge '[xmpp]\nhost =\n[http]\nprivate = 0.0.0.0:0\ntoken_file = word\n[debug]\ncapture_directory = /tmp\n' \
    "captures on an open listener" 78 c.conf '[debug] capture_directory' loopback

# A port that is in use names its key. The first one keeps both ports.
udp=$((20000 + RANDOM % 10000)) tcp=$((30000 + RANDOM % 2000))
common="[xmpp]\nhost =\n[ice]\ninclude_loopback = true\nipv6 = false\naddresses = 127.0.0.1\nport = $udp\n"
printf '%b' "$common[http]\nprivate = 127.0.0.1:$tcp\n" >"$dir/first.conf"
"$bin/plenum-bridge" --config "$dir/first.conf" >"$dir/first.log" 2>&1 &
first=$!
for _ in $(seq 600); do
    ! grep -q 'UDP port' "$dir/first.log" || break
    sleep 0.1
done
conf bridge "$common[http]\nprivate = 127.0.0.1:0\n" "UDP port in use" 1 '[ice] port' "$udp" 'in use'
conf bridge "${common/port = $udp/port = $((udp - 10000))}[http]\nprivate = 127.0.0.1:$tcp\n" "HTTP port in use" 1 '[http] private' "$tcp" 'in use'
conf focus "[xmpp]\nsecret_file = word\n[http]\nprivate = 127.0.0.1:$tcp\n" "HTTP port in use" 1 '[http] private' "$tcp" 'in use'
echo "1..$n"
