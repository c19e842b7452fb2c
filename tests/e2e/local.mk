# SPDX-License-Identifier: Apache-2.0
EXTRA_DIST += %D%/run.mjs %D%/lib %D%/scenarios %D%/modern %D%/peers
