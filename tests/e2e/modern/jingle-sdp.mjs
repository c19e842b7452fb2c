// SPDX-License-Identifier: Apache-2.0
//
// Jingle offer -> a model of m-lines -> SDP, and a local SDP -> session-accept payload. The model is kept,
// so that sources announced later add m-lines to the same offer.
import { NS } from './features.mjs';

const children = (el, name) => [...el.children].filter(c => c.localName === name);
const child = (el, name) => children(el, name)[0];
const attr = (el, name) => el?.getAttribute(name) ?? undefined;

export function readTransport(el) {
    const fp = child(el, 'fingerprint');
    return {
        ufrag: attr(el, 'ufrag'),
        pwd: attr(el, 'pwd'),
        generation: attr(el, 'ice-generation'),
        fingerprint: fp && { hash: attr(fp, 'hash'), value: fp.textContent.trim(), setup: attr(fp, 'setup') },
        candidates: children(el, 'candidate').map(c => ({
            foundation: attr(c, 'foundation'), component: attr(c, 'component'), protocol: attr(c, 'protocol'),
            priority: attr(c, 'priority'), ip: attr(c, 'ip'), port: attr(c, 'port'), type: attr(c, 'type'),
            relAddr: attr(c, 'rel-addr'), relPort: attr(c, 'rel-port'),
        })),
        webSockets: children(el, 'web-socket').map(w => attr(w, 'url')),
        sctpPort: attr(child(el, 'sctpmap'), 'number'),
    };
}

export function readDescription(el) {
    return {
        payloadTypes: children(el, 'payload-type').map(p => ({
            id: attr(p, 'id'), name: attr(p, 'name'), clockrate: attr(p, 'clockrate'), channels: attr(p, 'channels'),
            parameters: children(p, 'parameter').map(x => [attr(x, 'name'), attr(x, 'value')]),
            feedback: children(p, 'rtcp-fb').map(x => [attr(x, 'type'), attr(x, 'subtype')].filter(Boolean).join(' ')),
        })),
        extensions: children(el, 'rtp-hdrext').map(x => ({ id: attr(x, 'id'), uri: attr(x, 'uri') })),
        allowMixed: Boolean(child(el, 'extmap-allow-mixed')),
    };
}

// {"sources": {owner: [video, videoGroups, audio, audioGroups?]}} -> flat list of named sources.
export function readJsonSources(text) {
    const out = [];
    for (const [owner, [video, videoGroups, audio, audioGroups]] of Object.entries(JSON.parse(text).sources)) {
        for (const [kind, list, groups] of [['video', video, videoGroups], ['audio', audio, audioGroups]]) {
            const byName = new Map();
            for (const s of list ?? []) {
                const name = s.n ?? `${owner}-${s.s}`;
                if (!byName.has(name))
                    byName.set(name, { owner, kind, name, msid: s.m, desktop: s.v === 'd', ssrcs: [], groups: [] });
                byName.get(name).ssrcs.push(s.s);
            }
            for (const [semantics, ...ssrcs] of groups ?? [])
                for (const source of byName.values())
                    if (ssrcs.every(s => source.ssrcs.includes(s)))
                        source.groups.push([semantics === 'f' ? 'FID' : 'SIM', ...ssrcs]);
            out.push(...byName.values());
        }
    }
    return out;
}

// Where mid is negotiated but not sent, Firefox gives an SSRC that it has not been told of to the only m-line with its
// payload type, and leaves it there when a line of its own is made. Without mid it drops such packets. lib-jitsi-meet
// has left mid out of what Firefox is told since April 2026.
const MID_URI = 'urn:ietf:params:rtp-hdrext:sdes:mid';
const leavesMidOut = navigator.userAgent.includes('Firefox/');

// m-lines of one transport, as SDP. An m-line: { kind, mid, direction, sources, description? }, the description by
// default that of its kind.
export class SdpModel {
    constructor(transport) {
        Object.assign(this, { transport, version: 1, mlines: [], descriptions: {} });
    }

    sdp() {
        const t = this.transport;
        const lines = ['v=0', `o=- 1923518516 ${this.version++} IN IP4 0.0.0.0`, 's=-', 't=0 0',
            'a=extmap-allow-mixed', 'a=msid-semantic: WMS *',
            `a=group:BUNDLE ${this.mlines.map(m => m.mid).join(' ')}`];
        for (const m of this.mlines) {
            const d = m.description ?? this.descriptions[m.kind];
            if (m.kind === 'application')
                lines.push('m=application 9 UDP/DTLS/SCTP webrtc-datachannel');
            else
                lines.push(`m=${m.kind} 9 UDP/TLS/RTP/SAVPF ${d.payloadTypes.map(p => p.id).join(' ')}`);
            lines.push('c=IN IP4 0.0.0.0', `a=mid:${m.mid}`, `a=ice-ufrag:${t.ufrag}`, `a=ice-pwd:${t.pwd}`,
                `a=fingerprint:${t.fingerprint.hash} ${t.fingerprint.value}`, `a=setup:${t.fingerprint.setup}`);
            for (const c of t.candidates)
                lines.push(`a=candidate:${c.foundation} ${c.component} ${c.protocol} ${c.priority} ${c.ip} ${c.port} typ ${c.type}`
                    + (c.relAddr ? ` raddr ${c.relAddr} rport ${c.relPort}` : ''));
            if (m.kind === 'application') {
                lines.push(`a=sctp-port:${t.sctpPort ?? 5000}`);
                continue;
            }
            lines.push('a=rtcp-mux', `a=${m.direction}`);
            for (const p of d.payloadTypes) {
                lines.push(`a=rtpmap:${p.id} ${p.name}/${p.clockrate}${p.channels > 1 ? `/${p.channels}` : ''}`);
                if (p.parameters.length)
                    lines.push(`a=fmtp:${p.id} ${p.parameters.map(([n, v]) => (n ? `${n}=${v}` : v)).join(';')}`);
                for (const fb of p.feedback) lines.push(`a=rtcp-fb:${p.id} ${fb}`);
            }
            for (const x of d.extensions)
                if (x.uri !== MID_URI || !leavesMidOut) lines.push(`a=extmap:${x.id} ${x.uri}`);
            for (const s of m.sources) {
                lines.push(`a=msid:${s.msid ?? `${s.owner} ${s.name}`}`);
                for (const g of s.groups) lines.push(`a=ssrc-group:${g.join(' ')}`);
                for (const ssrc of s.ssrcs)
                    lines.push(`a=ssrc:${ssrc} cname:${s.owner}`, `a=ssrc:${ssrc} msid:${s.msid ?? `${s.owner} ${s.name}`}`);
            }
        }
        return lines.join('\r\n') + '\r\n';
    }
}

export class OfferModel extends SdpModel {
    // codec: the video codec to put first; a browser sends the first that it can.
    constructor(jingle, codec) {
        super(readTransport(jingle.querySelector('content > transport')));
        this.bridgeSession = attr(child(jingle, 'bridge-session'), 'id');
        const contents = children(jingle, 'content');
        for (const content of contents) {
            const description = child(content, 'description');
            const kind = attr(description, 'media') ?? attr(content, 'name');
            if (kind === 'audio' || kind === 'video') {
                this.descriptions[kind] = readDescription(description);
                this.descriptions[kind].payloadTypes.sort((a, b) => (b.name === codec) - (a.name === codec));
                this.mlines.push({ kind, mid: String(this.mlines.length), direction: 'sendrecv', sources: [] });
            } else {
                this.transport.sctpPort = readTransport(child(content, 'transport')).sctpPort;
                this.mlines.push({ kind: 'application', mid: String(this.mlines.length) });
            }
        }
        const json = child(jingle, 'json-message');
        for (const source of json ? readJsonSources(json.textContent) : [])
            this.addSource(source);
    }

    // The bridge's first source of a kind goes to the first m-line; every other one gets a line of its own.
    addSource(source) {
        const first = this.mlines.find(m => m.kind === source.kind);
        if (source.owner === 'jvb' && first.sources.length === 0) {
            first.sources.push(source);
            return first;
        }
        const line = { kind: source.kind, mid: source.mid ?? `x${this.mlines.length}`, direction: 'sendonly', sources: [source] };
        this.mlines.push(line);
        return line;
    }

    // A line for a further source of the client's own.
    addSendLine(kind) {
        const line = { kind, mid: `s${this.mlines.length}`, direction: 'recvonly', sources: [] };
        this.mlines.push(line);
        return line;
    }

    removeSource(name) {
        for (const line of this.mlines)
            if (line.direction === 'sendonly' && line.sources[0]?.name === name) {
                line.direction = 'inactive';
                line.sources = [];
            }
    }
}

export const escape = s => s.replace(/[&<>"']/g, c => `&#${c.charCodeAt(0)};`);
export const value = (section, name) => section.match(new RegExp(`^a=${name}:(.*)$`, 'm'))?.[1].trim();

// The local description's transport, one XML string. generation: for the answer to an in-place ICE restart.
export function writeTransport(section, generation) {
    const [hash, fp] = value(section, 'fingerprint').split(' ');
    const gen = generation ? ` ice-generation="${generation}"` : '';
    return `<transport xmlns="${NS.ice}" ufrag="${escape(value(section, 'ice-ufrag'))}" pwd="${escape(value(section, 'ice-pwd'))}"${gen}>`
        + `<fingerprint xmlns="${NS.dtls}" hash="${hash}" setup="${value(section, 'setup')}">${fp}</fingerprint></transport>`;
}

// Sources of one local m-line as Jingle XML; [] of ssrcs when the line sends nothing.
export function writeSources(section, name, videoType) {
    const ssrcs = [...new Set([...section.matchAll(/^a=ssrc:(\d+) /gm)].map(m => m[1]))];
    const msid = value(section, 'msid');
    const type = videoType ? ` videoType="${videoType}"` : '';
    const xml = ssrcs.map(s => `<source xmlns="${NS.ssma}" ssrc="${s}" name="${name}"${type}>`
        + `<parameter name="msid" value="${escape(msid ?? `${name} ${name}`)}"/></source>`).join('')
        + [...section.matchAll(/^a=ssrc-group:(\S+) (.*)$/gm)].map(m => `<ssrc-group xmlns="${NS.ssma}" semantics="${m[1]}">`
            + m[2].trim().split(' ').map(s => `<source ssrc="${s}"/>`).join('') + '</ssrc-group>').join('');
    return { ssrcs, xml };
}

export function localSections(sdp) {
    const [session, ...media] = sdp.split(/^(?=m=)/m);
    return media.map(m => session.match(/^a=(?:fingerprint|ice-|setup).*$/gm)?.join('\n').concat('\n', m) ?? m);
}
