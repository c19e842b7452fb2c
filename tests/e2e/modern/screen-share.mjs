// SPDX-License-Identifier: Apache-2.0
//
// The test client's second video source: a shared screen, sent on an m-line of its own beside the camera's and
// signalled by source-add.
import { NS } from './features.mjs';
import { localSections, value, writeSources } from './jingle-sdp.mjs';

export class ScreenShare {
    constructor(client) {
        Object.assign(this, { client, name: `${client.id}-v1`, line: null, stream: null, ssrcs: [] });
    }

    get track() { return this.stream?.getVideoTracks()[0]; }

    // highFps: a film rather than slides.
    async start({ highFps = false, width = 1280, height = 720, frameRate = 5, scalabilityMode = 'L1T1' } = {}) {
        const { client } = this;
        this.stream = await navigator.mediaDevices.getDisplayMedia({ video: { width, height, frameRate }, audio: false });
        this.track.contentHint = highFps ? 'motion' : 'detail';
        this.tellType(highFps);
        await this.negotiate('recvonly');
        const p = this.transceiver.sender.getParameters();
        Object.assign(p.encodings[0], { scalabilityMode, maxBitrate: 2_500_000 });
        p.degradationPreference = highFps ? 'maintain-framerate' : 'maintain-resolution';
        await this.transceiver.sender.setParameters(p);
        const { ssrcs, xml } = writeSources(this.section(), this.name, 'desktop');
        Object.assign(this, { ssrcs: ssrcs.map(Number), xml });
        await this.signal('source-add');
        client.published[this.name] = { muted: false, videoType: 'desktop' };
        client.sendPresence();
    }

    // direction: as the other side sees the line.
    async negotiate(direction) {
        const { client } = this;
        await client.enqueue(() => {
            this.line ??= client.offer.addSendLine('video');
            this.line.direction = direction;
            return client.negotiate();
        });
        if (client.error) throw client.error;
    }

    // Between the offer and the answer of client.negotiate(): the line of the offer gets the track.
    async attach() {
        if (!this.line) return;
        this.transceiver = this.client.pc.getTransceivers().find(t => t.mid === this.line.mid);
        this.transceiver.direction = this.track ? 'sendonly' : 'inactive';
        if (this.transceiver.sender.track === (this.track ?? null)) return;
        this.transceiver.sender.setStreams(...this.stream ? [this.stream] : []);
        await this.transceiver.sender.replaceTrack(this.track ?? null);
    }

    tellType(highFps) {
        this.client.send({ colibriClass: 'SourceVideoTypeMessage', sourceName: this.name, videoType: highFps ? 'desktop_high_fps' : 'desktop' });
    }

    // The same capture as something else: slides become a film.
    async change({ highFps, frameRate }) {
        this.track.contentHint = highFps ? 'motion' : 'detail';
        await this.track.applyConstraints({ frameRate });
        this.tellType(highFps);
    }

    section() {
        return localSections(this.client.pc.localDescription.sdp).find(s => value(s, 'mid') === this.line.mid);
    }

    signal(action) {
        return this.client.sendJingle(action, `<content creator="responder" name="video"><description xmlns="${NS.rtp}" media="video">${this.xml}</description></content>`);
    }

    async stop() {
        const { client } = this;
        client.send({ colibriClass: 'SourceVideoTypeMessage', sourceName: this.name, videoType: 'none' });
        this.track.stop();
        this.stream = null;
        await this.negotiate('inactive');
        await this.signal('source-remove');
        delete client.published[this.name];
        client.sendPresence();
    }
}
