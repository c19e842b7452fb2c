# SPDX-License-Identifier: Apache-2.0
# Sourced by ./demo, ./check and .ci/run, with $top set to the source tree: installs what is missing, builds.
# Everything it says goes to stderr. A signal ends it at once, with nothing left running or changed: who sets a trap for
# EXIT calls end_preparing in it.

PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

BUILD_PACKAGES="autoconf automake gcc make pkg-config libc6-dev libglib2.0-dev libstrophe-dev libxml2-dev libnice-dev
    libssl-dev libsrtp2-dev libusrsctp-dev libsoup-3.0-dev libjson-glib-dev libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev"
RUN_PACKAGES="prosody lua-unbound coturn iproute2 util-linux ca-certificates"
# Unit tests decode what the bridge would send.
UNIT_PACKAGES="gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-libav"
TEST_PACKAGES="chromium firefox-esr python3-aiortc python3-numpy gstreamer1.0-tools nftables procps"

say() { printf '%s\n' "$*" >&2; }
die() { say "${0##*/}: $*"; exit 1; }

have_package() {
    dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null | grep -q '^.i'
}

child= own_policy= as_root=
end_preparing() {
    if [ -n "$child" ]; then
        kill "$child" 2>/dev/null || $as_root kill "$child" 2>/dev/null || :
        wait "$child" 2>/dev/null || :
        child=
    fi
    [ -z "$own_policy" ] || $as_root rm -f "$own_policy"
    own_policy=
}
end_when_told() {
    trap end_preparing EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
}
end_when_told

# run COMMAND...: in the background and waited for, as a signal interrupts a wait, while it would let a command in the
# foreground finish first.
run() {
    "$@" &
    child=$!
    status=0
    wait "$child" || status=$?
    child=
    return $status
}

# A server package must not start its own server beside ours. Somebody else's file stays, one that a killed run of ours
# left does not.
policy_file=${PLENUM_POLICY_FILE:-/usr/sbin/policy-rc.d}
policy_mark="while packages for plenum are installed"
with_services_off() {
    if [ -e "$policy_file" ] && ! grep -q "$policy_mark" "$policy_file"; then
        run $as_root "$@"
        return
    fi
    own_policy=$policy_file
    printf '#!/bin/sh\n# %s\nexit 101\n' "$policy_mark" | $as_root tee "$policy_file" >/dev/null
    $as_root chmod 755 "$policy_file"
    installed=0
    run $as_root "$@" || installed=$?
    end_preparing
    return $installed
}

# install_packages NAME...: those that are missing, from Debian.
install_packages() {
    missing=
    for package; do
        have_package "$package" || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    as_root=
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || die "missing packages:$missing (install them as root, or install sudo)"
        as_root=sudo
    fi
    say "installing:$missing"
    DEBIAN_FRONTEND=noninteractive
    export DEBIAN_FRONTEND
    run $as_root apt-get -q update >&2 </dev/null || die "apt-get update failed"
    # shellcheck disable=SC2086
    with_services_off apt-get -q install -y --no-install-recommends $missing >&2 </dev/null ||
        die "could not install:$missing"
}

# Node.js may come from elsewhere than Debian; 18 is what Debian 12 has.
install_node() {
    if ! command -v node >/dev/null; then
        install_packages nodejs
    fi
    major=$(node -p 'process.versions.node.split(".")[0]') || die "node does not run"
    [ "$major" -ge 18 ] || die "Node.js 18 or newer is needed, found $(node --version)"
}

# In a shell of its own.
npm_ci() {
    cd "$top" && exec npm ci --ignore-scripts --no-audit --no-fund
}

# The pinned packages of package-lock.json, once.
install_node_modules() {
    install_node
    stamp=$top/node_modules/.plenum-lock
    cmp -s "$top/package-lock.json" "$stamp" && return 0
    command -v npm >/dev/null || install_packages npm
    say "installing the packages of package-lock.json"
    run npm_ci >&2 </dev/null || die "npm ci failed"
    cp "$top/package-lock.json" "$stamp"
}

# In a shell of its own.
configure_in() {
    cd "$1" && shift && exec "$top/configure" -q "$@"
}

# configure_tree DIR [configure argument...]
configure_tree() {
    dir=$1
    shift
    mkdir -p "$dir"
    if [ ! -x "$top/configure" ] || [ "$top/configure.ac" -nt "$top/configure" ]; then
        run "$top/bootstrap" >"$dir/bootstrap.log" 2>&1 || { tail -30 "$dir/bootstrap.log" >&2; die "bootstrap failed"; }
    fi
    if [ ! -f "$dir/Makefile" ]; then
        run configure_in "$dir" "$@" >&2 || die "configure failed in $dir"
    fi
}

# build DIR [configure argument...]: makes everything in DIR. Two at once take turns.
build() {
    dir=$1
    shift
    # A tree that somebody else built is as good, when it is up to date.
    if [ -d "$dir" ] && [ ! -w "$dir" ]; then
        [ -e "$dir/.built" ] && [ -z "$(cd "$top" && find common focus bridge configure.ac -newer "$dir/.built" -name '*.[cham]*')" ] ||
            die "$dir is not up to date, and not writable"
        return
    fi
    mkdir -p "$dir"
    run build_locked "$dir" "$@" || exit 1
}

# In a shell of its own.
build_locked() {
    child= dir=$1
    shift
    end_when_told
    {
        run flock 9
        configure_tree "$dir" "$@"
        cd "$dir"
        run make -j"$(nproc)" >make.log 2>&1 || { tail -30 make.log >&2; die "make failed in $dir"; }
        touch .built
    } 9>"$dir/.lock"
}
