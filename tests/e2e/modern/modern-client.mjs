// SPDX-License-Identifier: Apache-2.0
//
// A small conference client that speaks today's dialect: JSON-encoded sources, SSRC rewriting with source
// maps, mid demultiplexing, SVC (AV1 or VP9 in L3T3_KEY by default), in-place ICE restart, and with the option p2p
// (an object) talks directly to the only other one. It exists for the tests: it keeps
// everything it heard, and its stats() joins the browser's inbound streams with the names the bridge gave.
import { CAPS_NODE, NS, capsVersion, features } from './features.mjs';
import { PeerToPeer } from './p2p.mjs';
import { ScreenShare } from './screen-share.mjs';
import { Voice } from './voice.mjs';
import { KeyFrameGate } from './key-frame-gate.mjs';
import { withSimulcast } from './simulcast.mjs';
import { OfferModel, localSections, readJsonSources, readTransport, writeSources, writeTransport } from './jingle-sdp.mjs';

const hexId = () => [...crypto.getRandomValues(new Uint8Array(4))].map(b => b.toString(16).padStart(2, '0')).join('');
const sleep = ms => new Promise(r => setTimeout(r, ms));

export class ModernClient {
    constructor(options) {
        Object.assign(this, {
            rewriting: true, midDemux: true, dataChannel: true, codec: 'AV1', scalabilityMode: 'L3T3_KEY',
            width: 1280, height: 720, frameRate: 15, iceTransportPolicy: 'all', iceServers: [], sendAudio: true, sendVideo: true, p2p: null,
            simulcast: false, // three streams of a quarter, a half and the whole size; for VP8 and H264
            gate: null,   // a KeyFrameGate behind the camera's encoder
            voice: false, // instead of the microphone one that speaks when told, see Voice
        }, options);
        this.direct = this.p2p && new PeerToPeer(this, this.p2p);
        this.id = hexId();
        this.screen = new ScreenShare(this);
        this.messages = [];      // every bridge message, oldest first
        this.sources = new Map(); // name -> {owner, kind, ssrc, rtx, mid}
        this.members = new Set();
        this.log = [];           // Jingle actions seen, for assertions on signalling
        this.chain = Promise.resolve();
        this.sessionCount = 0;
    }

    get room() { return `${this.roomName}@${this.muc}`; }

    async join() {
        const { Strophe, $iq } = window.strophe;
        this.Strophe = Strophe;
        this.features = features(this);
        this.capsVer = await capsVersion(this.features);
        this.stream = await this.openDevices();
        this.xmpp = new Strophe.Connection(this.serviceUrl);
        this.xmpp.addHandler(iq => this.onIq(iq), null, 'iq', 'set');
        this.xmpp.addHandler(iq => this.onGet(iq), null, 'iq', 'get');
        this.xmpp.addHandler(p => this.onPresence(p), null, 'presence');
        await new Promise((resolve, reject) => this.xmpp.connect(this.domain, null, status => {
            if (status === Strophe.Status.CONNECTED) resolve();
            if (status === Strophe.Status.CONNFAIL || status === Strophe.Status.AUTHFAIL) reject(new Error(`xmpp status ${status}`));
        }));
        for (let wait = 250; ; wait = Math.min(2 * wait, 4000)) {
            const reply = await this.sendIq($iq({ type: 'set', to: `focus.${this.domain}` })
                .c('conference', { xmlns: NS.focus, room: this.room, 'machine-uid': this.id }));
            const conf = reply.querySelector('conference');
            this.focusJid = conf.getAttribute('focusjid');
            if (conf.getAttribute('ready') === 'true') break;
            await sleep(wait);
        }
        this.sendPresence(true);
        await this.until(() => this.joined, 5000, 'own presence');
        return this.id;
    }

    async openDevices() {
        const audio = this.sendAudio && !this.voice;
        const stream = !audio && !this.sendVideo ? new MediaStream() : await navigator.mediaDevices.getUserMedia({
            audio, video: this.sendVideo && { width: this.width, height: this.height, frameRate: this.frameRate },
        });
        if (this.voice) {
            this.voice = new Voice();
            stream.addTrack(this.voice.track);
        }
        return stream;
    }

    sendPresence(join = false) {
        const { $pres } = window.strophe;
        const p = $pres({ to: `${this.room}/${this.id}` });
        if (join) p.c('x', { xmlns: NS.muc }).up();
        p.c('c', { xmlns: NS.caps, hash: 'sha-1', node: CAPS_NODE, ver: this.capsVer }).up();
        p.c('stats-id').t(`Test-${this.id.slice(0, 3)}`).up();
        p.c('SourceInfo').t(JSON.stringify(this.published ?? {})).up();
        p.c('jitsi_participant_codecList').t('av1,vp9,vp8,h264').up();
        p.c('nick', { xmlns: 'http://jabber.org/protocol/nick' }).t(this.name ?? this.id);
        this.xmpp.send(p);
    }

    sendIq(iq) {
        return new Promise((resolve, reject) => this.xmpp.sendIQ(iq, resolve,
            e => reject(new Error(`iq error: ${e ? e.outerHTML : 'timeout'}`)), 15000));
    }

    // payload: XML text of the <jingle> children. Resolves with the focus's answer.
    sendJingle(action, payload) {
        return this.sendIqText(`${this.room}/focus`, action, this.sid, `${this.room}/focus`, payload, ` responder="${this.xmpp.jid}"`);
    }

    sendIqText(to, action, sid, initiator, payload, attributes = '') {
        const xml = `<iq xmlns="jabber:client" type="set" id="${this.xmpp.getUniqueId()}" to="${to}">`
            + `<jingle xmlns="${NS.jingle}" action="${action}" sid="${sid}" initiator="${initiator}"${attributes}>${payload}</jingle></iq>`;
        return this.sendIq(new DOMParser().parseFromString(xml, 'text/xml').documentElement);
    }

    onPresence(p) {
        const from = p.getAttribute('from');
        if (!from?.startsWith(`${this.room}/`)) return true;
        const nick = from.slice(this.room.length + 1);
        const known = this.members.size;
        if (p.getAttribute('type') === 'unavailable') this.members.delete(nick);
        else if (p.getAttribute('type') !== 'error') this.members.add(nick);
        if (nick === this.id) this.joined = p.getAttribute('type') === null;
        if (this.joined && known !== this.members.size) this.direct?.evaluate(this.members.size > known);
        return true;
    }

    onGet(iq) {
        const { $iq } = window.strophe;
        const reply = $iq({ type: 'result', id: iq.getAttribute('id'), to: iq.getAttribute('from') });
        const query = iq.firstElementChild;
        if (query?.namespaceURI === NS.discoInfo) {
            const node = query.getAttribute('node');
            reply.c('query', node ? { xmlns: NS.discoInfo, node } : { xmlns: NS.discoInfo });
            for (const f of this.features) reply.c('feature', { var: f }).up();
        }
        this.xmpp.send(reply);
        return true;
    }

    onIq(iq) {
        const { $iq } = window.strophe;
        const jingle = [...iq.children].find(c => c.namespaceURI === NS.jingle);
        if (!jingle) return true;
        const from = iq.getAttribute('from');
        const action = jingle.getAttribute('action');
        this.log.push({ action, from, at: performance.now(), xml: new XMLSerializer().serializeToString(jingle) });
        const peer = from === `${this.room}/focus` ? null : this.Strophe.getResourceFromJid(from);
        const error = peer && this.direct?.onJingle(jingle, peer);
        const reply = $iq({ type: error ? 'error' : 'result', id: iq.getAttribute('id'), to: from });
        if (error) reply.c('error', { type: 'cancel' }).c(error, { xmlns: 'urn:ietf:params:xml:ns:xmpp-stanzas' });
        this.xmpp.send(reply);
        if (peer) {
            if (action === 'session-initiate' && !this.direct) this.decline(from, jingle.getAttribute('sid'));
            return true;
        }
        const handler = {
            'session-initiate': () => this.startSession(jingle),
            'session-terminate': () => this.endSession(),
            'source-add': () => this.changeSources(jingle, true),
            'source-remove': () => this.changeSources(jingle, false),
            'transport-info': () => this.restartTransport(jingle),
        }[action];
        if (handler) this.enqueue(handler);
        return true;
    }

    decline(to, sid) {
        const { $iq } = window.strophe;
        this.xmpp.send($iq({ type: 'set', id: this.xmpp.getUniqueId(), to })
            .c('jingle', { xmlns: NS.jingle, action: 'session-terminate', sid }).c('reason').c('decline'));
    }

    // One negotiation after another; a failure is kept for the test to see.
    enqueue(step) {
        this.chain = this.chain.then(step).catch(e => {
            this.error = e;
            console.error(e.stack ?? String(e));
        });
        return this.chain;
    }

    async startSession(jingle) {
        this.endSession();
        this.sid = jingle.getAttribute('sid');
        this.sessionCount++;
        this.offer = new OfferModel(jingle, this.codec);
        for (const { sources: [s] } of this.offer.mlines.filter(m => m.direction === 'sendonly' && m.sources[0].owner !== 'jvb'))
            this.sources.set(s.name, { owner: s.owner, kind: s.kind, ssrc: s.ssrcs[0], rtx: s.ssrcs[1] });
        const pc = this.pc = new RTCPeerConnection({ iceServers: this.iceServers, iceTransportPolicy: this.iceTransportPolicy, bundlePolicy: 'max-bundle' });
        this.arrivals = [];      // with a gate: one more before each decoder, which counts
        pc.ontrack = e => {
            if (this.gate && e.track.kind === 'video') this.arrivals.push(new KeyFrameGate(e.receiver));
            this.play(e.track);
        };
        for (const track of this.stream.getTracks()) pc.addTrack(track, this.stream);
        this.gate &&= new KeyFrameGate(pc.getSenders().find(s => s.track.kind === 'video'));
        this.mediaSenders = pc.getSenders().map(sender => [sender, sender.track]);
        if (this.offer.transport.sctpPort) {
            this.useChannel(pc.createDataChannel('JVB data channel', { protocol: 'http://jitsi.org/protocols/colibri' }));
        } else if (this.offer.transport.webSockets.length) {
            this.useChannel(new WebSocket(this.offer.transport.webSockets[0]));
        }
        await this.negotiate(true);
        const local = localSections(pc.localDescription.sdp);
        const xml = this.offer.mlines.map((m, i) => {
            if (m.kind === 'application')
                return `<content creator="responder" name="data" senders="both">${writeTransport(local[i])}</content>`;
            const isFirst = this.offer.mlines.findIndex(x => x.kind === m.kind) === i;
            if (!isFirst) return '';
            const sources = writeSources(local[i], `${this.id}-${m.kind[0]}0`, m.kind === 'video' ? 'camera' : '');
            return `<content creator="responder" name="${m.kind}" senders="both">`
                + `<description xmlns="${NS.rtp}" media="${m.kind}">${sources.xml}<rtcp-mux/></description>`
                + `${writeTransport(local[i])}</content>`;
        }).join('');
        await this.sendJingle('session-accept', xml);
        if (this.direct?.active) await this.suspendBridge(true);
        this.published = {};
        if (this.sendAudio) this.published[`${this.id}-a0`] = { muted: false };
        if (this.sendVideo) this.published[`${this.id}-v0`] = { muted: false };
        this.sendPresence();
    }

    async negotiate(first = false) {
        const pc = this.pc;
        await pc.setRemoteDescription({ type: 'offer', sdp: this.offer.sdp() });
        await this.screen.attach();
        const answer = await pc.createAnswer();
        await pc.setLocalDescription(this.simulcast ? { type: 'answer', sdp: withSimulcast(answer.sdp) } : answer);
        if (first) await this.applyScalability();
    }

    async applyScalability() {
        const sender = this.pc.getSenders().find(s => s.track?.kind === 'video');
        if (!sender || !this.scalabilityMode) return;
        const p = sender.getParameters();
        for (const e of p.encodings) e.scalabilityMode = this.scalabilityMode;
        if (!this.simulcast) p.encodings[0].maxBitrate = 2_500_000;
        p.degradationPreference = 'maintain-resolution'; // on a busy machine too
        await sender.setParameters(p);
    }

    // The bridge session stays as it is, but nothing is sent on it and no picture asked for.
    async suspendBridge(suspended) {
        this.suspended = suspended;
        if (!this.pc) return;
        this.constrain(this.constraints ?? this.defaultConstraints);
        await Promise.all(this.mediaSenders.map(([sender, track]) => sender.replaceTrack(suspended ? null : track)));
    }

    // use: the class of its element.
    play(track, use = 'bridge') {
        const el = document.createElement(track.kind);
        el.className = use;
        el.autoplay = true;
        el.muted = track.kind === 'video';
        el.srcObject = new MediaStream([track]);
        document.body.append(el);
        track.onended = () => el.remove();
    }

    useChannel(channel) {
        this.channel = channel;
        channel.onopen = () => {
            this.send({ colibriClass: 'ClientHello' });
            this.send({ colibriClass: 'SourceVideoTypeMessage', sourceName: `${this.id}-v0`, videoType: 'camera' });
            this.constrain(this.constraints ?? this.defaultConstraints);
        };
        channel.onmessage = e => this.onMessage(JSON.parse(e.data));
        channel.onclose = e => { this.channelClosed = { code: e.code, reason: e.reason }; };
    }

    get defaultConstraints() {
        return { lastN: -1, assumedBandwidthBps: -1, defaultConstraints: { maxHeight: this.height } };
    }

    send(message) { this.channel.send(JSON.stringify(message)); }

    constrain(constraints) {
        this.constraints = constraints;
        if (this.channel?.readyState === 'open' || this.channel?.readyState === 1)
            this.send({ colibriClass: 'ReceiverVideoConstraints', ...constraints, ...this.suspended && { lastN: 0 } });
    }

    onMessage(m) {
        this.messages.push({ at: performance.now(), ...m });
        if (this.messages.length > 5000) this.messages.splice(0, 1000);
        if (m.colibriClass === 'VideoSourcesMap') this.enqueue(() => this.mapSources(m.mappedSources, 'video'));
        if (m.colibriClass === 'AudioSourcesMap') this.enqueue(() => this.mapSources(m.mappedSources, 'audio'));
    }

    // A known SSRC only changes its owner; a new one needs an m-line of its own.
    async mapSources(list, kind) {
        let changed = false;
        for (const s of list) {
            if (typeof s.ssrc !== 'number') throw new Error(`ssrc of ${s.source} is no number`);
            for (const [name, known] of this.sources)
                if (known.ssrc === s.ssrc && name !== s.source) this.sources.delete(name);
            const known = this.offer.mlines.some(m => m.sources?.some(x => x.ssrcs.includes(s.ssrc)));
            this.sources.set(s.source, { owner: s.owner, kind, ssrc: s.ssrc, rtx: s.rtx, mid: s.mid, videoType: s.videoType });
            if (known) continue;
            this.offer.removeSource(s.source); // it was gone for a while, and its old SSRC is
            const ssrcs = kind === 'video' ? [s.ssrc, s.rtx] : [s.ssrc];
            this.offer.addSource({
                owner: s.owner, kind, name: s.source, mid: s.mid, ssrcs,
                groups: kind === 'video' ? [['FID', s.ssrc, s.rtx]] : [],
            });
            changed = true;
        }
        if (changed) await this.negotiate();
    }

    async changeSources(jingle, isAdd) {
        const json = [...jingle.children].find(c => c.localName === 'json-message');
        for (const s of readJsonSources(json.textContent)) {
            if (isAdd) {
                this.offer.addSource(s);
                this.sources.set(s.name, { owner: s.owner, kind: s.kind, ssrc: s.ssrcs[0], rtx: s.ssrcs[1] });
            } else {
                this.offer.removeSource(s.name);
                this.sources.delete(s.name);
            }
        }
        await this.negotiate();
    }

    requestIceRestart() {
        return this.sendJingle('session-info',
            `<bridge-session xmlns="${NS.focus}" id="${this.offer.bridgeSession}" ice-restart="true"/>`);
    }

    async restartTransport(jingle) {
        const t = readTransport(jingle.querySelector('transport'));
        if (!t.generation) return;
        Object.assign(this.offer.transport, { ufrag: t.ufrag, pwd: t.pwd, candidates: t.candidates });
        await this.negotiate();
        this.iceGeneration = Number(t.generation);
        const [section] = localSections(this.pc.localDescription.sdp);
        await this.sendJingle('transport-info',
            `<content creator="initiator" name="audio">${writeTransport(section, t.generation)}</content>`);
    }

    endSession() {
        this.screen.line = null;
        this.channel?.close();
        this.pc?.close();
        this.pc = null;
        this.sources.clear();
        for (const el of document.querySelectorAll('.bridge')) el.remove();
    }

    leave() {
        const { $pres } = window.strophe;
        if (this.direct?.pc) this.direct.stop(null);
        this.xmpp.send($pres({ to: `${this.room}/${this.id}`, type: 'unavailable' }));
        this.endSession();
        this.xmpp.flush();
        this.xmpp.disconnect();
    }

    // One row per inbound stream that has a named source; those of P2P first.
    async stats() {
        const rows = this.direct?.pc ? await this.rows(this.direct.pc, this.direct.sources, 'p2p') : [];
        return this.pc ? rows.concat(await this.rows(this.pc, this.sources, 'bridge')) : rows;
    }

    async rows(pc, sources, role) {
        const report = [...(await pc.getStats()).values()];
        const rows = [];
        for (const [name, s] of sources) {
            const r = report.find(x => x.type === 'inbound-rtp' && x.ssrc === s.ssrc);
            const codec = r && report.find(x => x.id === r.codecId);
            rows.push({
                role, name, owner: s.owner, kind: s.kind, ssrc: s.ssrc, mid: s.mid, videoType: s.videoType, codec: codec?.mimeType,
                frames: r?.framesDecoded ?? 0, height: r?.frameHeight ?? 0, bytes: r?.bytesReceived ?? 0,
                energy: r?.totalAudioEnergy ?? 0, packetsLost: r?.packetsLost ?? 0, freezes: r?.freezeCount ?? 0,
                keyFrames: r?.keyFramesDecoded ?? 0, rtxBytes: r?.retransmittedBytesReceived ?? 0, fps: r?.framesPerSecond ?? 0,
                whole: r?.framesReceived ?? 0, dropped: r?.framesDropped ?? 0, nacks: r?.nackCount ?? 0, plis: r?.pliCount ?? 0,
            });
        }
        return rows;
    }

    // What congestion control lets it send, bit/s; 0 while it is not known.
    async uplink() {
        return Math.max(0, ...[...(await this.pc.getStats()).values()].map(r => r.type === 'candidate-pair' && r.availableOutgoingBitrate || 0));
    }

    // Pictures that came whole so far; null without a gate.
    async arrived() {
        return this.gate && (await Promise.all(this.arrivals.map(a => a.pictures()))).reduce((sum, n) => sum + n, 0);
    }

    async sent() {
        if (!this.pc) return [];
        const report = [...(await this.pc.getStats()).values()];
        return report.filter(r => r.type === 'outbound-rtp').map(r => ({
            kind: r.kind, ssrc: r.ssrc, bytes: r.bytesSent, height: r.frameHeight, mode: r.scalabilityMode,
            codec: report.find(x => x.id === r.codecId)?.mimeType, pli: r.pliCount, nack: r.nackCount, fps: r.framesPerSecond, limited: r.qualityLimitationReason,
            limitedS: r.qualityLimitationDurations, targetBps: r.targetBitrate ?? 0, captured: report.find(x => x.id === r.mediaSourceId)?.frames ?? 0,
            encoded: (r.framesEncoded ?? 0) / Number(/^L(\d)/.exec(r.scalabilityMode)?.[1] ?? 1), // each spatial layer counts
            track: report.find(x => x.id === r.mediaSourceId)?.trackIdentifier ?? null,
        }));
    }

    async until(test, ms, what) {
        const end = performance.now() + ms;
        while (!(await test())) {
            if (this.error) throw this.error;
            if (performance.now() > end) throw new Error(`${what ?? 'condition'} did not come within ${ms} ms`);
            await sleep(50);
        }
    }
}
