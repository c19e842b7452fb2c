#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# make lint: what a reader should not have to look for. Prints one line per complaint; exit 1 when there is any.
#   lint.sh SOURCE_DIR BUILD_DIR [fast]      fast: without clang-tidy and cppcheck
set -u
source_dir=$1 build_dir=$2 mode=${3:-full}
cd "$source_dir" || exit 2
complaints=0
complain() { echo "$1"; complaints=$((complaints + 1)); }
mapfile -t files < <(find common focus bridge tests -name '*.[ch]' | sort)
mapfile -t sources < <(printf '%s\n' "${files[@]}" | grep '\.c$')

for tool in clang-format clang-tidy cppcheck; do
    [ "$mode" = fast ] && [ $tool != clang-format ] && continue
    command -v $tool >/dev/null || complain "$tool is missing: apt-get install $tool"
done

# Each file names its licence; no tabs; nobody includes against the direction of the layers.
for f in "${files[@]}"; do
    head -n 2 "$f" | grep -q 'SPDX-License-Identifier: Apache-2.0' || complain "$f: no SPDX line"
    grep -n $'\t' "$f" /dev/null | head -n 1 | grep . && complain "$f: tabs"
done
# So does what is not C, but for the pictures' data and the samples that --print-config makes.
while read -r f; do
    head -n 8 "$f" | grep -q 'SPDX-License-Identifier: Apache-2.0' || complain "$f: no SPDX line"
done < <(find bootstrap check demo configure.ac Makefile.am .ci common focus bridge tests deploy doc m4 -type f \
    ! -path 'tests/fuzz/corpus/*' ! -path 'tests/vectors/*' ! -path deploy/focus.conf ! -path deploy/bridge.conf \
    \( -name '*.mk' -o -name '*.am' -o -name '*.ac' -o -name '*.m4' -o -name '*.sh' -o -name '*.in' -o -name '*.conf' \
    -o -name '*.mjs' -o -name '*.js' -o -name '*.css' -o -name '*.html' -o -name '*.svg' -o -name '*.lua' -o -name '*.py' \
    -o -name '*.dict' -o -name '*.8' -o ! -name '*.*' \) | sort)
forbid() { # folder, pattern of what it may not include, why
    local hits
    hits=$(grep -nE "^#include \"($2)" -r "$1" --include='*.[ch]')
    [ -z "$hits" ] || complain "$hits
    $3"
}
forbid common/rtp 'common/(base|xmpp|jingle|colibri2)|focus|bridge' 'common/rtp stands alone'
forbid common/base 'common/(xmpp|jingle|colibri2)|focus|bridge' 'common/base knows no protocol'
forbid common/xmpp 'common/(jingle|colibri2)|focus|bridge' 'common/xmpp knows no Jingle'
forbid common/jingle 'common/colibri2|focus|bridge' 'common/jingle knows no COLIBRI2'
forbid common/colibri2 'focus|bridge' 'common includes neither focus nor bridge'
forbid focus 'bridge/' 'focus and bridge meet only on the wire'
forbid bridge 'focus/' 'focus and bridge meet only on the wire'
for f in $(grep -lE '^#include <strophe.h>' -r common focus bridge --include='*.[ch]'); do
    [[ "$f" = common/xmpp/strophe_stanza.h ]] || complain "$f: strophe.h belongs to common/xmpp/xmpp_link_client.c, by strophe_stanza.h, alone"
done
for dir in common/rtp bridge/rx bridge/tx bridge/alloc bridge/speech; do
    hits=$(grep -nE '^#include <(glib|gio|openssl|nice|libxml|strophe|gst)' -r $dir --include='*.[ch]')
    [ -z "$hits" ] || complain "$hits
    $dir is pure"
done

# A document that a comment names is in the tree, and so is a heading of doc/protocols.md.
while IFS=: read -r f name; do
    [ -e "$name" ] || [ -e "doc/$name" ] || complain "$f: there is no $name"
done < <(grep -oE '[A-Za-z0-9_./-]+\.md\b' "${files[@]}" /dev/null | sort -u)
while read -r heading; do
    grep -qE "^###? $heading\$" doc/protocols.md || complain "comments name doc/protocols.md, $heading: there is no such heading"
done < <(for f in "${files[@]}"; do tr '\n' ' ' <"$f" | sed 's, \*  *, ,g' | tr -s ' '; done |
    grep -oE "doc/protocols\.md, [A-Z][A-Za-z0-9' ]*" | sed 's/^[^,]*, //; s/ *$//' | sort -u)

if command -v clang-format >/dev/null; then
    for f in "${files[@]}"; do
        clang-format --dry-run -Werror "$f" 2>/dev/null || complain "$f: run clang-format -i on it"
    done
fi

flags="-std=gnu11 -D_GNU_SOURCE -I. -I$build_dir $(pkg-config --cflags glib-2.0 gio-unix-2.0 libxml-2.0 nice openssl \
    libsrtp2 libsoup-3.0 json-glib-1.0 libstrophe usrsctp gstreamer-app-1.0)"
# Every header compiles alone.
for f in "${files[@]}"; do
    case $f in
    *.h) echo "#include \"$f\"" | ${CC:-gcc} $flags -fsyntax-only -xc - 2>/dev/null || complain "$f: does not compile alone" ;;
    esac
done

if [ "$mode" != fast ]; then
    cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=3 \
        --suppress=missingIncludeSystem --suppress=unknownMacro --suppressions-list=tests/lint/cppcheck.txt -I. -j2 common focus bridge \
        || complain "cppcheck: see above"
    # One at a time: with several, version 14 forgets va_start. What it says to stderr is how much it left unsaid.
    export flags
    printf '%s\n' "${sources[@]}" | grep -v '^tests/' |
        xargs -P2 -n1 sh -c 'clang-tidy --quiet "$@" -- $flags 2>/dev/null' clang-tidy || complain "clang-tidy: see above"
fi
[ $complaints = 0 ] && echo "lint: clean"
[ $complaints = 0 ]
