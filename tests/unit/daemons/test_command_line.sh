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
# A configuration that is wrong whatever the machine: --check-config says the same as the start.
wrong() { # program, text, name, words...
    local program=$1 name=$3 text=$2
    shift 3
    conf "$program" "$text" "$name" 78 "$@"
    start "plenum-$program" --check-config --config "$dir/c.conf"
    says "$program: $name, by --check-config" 78 "$@"
}

echo secret >"$dir/word"
echo secret >"$dir/sealed"
chmod 0 "$dir/sealed"
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
    wrong $p '[xmpp]\nprot = 1\n' "unknown key" c.conf:2 '"prot"' '"port"'
    wrong $p '\n[xmmp]\n' "unknown section" c.conf:2 '[xmmp]' '[xmpp]'
    wrong $p '[xmpp]\nport = 65536\n' "range" c.conf:2 '[xmpp] port' 65535
    wrong $p '[xmpp]\nport = many\n' "type" c.conf:2 '[xmpp] port = many' 'a whole number'
    wrong $p '[xmpp]\nport = 1\nport = 2\n' "given twice" c.conf:3 c.conf:2
    wrong $p '[log]\nlevel = info\n[xmpp]\n[log]\n' "section twice" c.conf:4 '[log] a second time' c.conf:1
    wrong $p '[xmpp]\ntls = maybe\n' "choice" c.conf:2 '[xmpp] tls' required
    wrong $p '[xmpp]\npassword = x\n' "secret in the file" c.conf:2 password_file
    wrong $p '[xmpp]\npassword_file = nothing\n' "secret's file is missing" c.conf:2 '[xmpp] password_file' nothing 'first line'
    wrong $p '[xmpp]\npassword_file = empty\n' "secret's file is empty" c.conf:2 '[xmpp] password_file' empty 'first line'
    wrong $p '[xmpp]\npassword_file = .\n' "secret's file is a folder" c.conf:2 '[xmpp] password_file' 'first line'
    wrong $p '[xmpp]\nport\n' "no value" c.conf:2 'key = value'
    wrong $p 'port = 1\n' "no section" c.conf:1 '[section]'
    wrong $p '[xmpp\n' "half a section" c.conf:1 '[section]'
    secret='password_file = word' # of the focus as a client
    [ $p = bridge ] || secret="$secret\nmode = client"
    wrong $p "[xmpp]\nhost = xmpp.example:5222\n$secret\n" "host with port" c.conf:2 '[xmpp] host' 'port'
    wrong $p "[xmpp]\n$secret\ndomain = a b\n" "domain" '[xmpp] domain = a b' 'not a domain'
    wrong $p "[xmpp]\nca_file = /none.pem\n$secret\n" "no certificates" c.conf:2 '[xmpp] ca_file' 'no such file'
    wrong $p "[http]\nprivate = localhost:80\n[xmpp]\n$secret\n" "name of a listener" c.conf:2 '[http] private' ADDRESS:PORT
    wrong $p "[http]\nprivate = 0.0.0.0:0\n[xmpp]\n$secret\n" "open listener without token" c.conf:2 '[http] private' token_file
    # Root may read everything: somebody else has to try, who can reach the program.
    if [ "$(id -u)" = 0 ]; then
        cp "$bin/plenum-$p" "$dir/" && chmod 755 "$dir"
        somebody=(setpriv --reuid=65534 --regid=65534 --clear-groups "$dir/plenum-$p")
    else
        somebody=("$bin/plenum-$p")
    fi
    for case in "sealed|file|sealed" "c.conf|secret|c.conf:2 [xmpp] sealed"; do
        IFS='|' read -r file what words <<<"$case"
        printf '[xmpp]\npassword_file = sealed\n' >"$dir/c.conf"
        if [ "$(id -u)" = 0 ] && ! "${somebody[@]}" --version >/dev/null 2>&1; then
            n=$((n + 1)) && echo "ok $n - $p: $what that may not be read # SKIP nobody else can run $dir/plenum-$p"
            continue
        fi
        "${somebody[@]}" --config "$dir/$file" >"$dir/said" 2>&1
        status=$?
        # shellcheck disable=SC2086
        says "$p: $what that may not be read" 78 $words 'must be allowed to read it'
    done
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
    missing='' routes=0
    for path in $(sed -nE 's,.*http_admin_route(_open)?\([^"]*"[A-Z]+"\, "(/[^"]*[^"*/])(/\*)?"\,.*,\2,p' "$top/$p/"*.c "$top/common/base/http_admin.c" | sort -u); do
        routes=$((routes + 1))
        tr -d '\\' <"$top/doc/man/plenum-$p.8" | grep -qF -- "$path" || missing="$missing $path"
    done
    [ -z "$missing" ] && [ $routes -ge 10 ] && ok "$p: the manual has every path of the private listener" ||
        not_ok "$p: $routes paths, the manual lacks$missing"
done
# The scripts of the source tree say what they take, and begin nothing.
run_script() { timeout -k 1 60 "$top/$@" >"$dir/said" 2>&1 </dev/null; status=$?; }
run_script check --help
says "check: help" 0 --no-install unit e2e REGEXP
run_script check --no-such-option
says "check: unknown option" 1 usage "0 passed, 1 failed"
run_script demo --help
says "demo: help" 0 $(sed -n "s/^            '\{0,1\}\([a-z-]*\)'\{0,1\}: { type.*/--\1/p" "$top/deploy/demo/demo.mjs")
run_script demo --no-such-option
says "demo: unknown option" 2 --no-such-option
wrong focus '[log]\nlevel = info\n' "no secret" c.conf '[xmpp] secret_file' credential
wrong focus '[xmpp]\nmode = client\n' "no password" c.conf '[xmpp] password_file' credential
wrong focus '[xmpp]\nsecret_file = word\nmuc = a@b\n' "muc" c.conf:3 '[xmpp] muc'
wrong focus '[xmpp]\nsecret_file = word\nusername = me\n' "account" c.conf:3 '[xmpp] username' user@domain
wrong focus '[xmpp]\nsecret_file = word\ntrusted_domains = a; b c\n' "trusted domains" c.conf:3 '[xmpp] trusted_domains = b c'
wrong focus '[xmpp]\nsecret_file = word\n[bridge]\nbrewery = b\n' "brewery" c.conf:4 '[bridge] brewery' name@domain
wrong focus '[xmpp]\nsecret_file = word\n[conference]\nsource_delays = 10\n' "delays" c.conf:4 '[conference] source_delays' SIZE=MS
wrong bridge '[log]\nlevel = info\n' "no secret" c.conf '[xmpp] password_file' credential
wrong bridge '[xmpp]\npassword_file = word\nmuc = b\n' "muc" c.conf:3 '[xmpp] muc' name@domain
wrong bridge '[xmpp]\npassword_file = word\nnickname = a\\nb\n' "nickname" c.conf:3 '[xmpp] nickname' control
wrong bridge '[xmpp]\npassword_file = word\nusername = b@c\n' "account" c.conf:3 '[xmpp] username' '@'
wrong bridge '[xmpp]\nhost =\n[ice]\nannounce = somewhere\n' "announce" c.conf:4 '[ice] announce' LOCAL=PUBLIC
wrong bridge '[xmpp]\nhost =\n[ice]\nannounce = 192.0.2.1; 10.0.0.1=192.0.2.2/0\n' "announce, its port" c.conf:4 '10.0.0.1=192.0.2.2/0' PUBLIC/PORT
wrong bridge '[xmpp]\nhost =\n[ice]\nannounce = 10.0.0.1=2001:db8::1\n' "announce, two families" c.conf:4 '10.0.0.1=2001:db8::1' LOCAL=PUBLIC
wrong bridge '[xmpp]\nhost =\n[http]\nprivate = ::1:8080\n' "private listener without brackets" c.conf:4 '[http] private = ::1:8080' ADDRESS:PORT
wrong bridge '[xmpp]\nhost =\n[ice]\naddresses = 1.2.3\n' "addresses" c.conf:4 '[ice] addresses = 1.2.3' 'IP address'
wrong bridge '[xmpp]\nhost =\n[ice]\nipv4 = no\nipv6 = no\n' "no family" c.conf:4 '[ice] ipv4' ipv6
wrong bridge '[xmpp]\nhost =\n[media]\nlast_n_limits = 20=10; 20=5\n' "sizes do not ascend" c.conf:4 '[media] last_n_limits = 20=5' SIZE=N
wrong bridge '[xmpp]\nhost =\n[media]\nmax_bitrate = 2000\n' "start above the highest" '[media] start_bitrate = 2500' max_bitrate
wrong bridge '[xmpp]\nhost =\n[http]\npublic = 9090\n' "public listener" c.conf:4 '[http] public' ADDRESS:PORT
wrong bridge '[xmpp]\nhost =\n[websocket]\nenabled = true\n' "websocket without domain" c.conf:4 '[websocket] domains'
wrong bridge '[xmpp]\nhost =\n[websocket]\nenabled = true\ndomains = wss://a\n' "websocket's domain" c.conf:5 '[websocket] domains' HOST:PORT
wrong bridge '[xmpp]\nhost =\n[websocket]\nenabled = true\ndomains = a\nserver_id = a/b\n' "websocket's path" c.conf:6 '[websocket] server_id' letters
wrong bridge '[xmpp]\nhost =\n[http]\nprivate = 0.0.0.0:0\ntoken_file = word\n[debug]\ncapture_directory = /tmp\n' \
    "captures on an open listener" c.conf '[debug] capture_directory' loopback

# What only the running machine can tell is another exit status: it may be mended without us.
conf bridge '[xmpp]\nhost =\n[ice]\naddresses = 192.0.2.1\n' "addresses of another machine" 1 '[ice] addresses' include_loopback

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
