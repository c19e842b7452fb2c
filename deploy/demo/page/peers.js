// SPDX-License-Identifier: Apache-2.0
// Every RTCPeerConnection of this page, whoever makes it, and what its statistics say. Must be
// loaded before the conference library.

const connections = new Set();

const Native = window.RTCPeerConnection;
window.RTCPeerConnection = class RTCPeerConnection extends Native {
    constructor(...args) {
        super(...args);
        connections.add(this);
    }

    close() {
        connections.delete(this);
        super.close();
    }
};

function candidate(report, id) {
    const c = report.get(id);
    return c && { type: c.candidateType, protocol: c.protocol, address: c.address ?? '', port: c.port, relay: c.relayProtocol };
}

function stream(report, s) {
    const { kind, ssrc, mid, packetsReceived, packetsSent, packetsLost, framesDecoded, framesReceived, framesEncoded,
        framesPerSecond, frameWidth, frameHeight, totalAudioEnergy, audioLevel, trackIdentifier, freezeCount,
        totalFreezesDuration, keyFramesDecoded, pliCount, firCount, nackCount, jitter, rid, active,
        retransmittedPacketsReceived, scalabilityMode, concealedSamples, totalSamplesReceived } = s;
    return {
        kind, ssrc, mid, bytes: s.bytesReceived ?? s.bytesSent ?? 0, packets: packetsReceived ?? packetsSent ?? 0,
        packetsLost, framesDecoded, framesReceived, framesEncoded, framesPerSecond, frameWidth, frameHeight, totalAudioEnergy,
        audioLevel, trackIdentifier, freezeCount, totalFreezesDuration, keyFramesDecoded, pliCount, firCount, nackCount,
        jitter, rid, active, scalabilityMode, retransmittedPacketsReceived, concealedSamples, totalSamplesReceived,
        codec: report.get(s.codecId)?.mimeType,
    };
}

// One RTCPeerConnection -> plain values.
async function connectionStats(pc) {
    const report = await pc.getStats();
    const out = {
        connectionState: pc.connectionState, iceState: pc.iceConnectionState, inbound: [], outbound: [], pair: null,
        dtlsState: null, srtpCipher: null, dataChannels: [],
    };
    for (const s of report.values()) {
        if (s.type === 'inbound-rtp')
            out.inbound.push(stream(report, s));
        else if (s.type === 'outbound-rtp')
            out.outbound.push(stream(report, s));
        else if (s.type === 'data-channel')
            out.dataChannels.push({ label: s.label, state: s.state });
        else if (s.type === 'transport') {
            out.dtlsState = s.dtlsState;
            out.srtpCipher = s.srtpCipher;
            const pair = report.get(s.selectedCandidatePairId);
            if (pair) {
                out.pair = {
                    state: pair.state, local: candidate(report, pair.localCandidateId),
                    remote: candidate(report, pair.remoteCandidateId), rtt: pair.currentRoundTripTime,
                    bytesSent: pair.bytesSent, bytesReceived: pair.bytesReceived,
                    availableOutgoingBitrate: pair.availableOutgoingBitrate,
                };
            }
        }
    }
    return out;
}

// roleOf(pc) says 'p2p', 'bridge' or 'other'.
export function readPeers(roleOf) {
    return Promise.all([...connections].filter(pc => pc.signalingState !== 'closed').map(async pc => ({
        role: roleOf(pc), ...await connectionStats(pc),
    })));
}
