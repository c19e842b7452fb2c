#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writes anew what is generated from the option tables. update.sh SOURCE_DIR BUILD_DIR
set -eu
for name in focus bridge; do
    page=$1/doc/man/plenum-$name.8
    "$2/plenum-$name" --print-sample >"$1/deploy/$name.conf"
    "$2/plenum-$name" --print-manual >"$page.options"
    sed -e '/^\.\\" options begin/r '"$page.options" -e '/^\.\\" options begin/,/^\.\\" options end/{/^\.\\" options/!d}' "$page" >"$page.new"
    rm "$page.options"
    mv "$page.new" "$page"
done
