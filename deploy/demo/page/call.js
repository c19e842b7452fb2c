// SPDX-License-Identifier: Apache-2.0
// One participation in one room: lib-jitsi-meet in, plain state and three kinds of events out
// ('change', 'notice', 'failure'). Knows the differences between the library's releases since 2022;
// knows nothing of the page's elements.

const HISTORY_MAX = 1000;

const FAILURES = {
    'connection.droppedError': 'The connection to the server was lost.',
    'connection.otherError': 'The server cannot be reached.',
    'connection.serverError': 'The server had an internal error.',
    'connection.passwordRequired': 'The server asks for a login.',
    'connection.conferenceRequestFailed': 'The conference focus refused the room.',
    'conference.focusDisconnected': 'The conference focus does not answer. Trying again…',
    'conference.focusLeft': 'The conference focus has left the room.',
    'conference.videobridgeNotAvailable': 'No media bridge is available: only two people can talk now.',
    'conference.iceFailed': 'Media cannot reach the bridge (ICE failed).',
    'conference.offerAnswerFailed': 'The media session could not be negotiated.',
    'conference.passwordRequired': 'This room is locked by a password.',
    'conference.connectionError.notAllowed': 'You may not join this room.',
    'conference.connectionError.membersOnly': 'This room is for members only.',
    'conference.connectionError': 'The room could not be joined.',
    'conference.max_users': 'The room is full.',
    'conference.destroyed': 'The room was closed.',
    'conference.reservationError': 'The room is not reserved for you.',
    'conference.gracefulShutdown': 'The media bridge is shutting down.',
};

// The ones after which this participation is over.
const FINAL = /^connection\.|focusLeft|destroyed|iceFailed|offerAnswerFailed|connectionError|max_users|passwordRequired|reservation/;

export function failureText(code) {
    return FAILURES[code] ?? `Something went wrong: ${code}`;
}

export class Call extends EventTarget {
    // lib: the global JitsiMeetJS. config: /config.json. options: see options.js.
    constructor(lib, config, options) {
        super();
        Object.assign(this, { lib, config, options });
        this.connection = null;
        this.conference = null;
        this.state = 'new';             // new -> connecting -> joined -> ended
        this.p2p = false;
        this.dominant = null;
        this.participants = new Map();  // id -> { id, name }
        this.remote = new Set();        // JitsiRemoteTrack; whose each is may change while it lives
        this.localTracks = [];
        this.history = [];
        this.bridgeUp = false;
    }

    // The time line that tests and curious people read.
    note(what, detail = {}) {
        if (this.history.length < HISTORY_MAX)
            this.history.push({ at: performance.timeOrigin + performance.now(), what, ...detail });
    }

    emit(type, detail) {
        this.dispatchEvent(new CustomEvent(type, { detail }));
    }

    changed() {
        this.emit('change');
    }

    fail(code, extra = '') {
        this.note('failure', { code, extra: String(extra ?? '') });
        const final = FINAL.test(code);
        if (final && this.state !== 'ended') {
            this.state = 'ended';
            this.leave();
        }
        this.emit('failure', { code, text: failureText(code), final });
        this.changed();
    }

    connectionOptions() {
        const { config, options } = this;
        return {
            hosts: { domain: config.domain, muc: config.muc },
            serviceUrl: options.bosh ? config.boshUrl : config.serviceUrl,
            focusUserJid: config.focusJid,
            enableWebsocketResume: true,
            useTurnUdp: true,
            bridgeChannel: { preferSctp: options.channel !== 'ws' },
            p2p: this.p2pOptions(),
            flags: { ssrcRewritingEnabled: options.rewriting, rtpMidDemuxEnabled: options.rewriting, ...options.flags },
        };
    }

    p2pOptions() {
        return {
            enabled: this.options.p2p, stunServers: [], backToP2PDelay: 5,
            ...this.options.relay === 'p2p' && { iceTransportPolicy: 'relay' },
            ...this.options.codec && { preferredCodec: this.options.codec, codecPreferenceOrder: [this.options.codec] },
        };
    }

    conferenceOptions() {
        const { options } = this;
        const chosen = {
            p2p: this.p2pOptions(),
            forceTurnRelay: options.relay === 'bridge',
            disableThirdPartyRequests: true,
            enableLayerSuspension: true,
            bridgeChannel: { preferSctp: options.channel !== 'ws' },
            videoQuality: options.codec
                ? { preferredCodec: options.codec, codecPreferenceOrder: [options.codec] } : {},
        };
        for (const [key, value] of Object.entries(options.config))
            chosen[key] = chosen[key] instanceof Object && value instanceof Object ? { ...chosen[key], ...value } : value;
        return chosen;
    }

    // Resolves when the room is joined; rejects with Error(text) when it cannot be.
    join(room, name, localTracks) {
        const { connection: on } = this.lib.events;
        this.localTracks = localTracks;
        this.state = 'connecting';
        this.note('connect');
        this.connection = new this.lib.JitsiConnection(null, null, this.connectionOptions());
        return new Promise((resolve, reject) => {
            this.settle = { resolve, reject };
            this.connection.addEventListener(on.CONNECTION_ESTABLISHED, () => {
                this.note('connected');
                // Comes again after a resumption.
                if (this.conference)
                    return;
                try {
                    this.enter(room, name);
                } catch (e) {
                    this.fail('conference.connectionError', e.message);
                    reject(e);
                }
            });
            this.connection.addEventListener(on.CONNECTION_FAILED, (code, message) => {
                reject(new Error(failureText(code)));
                if (this.state !== 'ended')
                    this.fail(code, message);
            });
            this.connection.connect();
        });
    }

    enter(room, name) {
        const conference = this.conference = this.connection.initJitsiConference(room, this.conferenceOptions());
        const on = this.lib.events.conference;
        const listen = (event, handler) => event && conference.on(event, handler);
        listen(on.CONFERENCE_JOINED, () => {
            this.state = 'joined';
            this.note('joined', { id: conference.myUserId() });
            this.constrain();
            this.settle.resolve();
            this.changed();
        });
        listen(on.CONFERENCE_FAILED, (code, ...more) => {
            this.settle.reject(new Error(failureText(code)));
            this.fail(code, more.filter(m => typeof m === 'string').join(' '));
        });
        listen(on.CONFERENCE_ERROR, code => this.note('error', { code: String(code) }));
        listen(on.USER_JOINED, (id, user) => {
            this.note('user-joined', { id });
            this.participant(id).name = user?.getDisplayName?.() ?? '';
            this.emit('notice', { text: `${this.nameOf(id)} joined` });
            this.changed();
        });
        listen(on.USER_LEFT, id => {
            this.note('user-left', { id });
            this.emit('notice', { text: `${this.nameOf(id)} left` });
            this.participants.delete(id);
            if (this.dominant === id)
                this.dominant = null;
            this.changed();
        });
        listen(on.DISPLAY_NAME_CHANGED, (id, text) => {
            if (this.participants.has(id))
                this.participant(id).name = text ?? '';
            this.changed();
        });
        listen(on.TRACK_ADDED, track => this.trackAdded(track));
        listen(on.TRACK_REMOVED, track => {
            if (track.isLocal())
                return;
            this.note('track-removed', { kind: track.getType(), id: track.getParticipantId() });
            this.remote.delete(track);
            this.changed();
        });
        listen(on.TRACK_MUTE_CHANGED, track => {
            this.note('mute', { kind: track.getType(), muted: track.isMuted(), local: track.isLocal() });
            this.changed();
        });
        listen(on.DOMINANT_SPEAKER_CHANGED, id => {
            this.note('dominant', { id });
            this.dominant = id;
            this.changed();
        });
        listen(on.P2P_STATUS, (_, active) => {
            this.p2p = Boolean(active);
            this.note('p2p', { active: this.p2p });
            this.changed();
        });
        listen(on.CONNECTION_INTERRUPTED, () => {
            this.note('media-interrupted');
            this.emit('notice', { text: 'Media is interrupted…' });
        });
        listen(on.CONNECTION_RESTORED, () => this.note('media-restored'));
        listen(on.CONNECTION_ESTABLISHED, () => this.note('media-established'));
        listen(on.DATA_CHANNEL_OPENED, () => {
            this.note('channel-open');
            this.bridgeUp = true;
            this.constrain();
            this.changed();
        });
        listen(on.DATA_CHANNEL_CLOSED, () => {
            this.note('channel-closed');
            this.bridgeUp = false;
            this.changed();
        });
        listen(on.ENDPOINT_MESSAGE_RECEIVED, (from, payload) =>
            this.note('message', { from: from?.getId?.() ?? String(from), payload }));
        listen(on.KICKED, () => this.fail('conference.destroyed', 'kicked'));
        conference.setDisplayName(name);
        for (const track of this.localTracks) {
            Promise.resolve(conference.addTrack(track))
                .catch(e => this.emit('notice', { text: `Cannot send your ${track.getType()}: ${e.message ?? e}` }));
        }
        conference.join();
    }

    participant(id) {
        if (!this.participants.has(id))
            this.participants.set(id, { id, name: '' });
        return this.participants.get(id);
    }

    nameOf(id) {
        return this.participants.get(id)?.name || `Guest ${id.slice(0, 4)}`;
    }

    trackAdded(track) {
        if (track.isLocal())
            return;
        const id = track.getParticipantId();
        this.note('track-added', { kind: track.getType(), id, p2p: Boolean(track.isP2P) });
        this.remote.delete(track);
        this.remote.add(track);
        this.changed();
    }

    // The tracks of one participant: the newest of each kind, for the library may announce one again
    // when media moves between P2P and bridge.
    tracksOf(id) {
        const newest = new Map();
        for (const track of this.remote) {
            if (track.getParticipantId() === id)
                newest.set(`${track.getType()} ${track.getVideoType?.()}`, track);
        }
        return [...newest.values()];
    }

    // What the bridge is asked for; height follows the layout.
    constrain(maxHeight = this.maxHeight ?? 720) {
        this.maxHeight = maxHeight;
        try {
            this.conference?.setReceiverConstraints?.({ lastN: -1, defaultConstraints: { maxHeight } });
        } catch (e) {
            this.note('error', { code: 'constraints', extra: e.message });
        }
    }

    // 'p2p', 'bridge' or 'other': which session an RTCPeerConnection serves.
    roleOf(pc) {
        const native = session => session?.peerconnection?.peerconnection;
        if (native(this.conference?.p2pJingleSession) === pc)
            return 'p2p';
        return native(this.conference?.jvbJingleSession) === pc ? 'bridge' : 'other';
    }

    local(kind, videoType) {
        return this.localTracks.find(t => t.getType() === kind &&
            (kind === 'audio' || (t.getVideoType?.() === 'desktop') === (videoType === 'desktop')));
    }

    async setMuted(track, muted) {
        await (muted ? track.mute() : track.unmute());
        this.changed();
    }

    async addLocal(track) {
        const camera = this.local('video', 'camera');
        const desktop = track.getVideoType?.() === 'desktop';
        try {
            await this.conference.addTrack(track);
            this.localTracks.push(track);
        } catch (e) {
            // COMPAT: releases with one video stream per person: the screen takes the camera's place.
            if (!desktop || !camera)
                throw e;
            await this.conference.replaceTrack(camera, track);
            this.localTracks.push(track);
            this.replaced = camera;
        }
        this.changed();
    }

    async removeLocal(track) {
        this.localTracks = this.localTracks.filter(t => t !== track);
        if (this.replaced) {
            await this.conference.replaceTrack(track, this.replaced);
            this.replaced = null;
        } else {
            await this.conference.removeTrack(track);
        }
        await track.dispose();
        this.changed();
    }

    // The page is being closed: say goodbye at once, or the server keeps the place for a minute in case the
    // connection comes back.
    goAway(event) {
        try {
            this.conference?.leave()?.catch?.(() => {});
            this.connection?.disconnect(event);
        } catch { /* there is nobody left to tell */ }
    }

    async leave() {
        const { conference, connection } = this;
        this.state = 'ended';
        this.conference = this.connection = null;
        this.participants.clear();
        this.remote.clear();
        this.p2p = this.bridgeUp = false;
        // Each step may fail when the connection is gone already; the next must still happen.
        for (const step of [() => conference?.leave(), () => connection?.disconnect()]) {
            try {
                await Promise.race([step(), new Promise(resolve => setTimeout(resolve, 2000))]);
            } catch (e) {
                this.note('error', { code: 'leave', extra: String(e?.message ?? e) });
            }
        }
        this.note('left');
        this.changed();
    }
}
