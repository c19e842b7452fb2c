// SPDX-License-Identifier: Apache-2.0
//
// Makes the one video stream of an answer three, each with its RTX, as today's clients do for VP8 and H.264: the
// browser reads the SIM group and encodes each at half the size of the next.
const STREAMS = 3;

const fresh = taken => {
    for (;;) {
        const [ssrc] = crypto.getRandomValues(new Uint32Array(1));
        if (ssrc && !taken.has(ssrc)) return taken.add(ssrc), ssrc;
    }
};

export function withSimulcast(sdp) {
    return sdp.split(/^(?=m=)/m).map(section => {
        const fid = /^a=ssrc-group:FID (\d+) (\d+)\r\n/m.exec(section);
        if (!section.startsWith('m=video') || !fid || section.includes('ssrc-group:SIM')) return section;
        const taken = new Set(fid.slice(1).map(Number)), pairs = [[Number(fid[1]), Number(fid[2])]];
        while (pairs.length < STREAMS) pairs.push([fresh(taken), fresh(taken)]);
        const attributes = [...section.matchAll(new RegExp(`^a=ssrc:${fid[1]} (.*)\r\n`, 'gm'))].map(m => m[1]);
        const lines = [`a=ssrc-group:SIM ${pairs.map(p => p[0]).join(' ')}`, ...pairs.map(p => `a=ssrc-group:FID ${p.join(' ')}`),
            ...pairs.flat().flatMap(ssrc => attributes.map(a => `a=ssrc:${ssrc} ${a}`))];
        return `${section.replace(/^a=ssrc(-group)?:.*\r\n/gm, '')}${lines.join('\r\n')}\r\n`;
    }).join('');
}
