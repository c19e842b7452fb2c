# SPDX-License-Identifier: Apache-2.0
EXTRA_DIST += %D%/prepare.sh %D%/demo package.json package-lock.json
