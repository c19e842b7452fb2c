// SPDX-License-Identifier: Apache-2.0
// The page: lobby, call, buttons, banners. Everything about conferences is in call.js.
import { readPeers } from './peers.js';
import { Call } from './call.js';
import { readOptions, wireOptions } from './options.js';
import { Stage } from './tiles.js';

const $ = id => document.getElementById(id);
const RECONNECT_MS = [2000, 4000, 8000, 15000];

const options = readOptions(location.search);
let lib, config, call = null, stage;
let tracks = [];
let wantAudio = options.audio, wantVideo = options.video;
let rates = new Map();          // ssrc -> { bytes, at, bps }
let retries = 0, retryTimer = 0; // joining again by ourselves
let visits = 0;                 // joins and leaves begun: an older one that is not done then goes no further

function banner(text, { action, onAction, key = text } = {}) {
    for (const old of $('banners').children) {
        if (old.dataset.key === key)
            old.remove();
    }
    const box = document.createElement('div');
    box.className = 'banner';
    box.dataset.key = key;
    const label = document.createElement('p');
    label.textContent = text;
    box.append(label);
    const button = (title, handler) => {
        const b = document.createElement('button');
        b.type = 'button';
        b.textContent = title;
        b.addEventListener('click', () => {
            box.remove();
            handler?.();
        });
        box.append(b);
    };
    if (action)
        button(action, onAction);
    button('Dismiss');
    $('banners').append(box);
}

function notice(text) {
    const line = document.createElement('p');
    line.textContent = text;
    $('notices').append(line);
    setTimeout(() => line.remove(), 4000);
}

function loadLibrary() {
    return new Promise((resolve, reject) => {
        const script = document.createElement('script');
        script.src = 'lib/lib-jitsi-meet.js';
        script.onload = () => window.JitsiMeetJS ? resolve(window.JitsiMeetJS)
            : reject(new Error('the library defines no JitsiMeetJS'));
        script.onerror = () => reject(new Error('lib-jitsi-meet could not be loaded'));
        document.head.append(script);
    });
}

// Camera and microphone, each on its own when they cannot be had together.
async function openDevices() {
    const open = devices => lib.createLocalTracks({
        devices, resolution: options.height,
        // The library would insist on 15 frames/s, which not every camera has.
        constraints: { video: { height: { ideal: options.height, max: options.height }, width: { ideal: options.height * 16 / 9 }, frameRate: { max: 30 } } },
    });
    const wanted = [options.audio && 'audio', options.video && 'video'].filter(Boolean);
    if (!wanted.length)
        return [];
    try {
        return await open(wanted);
    } catch { /* find out which of them below */ }
    const found = [];
    for (const device of wanted) {
        try {
            found.push(...await open([device]));
        } catch (e) {
            banner(`${device === 'audio' ? 'Your microphone' : 'Your camera'} cannot be used: ${e.message ?? e.name ?? e}`, { key: `device ${device}` });
        }
    }
    return found;
}

const trackOf = kind => tracks.find(t => t.getType() === kind && t.getVideoType?.() !== 'desktop');

async function showPreview() {
    const track = trackOf('video');
    $('preview').hidden = !track || !wantVideo;
    $('preview-text').hidden = Boolean(track) && wantVideo;
    $('preview-text').textContent = track ? 'Camera off' : 'No camera';
    if (track)
        $('preview').srcObject = track.getOriginalStream();
    toggleLook($('lobby-mic'), wantAudio && Boolean(trackOf('audio')), 'mic', ['Microphone on', 'Microphone off']);
    toggleLook($('lobby-camera'), wantVideo && Boolean(track), 'camera', ['Camera on', 'Camera off']);
}

// Its text says what a click does or what is on: a pressed state besides would say it twice, the second time reversed.
function toggleLook(button, on, icon, [textOn, textOff]) {
    button.classList.toggle('is-off', !on);
    button.querySelector('use').setAttribute('href', `icons.svg#${on ? icon : `${icon}-off`}`);
    button.querySelector('span').textContent = on ? textOn : textOff;
}

function show(screen) {
    document.body.dataset.screen = screen;
    $('lobby').hidden = screen !== 'lobby';
    $('call').hidden = screen !== 'call';
}

// What the user does now counts, not what was to happen by itself.
function cancelRejoin() {
    clearTimeout(retryTimer);
    return ++visits;
}

async function join(room, name) {
    const visit = cancelRejoin();
    $('join').disabled = true;
    $('join').textContent = 'Joining…';
    call = new Call(lib, config, options);
    window.plenum.call = call;
    call.addEventListener('change', render);
    call.addEventListener('notice', e => notice(e.detail.text));
    call.addEventListener('failure', e => visit === visits && failed(e.detail, room, name));
    try {
        for (const track of tracks) {
            const want = track.getType() === 'audio' ? wantAudio : wantVideo;
            if (track.isMuted() === want)
                await (want ? track.unmute() : track.mute());
        }
        await call.join(room, name, tracks);
        if (visit !== visits)
            return;
        retries = 0;
        [...$('banners').children].filter(b => !b.dataset.key.startsWith('device ')).forEach(b => b.remove());
        $('room-title').textContent = room;
        document.title = `${room} · Plenum`;
        show('call');
        $('mic').focus({ preventScroll: true });
        render();
    } catch (e) {
        if (visit === visits && (!options.retry || document.body.dataset.screen === 'lobby'))
            banner(e.message, { key: 'failure' });
    } finally {
        $('join').disabled = false;
        $('join').textContent = 'Join';
    }
}

// What ends a running call is usually a server that comes back: try again by ourselves.
function failed({ code, text, final }, room, name) {
    const inCall = document.body.dataset.screen === 'call';
    if (!final || !inCall || !options.retry || retries >= RECONNECT_MS.length)
        return banner(text, { key: code, action: final && inCall ? 'Rejoin' : undefined, onAction: () => rejoin(room, name) });
    const wait = RECONNECT_MS[retries++];
    banner(`${text} Joining again in ${wait / 1000} s…`, { key: 'failure' });
    clearTimeout(retryTimer);
    retryTimer = setTimeout(() => rejoin(room, name), wait);
}

async function rejoin(room, name) {
    const visit = cancelRejoin();
    await call?.leave();
    tracks.filter(t => t.getVideoType?.() === 'desktop').forEach(t => t.dispose());
    tracks.forEach(t => t.dispose());
    const opened = await openDevices();
    if (visit !== visits) {
        opened.forEach(t => t.dispose());
        return;
    }
    tracks = opened;
    await join(room, name);
}

async function leave() {
    cancelRejoin();
    [...$('banners').children].filter(b => b.dataset.key === 'failure').forEach(b => b.remove());
    const left = call;
    call = null;
    await left?.leave();
    audio(new Set());
    stage.update([]);
    show('lobby');
    document.title = 'Plenum';
    await Promise.all((left?.localTracks ?? []).map(t => t.dispose()));
    tracks = await openDevices();
    await showPreview();
    $('room').focus();
}

// One <audio> per remote microphone: a remote track is silent until an element plays it.
const players = new Map();
function audio(wanted) {
    for (const [track, player] of players) {
        if (!wanted.has(track)) {
            track.detach(player);
            player.remove();
            players.delete(track);
        }
    }
    for (const track of wanted) {
        if (players.has(track))
            continue;
        const player = document.createElement('audio');
        player.autoplay = true;
        $('audio').append(player);
        players.set(track, player);
        Promise.resolve(track.attach(player)).catch(() => {});
        player.play().catch(e => {
            if (e.name === 'NotAllowedError')
                banner('Your browser waits for a click before it plays sound.',
                    { key: 'autoplay', action: 'Play sound', onAction: () => players.forEach(p => p.play()) });
        });
    }
}

function views() {
    const me = call.conference?.myUserId?.() ?? 'me';
    const connected = call.p2p ? 'P2P' : call.bridgeUp ? 'Bridge' : '';
    const list = [];
    for (const p of call.participants.values()) {
        const all = call.tracksOf(p.id);
        const camera = all.find(t => t.getType() === 'video' && t.getVideoType?.() !== 'desktop');
        const screen = all.find(t => t.getType() === 'video' && t.getVideoType?.() === 'desktop');
        const sound = all.find(t => t.getType() === 'audio');
        const name = call.nameOf(p.id);
        const shared = { name, self: false, audioOff: !sound || sound.isMuted(), speaking: call.dominant === p.id,
            badge: all.length ? connected || 'Bridge' : '' };
        if (screen && !screen.isMuted()) // a share that has ended may stay as a muted track
            list.push({ ...shared, key: `${p.id}:screen`, screen: true, track: screen, videoOff: false });
        list.push({ ...shared, key: p.id, screen: false, track: camera ?? null, videoOff: !camera || camera.isMuted() });
    }
    const mine = { name: $('name').value || 'You', self: true, badge: '', speaking: call.dominant === me,
        audioOff: !call.local('audio') || call.local('audio').isMuted() };
    const screen = call.local('video', 'desktop');
    const camera = call.local('video', 'camera');
    if (screen)
        list.push({ ...mine, key: 'self:screen', screen: true, track: screen, videoOff: false });
    list.push({ ...mine, key: 'self', screen: false, track: camera ?? null, videoOff: !camera || camera.isMuted() });
    return list.sort((a, b) => Number(b.screen) - Number(a.screen));
}

function render() {
    if (!call || call.state === 'new')
        return;
    const list = views();
    stage.update(list);
    audio(new Set([...call.participants.keys()].flatMap(id => call.tracksOf(id)).filter(t => t.getType() === 'audio')));
    const people = call.participants.size + 1;
    $('count').textContent = people === 1 ? 'Only you' : `${people} people`;
    const mode = people === 1 ? '' : call.p2p ? 'P2P' : call.bridgeUp ? 'Bridge' : 'Connecting';
    $('mode').textContent = { P2P: 'Direct (P2P)', Bridge: 'Over the bridge', Connecting: 'Connecting…' }[mode] ?? '';
    $('mode').dataset.kind = mode;
    $('mode').hidden = !mode;
    const mic = call.local('audio'), camera = call.local('video', 'camera'), screen = call.local('video', 'desktop');
    $('mic').disabled = !mic;
    $('camera').disabled = !camera;
    toggleLook($('mic'), Boolean(mic) && !mic.isMuted(), 'mic', ['Mute', 'Unmute']);
    toggleLook($('camera'), Boolean(camera) && !camera.isMuted(), 'camera', ['Stop video', 'Start video']);
    $('screen').classList.toggle('is-on', Boolean(screen));
    $('screen').querySelector('span').textContent = screen ? 'Stop share' : 'Share';
    const height = people > 5 ? 360 : 720;
    if (call.maxHeight !== height && call.state === 'joined')
        call.constrain(height);
}

async function toggle(kind) {
    const track = kind === 'audio' ? call?.local('audio') : call?.local('video', 'camera');
    if (!track)
        return;
    try {
        await call.setMuted(track, !track.isMuted());
    } catch (e) {
        banner(`${kind === 'audio' ? 'The microphone' : 'The camera'} could not be switched: ${e.message ?? e}`);
    }
}

async function toggleScreen() {
    const sharing = call?.local('video', 'desktop');
    try {
        if (sharing)
            return await call.removeLocal(sharing);
        const captured = await lib.createLocalTracks({ devices: ['desktop'] });
        const track = captured.find(t => t.getType() === 'video');
        // The screen's own sound would take the microphone's place.
        captured.filter(t => t !== track).forEach(t => t.dispose());
        track.on(lib.events.track.LOCAL_TRACK_STOPPED, () => call?.localTracks.includes(track) && call.removeLocal(track));
        await call.addLocal(track);
    } catch (e) {
        if (!/cancel|denied|NotAllowed/i.test(`${e.name} ${e.message}`))
            banner(`Your screen could not be shared: ${e.message ?? e}`);
    }
}

function rate(now, s, role) {
    const key = `${role}:${s.ssrc}`;
    const last = rates.get(key);
    const bps = last && now > last.at ? Math.max(0, s.bytes - last.bytes) * 8000 / (now - last.at) : 0;
    rates.set(key, { bytes: s.bytes, at: now, bps });
    return bps;
}

const bits = bps => bps >= 1e6 ? `${(bps / 1e6).toFixed(1)} Mbit/s` : `${Math.round(bps / 1e3)} kbit/s`;

// The numbers on the tiles, once a second.
async function refreshNumbers() {
    if (!call || call.state !== 'joined')
        return;
    const now = performance.now();
    const peers = await readPeers(pc => call ? call.roleOf(pc) : 'other');
    if (!call)
        return;
    const active = peers.filter(p => p.role === (call.p2p ? 'p2p' : 'bridge'));
    const byTrack = new Map();
    let sent = 0, height = 0, fps = 0;
    for (const peer of peers) {
        for (const s of peer.inbound)
            byTrack.set(s.trackIdentifier, { ...s, bps: rate(now, s, peer.role) });
        for (const s of peer.outbound) {
            const bps = rate(now, s, peer.role);
            if (!active.includes(peer))
                continue;
            sent += bps;
            if (s.kind === 'video' && (s.frameHeight ?? 0) >= height && bps > 0) {
                height = s.frameHeight ?? 0;
                fps = s.framesPerSecond ?? 0;
            }
        }
    }
    for (const view of views()) {
        if (view.self) {
            stage.setNumbers(view.key, view.screen ? '' : sent ? `${height ? `${height}p ${Math.round(fps)} fps · ` : ''}${bits(sent)} sent` : '');
            continue;
        }
        const s = byTrack.get(view.track?.getTrack?.()?.id);
        stage.setNumbers(view.key, s?.frameWidth && !view.videoOff
            ? `${s.frameWidth}×${s.frameHeight} · ${Math.round(s.framesPerSecond ?? 0)} fps · ${bits(s.bps)}` : '');
    }
}

// For tests and the curious: what this participation knows, and its statistics.
window.plenum = {
    call: null,
    get conference() {
        return this.call?.conference ?? null;
    },
    get history() {
        return this.call?.history ?? [];
    },
    status() {
        const c = this.call;
        return {
            screen: document.body.dataset.screen, state: c?.state ?? 'none', id: c?.conference?.myUserId?.() ?? null,
            p2p: Boolean(c?.p2p), bridgeChannel: Boolean(c?.bridgeUp), dominant: c?.dominant ?? null,
            participants: [...c?.participants.values() ?? []].map(p => ({
                id: p.id, name: p.name, tracks: c.tracksOf(p.id).map(t => ({
                    kind: t.getType(), videoType: t.getVideoType?.(), muted: t.isMuted(), trackId: t.getTrack?.()?.id, p2p: Boolean(t.isP2P),
                })),
            })),
            banners: [...$('banners').querySelectorAll('p')].map(p => p.textContent),
        };
    },
    async stats() {
        return { at: performance.timeOrigin + performance.now(), ...this.status(), peers: await readPeers(pc => this.call ? this.call.roleOf(pc) : 'other') };
    },
    join, leave, toggle, toggleScreen,
};

function wire() {
    stage = new Stage($('stage'), (key, track) => {
        if (track.isLocal())
            return;
        call?.note('first-frame', { id: track.getParticipantId(), p2p: Boolean(track.isP2P), screen: key.endsWith(':screen') });
    });
    $('join-form').addEventListener('submit', e => {
        e.preventDefault();
        localStorage.setItem('plenum.name', $('name').value);
        join($('room').value.trim().toLowerCase(), $('name').value.trim() || 'Guest');
    });
    wireOptions($('join-form'), options);
    $('lobby-mic').addEventListener('click', () => {
        wantAudio = !wantAudio;
        showPreview();
    });
    $('lobby-camera').addEventListener('click', () => {
        wantVideo = !wantVideo;
        showPreview();
    });
    $('mic').addEventListener('click', () => toggle('audio'));
    $('camera').addEventListener('click', () => toggle('video'));
    $('screen').addEventListener('click', toggleScreen);
    $('leave').addEventListener('click', leave);
    $('details').addEventListener('click', () => {
        const on = document.body.classList.toggle('show-numbers');
        $('details').setAttribute('aria-pressed', String(on));
    });
    const copyLink = async () => {
        const url = new URL(location.origin);
        url.searchParams.set('room', $('room').value.trim().toLowerCase());
        try {
            await navigator.clipboard.writeText(url.href);
            notice('Link copied');
        } catch {
            banner(`Copy this link: ${url.href}`);
        }
    };
    for (const id of ['copy', 'invite'])
        $(id).addEventListener('click', copyLink);
    document.addEventListener('keydown', e => {
        if (document.body.dataset.screen !== 'call' || e.ctrlKey || e.altKey || e.metaKey || e.target.matches('input, textarea'))
            return;
        ({ m: () => toggle('audio'), v: () => toggle('video'), s: toggleScreen })[e.key.toLowerCase()]?.();
    });
    window.addEventListener('pagehide', e => call?.goAway(e));
    setInterval(() => refreshNumbers().catch(() => {}), 1000);
}

async function main() {
    wire();
    try {
        config = await (await fetch('config.json')).json();
        lib = await loadLibrary();
        lib.setLogLevel?.(lib.logLevels.WARN);
        lib.init({
            disableAudioLevels: false, disableThirdPartyRequests: true,
            // COMPAT: releases of 2022 take flags here, current ones with the connection.
            flags: { sourceNameSignaling: options.names, ...options.flags },
        });
    } catch (e) {
        $('preview-text').textContent = '';
        return banner(`The page could not start: ${e.message ?? e}`);
    }
    $('name').value = options.name ?? localStorage.getItem('plenum.name') ?? '';
    $('room').value = options.room ?? `room-${Math.random().toString(36).slice(2, 7)}`;
    tracks = await openDevices();
    await showPreview();
    window.plenum.ready = true;
    if (options.room && options.name)
        await join(options.room.toLowerCase(), options.name);
    else
        (options.room ? $('name') : $('room')).focus();
}

main();
