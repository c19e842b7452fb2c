// SPDX-License-Identifier: Apache-2.0
//
// Two clients alone in a room talk directly: a second Jingle session between their occupant JIDs, beside the
// bridge's. Contents are named by mid, candidates trickle. The smaller endpoint id begins. While it is up the bridge
// session stays, without media; a third member ends it. The server is not told of any of this.
import { NS } from './features.mjs';
import { SdpModel, escape, localSections, readDescription, readTransport, value, writeSources, writeTransport } from './jingle-sdp.mjs';

const BATCH_MS = 150;

const children = (el, name) => [...el.children].filter(c => c.localName === name);
const child = (el, name) => children(el, name)[0];

// Sources of a description in XML, by name.
function readSources(description, owner, kind) {
    const byName = new Map();
    for (const s of children(description, 'source')) {
        const name = s.getAttribute('name');
        if (!byName.has(name)) {
            const msid = children(s, 'parameter').find(p => p.getAttribute('name') === 'msid');
            byName.set(name, { owner, kind, name, msid: msid?.getAttribute('value'), ssrcs: [], groups: [] });
        }
        byName.get(name).ssrcs.push(Number(s.getAttribute('ssrc')));
    }
    for (const g of children(description, 'ssrc-group')) {
        const ssrcs = children(g, 'source').map(s => Number(s.getAttribute('ssrc')));
        const source = [...byName.values()].find(x => ssrcs.every(s => x.ssrcs.includes(s)));
        source?.groups.push([g.getAttribute('semantics'), ...ssrcs]);
    }
    return [...byName.values()];
}

// A peer's offer or answer.
export class PeerModel extends SdpModel {
    constructor(jingle, owner) {
        const contents = children(jingle, 'content');
        super(readTransport(child(contents[0], 'transport')));
        for (const content of contents) {
            const description = child(content, 'description');
            const kind = description.getAttribute('media');
            const direction = { both: 'sendrecv', initiator: 'sendonly', responder: 'recvonly', none: 'inactive' }[content.getAttribute('senders')];
            this.mlines.push({
                kind, mid: content.getAttribute('name'), direction: direction ?? 'sendrecv',
                description: readDescription(description), sources: readSources(description, owner, kind),
            });
        }
    }
}

function writePayloadType(section, id) {
    const [name, clockrate, channels] = section.match(new RegExp(`^a=rtpmap:${id} (\\S+)`, 'm'))[1].split('/');
    const fmtp = section.match(new RegExp(`^a=fmtp:${id} (.*)$`, 'm'))?.[1].trim();
    const parameters = (fmtp?.split(';') ?? []).map(p => p.trim()).filter(Boolean).map(p => {
        const at = p.indexOf('=');
        return at < 0 ? `<parameter value="${escape(p)}"/>` : `<parameter name="${escape(p.slice(0, at))}" value="${escape(p.slice(at + 1))}"/>`;
    });
    const feedback = [...section.matchAll(new RegExp(`^a=rtcp-fb:${id} (\\S+)(?: (.*))?$`, 'gm'))].map(m =>
        `<rtcp-fb xmlns="${NS.rtcpFb}" type="${m[1]}"${m[2]?.trim() ? ` subtype="${m[2].trim()}"` : ''}/>`);
    return `<payload-type id="${id}" name="${name}" clockrate="${clockrate}"${channels ? ` channels="${channels}"` : ''}>`
        + `${parameters.join('')}${feedback.join('')}</payload-type>`;
}

// Payload of a session-initiate or session-accept of a local description.
function writeSession(sdp, creator, endpoint) {
    const sections = localSections(sdp);
    const group = sections.map(s => `<content name="${value(s, 'mid')}"/>`).join('');
    return `<group xmlns="${NS.grouping}" semantics="BUNDLE">${group}</group>` + sections.map(s => {
        const [, kind, types] = s.match(/^m=(\w+) \d+ \S+ (.*)$/m);
        const sources = writeSources(s, `${endpoint}-${kind[0]}0`, kind === 'video' ? 'camera' : '');
        const extensions = [...s.matchAll(/^a=extmap:(\d+)\S* (\S+)/gm)].map(m => `<rtp-hdrext xmlns="${NS.hdrext}" id="${m[1]}" uri="${m[2]}"/>`);
        return `<content creator="${creator}" name="${value(s, 'mid')}" senders="both"><description xmlns="${NS.rtp}" media="${kind}">`
            + types.trim().split(' ').map(id => writePayloadType(s, id)).join('') + extensions.join('')
            + `<extmap-allow-mixed xmlns="${NS.hdrext}"/>${sources.xml}<rtcp-mux/></description>${writeTransport(s)}</content>`;
    }).join('');
}

// candidate: the text of one, 'candidate:...'.
export function writeCandidate(candidate, id) {
    const [, foundation, component, protocol, priority, ip, port, type, rest] =
        candidate.match(/^candidate:(\S+) (\d) (\S+) (\d+) (\S+) (\d+) typ (\S+)(.*)$/);
    const extra = [...rest.matchAll(/(raddr|rport|tcptype) (\S+)/g)].map(([, k, v]) =>
        ` ${{ raddr: 'rel-addr', rport: 'rel-port', tcptype: 'tcptype' }[k]}="${v}"`);
    return `<candidate component="${component}" foundation="${foundation}" generation="0" id="${id}" ip="${ip}" network="0" port="${port}"`
        + ` priority="${priority}" protocol="${protocol.toLowerCase()}" type="${type}"${extra.join('')}/>`;
}

export class PeerToPeer {
    // client: a ModernClient; backToP2pDelayMs: how long to wait after a third has left.
    constructor(client, { backToP2pDelayMs = 5000 } = {}) {
        Object.assign(this, { client, backToP2pDelayMs, log: [], chain: Promise.resolve(), sources: new Map() });
    }

    // The membership changed. hurried: somebody joined; else it was somebody leaving.
    evaluate(hurried) {
        clearTimeout(this.timer);
        const others = [...this.client.members].filter(m => m !== 'focus' && m !== this.client.id);
        this.wanted = others.length === 1;
        if (this.pc && (!this.wanted || others[0] !== this.peer))
            this.stop(others.includes(this.peer) ? '<success/><text>Turning off P2P session</text>' : null);
        else if (!this.pc && this.wanted && this.client.id < others[0])
            this.timer = setTimeout(() => this.enqueue(() => this.initiate(others[0])), hurried ? 0 : this.backToP2pDelayMs);
    }

    get active() { return Boolean(this.up); }

    enqueue(step) {
        this.chain = this.chain.then(step).catch(e => {
            this.client.error = e;
            console.error(e.stack ?? String(e));
        });
    }

    send(action, payload) {
        const { room, id } = this.client;
        this.log.push({ action, sent: true, at: performance.now() });
        return this.client.sendIqText(`${room}/${this.peer}`, action, this.sid, this.isInitiator ? `${room}/${id}` : `${room}/${this.peer}`, payload);
    }

    open(peer, sid, isInitiator) {
        Object.assign(this, { peer, sid, isInitiator, batch: [], canTrickle: false });
        const pc = this.pc = new RTCPeerConnection({ iceServers: this.client.iceServers, iceTransportPolicy: this.client.iceTransportPolicy, bundlePolicy: 'max-bundle' });
        pc.ontrack = e => this.client.play(e.track, 'p2p');
        pc.onicecandidate = e => {
            if (!e.candidate?.candidate || / tcp /i.test(e.candidate.candidate)) return;
            this.batch.push([e.candidate.sdpMid, e.candidate.candidate]);
            this.flushSoon();
        };
        pc.oniceconnectionstatechange = () => pc === this.pc && this.onIceState(pc.iceConnectionState);
        for (const track of this.client.stream.getTracks()) pc.addTrack(track, this.client.stream);
    }

    flushSoon() {
        if (!this.canTrickle || this.flushing || !this.batch.length) return;
        this.flushing = setTimeout(() => {
            this.flushing = null;
            if (!this.pc) return;
            const byMid = Map.groupBy(this.batch.splice(0), ([mid]) => mid);
            const local = localSections(this.pc.localDescription.sdp);
            const creator = this.isInitiator ? 'initiator' : 'responder';
            const xml = [...byMid].map(([mid, list]) => {
                const section = local.find(s => value(s, 'mid') === mid);
                const candidates = list.map(([, text], i) => writeCandidate(text, `${mid}-${this.log.length}-${i}`)).join('');
                return `<content creator="${creator}" name="${mid}">${writeTransport(section).replace('</transport>', `${candidates}</transport>`)}</content>`;
            }).join('');
            this.send('transport-info', xml).catch(() => {}); // the other may have ended it meanwhile
        }, BATCH_MS);
    }

    async initiate(peer) {
        if (this.pc || !this.wanted) return;
        this.open(peer, [...crypto.getRandomValues(new Uint8Array(6))].map(b => b.toString(16).padStart(2, '0')).join(''), true);
        await this.pc.setLocalDescription(await this.pc.createOffer());
        await this.send('session-initiate', writeSession(this.pc.localDescription.sdp, 'initiator', this.client.id));
        this.canTrickle = true;
        this.flushSoon();
    }

    async accept(jingle, peer) {
        this.open(peer, jingle.getAttribute('sid'), false);
        await this.applyRemote('offer', jingle);
        await this.pc.setLocalDescription(await this.pc.createAnswer());
        this.canTrickle = true;
        await this.send('session-accept', writeSession(this.pc.localDescription.sdp, 'responder', this.client.id));
        this.flushSoon();
    }

    async applyRemote(type, jingle) {
        const model = new PeerModel(jingle, this.peer);
        for (const s of model.mlines.flatMap(m => m.sources))
            this.sources.set(s.name, { owner: s.owner, kind: s.kind, ssrc: s.ssrcs[0], rtx: s.ssrcs[1], mid: null });
        await this.pc.setRemoteDescription({ type, sdp: model.sdp() });
    }

    async addCandidates(jingle) {
        for (const content of children(jingle, 'content'))
            for (const c of readTransport(child(content, 'transport')).candidates) {
                const related = c.relAddr ? ` raddr ${c.relAddr} rport ${c.relPort}` : '';
                await this.pc.addIceCandidate({
                    candidate: `candidate:${c.foundation} ${c.component} ${c.protocol} ${c.priority} ${c.ip} ${c.port} typ ${c.type}${related}`,
                    sdpMid: content.getAttribute('name'),
                });
            }
    }

    // Jingle of another occupant. Returns the error condition to answer with, or null.
    onJingle(jingle, peer) {
        const action = jingle.getAttribute('action');
        const sid = jingle.getAttribute('sid');
        this.log.push({ action, at: performance.now(), xml: new XMLSerializer().serializeToString(jingle) });
        if (action === 'session-initiate') {
            const name = child(jingle, 'content')?.getAttribute('name');
            const refusal = this.pc ? '<busy/><text>P2P already in progress</text>'
                : !this.wanted || !['0', '1'].includes(name) ? '<decline/><text>P2P requirements not met</text>' : null;
            if (refusal)
                this.client.sendIqText(`${this.client.room}/${peer}`, 'session-terminate', sid, `${this.client.room}/${peer}`, `<reason>${refusal}</reason>`).catch(() => {});
            else
                this.enqueue(() => this.accept(jingle, peer));
            return null;
        }
        if (!this.pc || peer !== this.peer || sid !== this.sid) return 'item-not-found';
        if (action === 'session-terminate') this.stop(null);
        const step = {
            'session-accept': () => this.applyRemote('answer', jingle),
            'transport-info': () => this.addCandidates(jingle),
        }[action];
        if (step) this.enqueue(() => this.sid === sid && this.pc ? step() : null);
        return null;
    }

    onIceState(state) {
        if ((state === 'connected' || state === 'completed') && !this.up) {
            this.up = true;
            this.upAt = performance.now();
            this.client.suspendBridge(true);
        } else if (state === 'failed') {
            this.stop('<connectivity-error/><text>ICE FAILED</text>');
        }
    }

    // reason: what to tell the peer; null: nothing.
    stop(reason) {
        if (reason) this.send('session-terminate', `<reason>${reason}</reason>`).catch(() => {}); // both ends say it, and one of them too late
        this.pc.close();
        this.pc = null;
        this.sources.clear();
        for (const el of document.querySelectorAll('.p2p')) el.remove();
        if (this.up) this.client.suspendBridge(false);
        this.up = false;
    }
}
