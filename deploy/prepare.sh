# SPDX-License-Identifier: Apache-2.0
# Sourced by ./demo, ./check and .ci/run, with $top set to the source tree: installs what is missing, builds.
# Everything it says goes to stderr.

PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

BUILD_PACKAGES="autoconf automake gcc make pkg-config libc6-dev libglib2.0-dev libstrophe-dev libxml2-dev libnice-dev
    libssl-dev libsrtp2-dev libusrsctp-dev libsoup-3.0-dev libjson-glib-dev libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev"
RUN_PACKAGES="prosody lua-unbound coturn iproute2 util-linux ca-certificates"
# Unit tests decode what the bridge would send.
UNIT_PACKAGES="gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-libav"
TEST_PACKAGES="chromium firefox-esr python3-aiortc python3-numpy nftables procps"

say() { printf '%s\n' "$*" >&2; }
die() { say "${0##*/}: $*"; exit 1; }

have_package() {
    dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null | grep -q '^.i'
}

# A server package must not start its own server beside ours.
with_services_off() {
    policy=/usr/sbin/policy-rc.d
    if [ -e "$policy" ]; then
        $as_root "$@"
        return
    fi
    printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
    $as_root chmod 755 "$policy"
    status=0
    $as_root "$@" || status=$?
    $as_root rm -f "$policy"
    return $status
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
    $as_root apt-get -q update >&2 </dev/null || die "apt-get update failed"
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

# The pinned packages of package-lock.json, once.
install_node_modules() {
    install_node
    stamp=$top/node_modules/.plenum-lock
    cmp -s "$top/package-lock.json" "$stamp" && return 0
    command -v npm >/dev/null || install_packages npm
    say "installing the packages of package-lock.json"
    (cd "$top" && npm ci --ignore-scripts --no-audit --no-fund) >&2 </dev/null || die "npm ci failed"
    cp "$top/package-lock.json" "$stamp"
}

# configure_tree DIR [configure argument...]
configure_tree() {
    dir=$1
    shift
    mkdir -p "$dir"
    if [ ! -x "$top/configure" ] || [ "$top/configure.ac" -nt "$top/configure" ]; then
        "$top/bootstrap" >"$dir/bootstrap.log" 2>&1 || { tail -30 "$dir/bootstrap.log" >&2; die "bootstrap failed"; }
    fi
    if [ ! -f "$dir/Makefile" ]; then
        (cd "$dir" && "$top/configure" -q "$@" >&2) || die "configure failed in $dir"
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
    (
        flock 9
        configure_tree "$dir" "$@"
        cd "$dir"
        make -j"$(nproc)" >make.log 2>&1 || { tail -30 make.log >&2; die "make failed in $dir"; }
        touch .built
    ) 9>"$dir/.lock" || exit 1
}
