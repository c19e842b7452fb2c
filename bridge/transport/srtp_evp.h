/* SPDX-License-Identifier: Apache-2.0
 *
 * The EVP transform from session keys, below the key derivation: for the vectors of RFC 7714 16. Worker. */
#ifndef PLENUM_BRIDGE_TRANSPORT_SRTP_EVP_H
#define PLENUM_BRIDGE_TRANSPORT_SRTP_EVP_H

#include "bridge/transport/srtp.h"
#include "bridge/transport/srtp_kdf.h"

/* As srtp_tx_new; keys are copied. */
SrtpTx *srtp_tx_new_session(SrtpProfile profile, const SrtpSessionKeys *keys);

#endif
