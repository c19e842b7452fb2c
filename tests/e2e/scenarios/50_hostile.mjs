// SPDX-License-Identifier: Apache-2.0
// Strangers send nonsense and lies while two people talk: nobody else may notice.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import dgram from 'node:dgram';
import http from 'node:http';
import { mediaBothWays, received, sleep, until } from '../lib/browser.mjs';
import { busyMark, inTime } from '../lib/patience.mjs';
import { RawClient, attribute } from '../lib/xmpp.mjs';

const NO_P2P = { p2p: 0 };
const JINGLE = 'urn:xmpp:jingle:1';

// A websocket upgrade request; resolves to the HTTP status.
function upgrade(url) {
    return new Promise((resolve, reject) => {
        const request = http.get(url, {
            headers: {
                Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13',
                'Sec-WebSocket-Key': crypto.randomBytes(16).toString('base64'),
            },
        });
        request.on('response', r => {
            r.resume();
            resolve(r.statusCode);
        });
        request.on('upgrade', (r, socket) => {
            socket.destroy();
            resolve(r.statusCode);
        });
        request.on('error', reject);
    });
}

function stunBinding(username) {
    const name = Buffer.from(username);
    const padded = Buffer.concat([name, Buffer.alloc((4 - name.length % 4) % 4)]);
    const attribute = Buffer.alloc(4);
    attribute.writeUInt16BE(0x0006, 0);
    attribute.writeUInt16BE(name.length, 2);
    const head = Buffer.alloc(20);
    head.writeUInt16BE(0x0001, 0);
    head.writeUInt16BE(4 + padded.length, 2);
    head.writeUInt32BE(0x2112A442, 4);
    crypto.randomFillSync(head, 8);
    return Buffer.concat([head, attribute, padded]);
}

const JINGLE_ACTIONS = ['session-accept', 'source-add', 'source-remove', 'transport-info', 'session-info', 'session-terminate', 'transport-accept', ''];

// Joins as this occupant, after leaving where it was in the room; resolves to the focus's offer.
async function join(raw, occupant, { again = false } = {}) {
    if (again) {
        raw.send(`<presence xmlns="jabber:client" to="${occupant}" type="unavailable"/>`);
        await raw.seen(/<presence[^>]*type=['"]unavailable/);
    }
    raw.stanzas.length = 0;
    raw.send(`<presence xmlns="jabber:client" to="${occupant}"><x xmlns="http://jabber.org/protocol/muc"/></presence>`);
    return raw.seen(/session-initiate/);
}

// While action runs, Ada and Bob keep seeing each other.
async function undisturbed(t, action) {
    const people = [await t.join('Ada', NO_P2P), await t.join('Bob', NO_P2P)];
    await mediaBothWays(people, { timeoutMs: 5000 });
    await sleep(500);
    const pids = ['focus', 'bridge'].map(n => t.stack.children[n].pid);
    const before = await Promise.all(people.map(p => p.stats()));
    await action(people);
    await sleep(500);
    const after = await Promise.all(people.map(p => p.stats()));
    for (const i of [0, 1]) {
        const seconds = (after[i].at - before[i].at) / 1000;
        const got = Object.values(received(before[i], after[i]))[0];
        t.measured[people[i].name] = { fps: Math.round(got.frames / seconds * 10) / 10, seconds: Math.round(seconds * 10) / 10 };
        assert.ok(got.frames / seconds > 4 && got.energy > 0, `${people[i].name} is disturbed: ${JSON.stringify(got)} in ${seconds} s`);
        assert.equal(after[i].participants.length, 1);
        assert.deepEqual(after[i].banners, []);
    }
    await mediaBothWays(people, { timeoutMs: 3000 });
    assert.deepEqual(['focus', 'bridge'].map(n => t.stack.children[n].pid), pids);
    for (const name of ['focus', 'bridge'])
        assert.ok(await t.stack.healthy(name), `${name} is healthy`);
}

export const scenarios = [
    {
        name: 'strange stanzas from a stranger disturb nobody',
        run: t => undisturbed(t, async people => {
            const { muc, focusDomain, focusJid, domain, brewery, serviceUrl } = t.stack;
            const raw = await new RawClient(serviceUrl, domain).connect();
            t.finally(() => raw.close());
            const room = `${t.room}@${muc}`, focus = `${room}/focus`;
            const victim = `${room}/${await people[0].id()}`;
            const conference = attributes => `<conference xmlns="http://jitsi.org/protocol/focus" ${attributes}/>`;
            const jingle = (action, body = '', sid = 'nosuchsid') =>
                `<jingle xmlns="${JINGLE}" action="${action}" sid="${sid}" initiator="${focus}">${body}</jingle>`;
            // Each must be answered in some way: a lost request hangs a client for ever.
            for (const attributes of ['', 'room=""', 'room="no at sign"', `room="x@elsewhere.example"`, `room="${brewery}"`,
                `room="${'r'.repeat(1100)}@${muc}"`, `room="${t.room}@${muc}/resource"`, `room="&lt;b&gt;@${muc}"`]) {
                const answer = await raw.iq('set', focusDomain, conference(attributes));
                assert.doesNotMatch(answer, /ready=['"]true/, `a conference for ${attributes}`);
            }
            assert.match(await raw.refused('get', focusDomain, '<unknown xmlns="urn:example:none"/>'), /^service-unavailable/);
            assert.match(await raw.refused('set', focusJid, jingle('session-accept')), /^bad-request/);
            // As many siblings, attributes and levels as the server lets through.
            for (const body of ['<f/>'.repeat(15000), `<g ${Array.from({ length: 3000 }, (_, i) => `a${i}="${i}"`).join(' ')}/>`,
                `${'<h>'.repeat(2000)}${'</h>'.repeat(2000)}`]) {
                const since = Date.now(), mark = busyMark();
                await raw.iq('get', focusDomain, `<q xmlns="urn:example:none">${body}</q>`);
                assert.ok(inTime('an answer', Date.now() - since, 2000, mark), `an answer after ${Date.now() - since} ms`);
            }
            // An outsider writing to people and focus in a room it has not joined.
            const sids = () => Promise.all(people.map(p => p.page.evaluate(() => window.plenum.conference.jvbJingleSession.sid)));
            const sidsBefore = await sids(), [hers] = sidsBefore;
            for (const to of [focus, victim]) {
                for (const action of ['session-accept', 'session-terminate', 'source-add', 'transport-info', 'x'.repeat(300)])
                    assert.match(await raw.refused('set', to, jingle(action, '', hers)), /^not-acceptable/, `${action} from outside`);
            }
            // A member with somebody else's session, and with one that nobody knows.
            await join(raw, `${room}/deadbeef`);
            const ssrcs = (await people[0].stats()).peers.flatMap(p => p.outbound.map(o => o.ssrc));
            const source = `<content name="video" creator="initiator"><description xmlns="urn:xmpp:jingle:apps:rtp:1" media="video">${
                ssrcs.map(s => `<source xmlns="urn:xmpp:jingle:apps:rtp:ssma:0" ssrc="${s}" name="${ssrcs[0]}-v0"><parameter name="msid" value="a b"/></source>`).join('')
            }<ssrc-group xmlns="urn:xmpp:jingle:apps:rtp:ssma:0" semantics="FID"><source ssrc="1"/></ssrc-group></description></content>`;
            for (const body of ['', source, '<content/>', '<content name="audio"><transport xmlns="urn:xmpp:jingle:transports:ice-udp:1" ufrag="x"/></content>',
                '<content name="audio"><description xmlns="urn:xmpp:jingle:apps:rtp:1" media="audio"><source xmlns="urn:xmpp:jingle:apps:rtp:ssma:0" ssrc="99999999999"/></description></content>',
                `${'<content>'.repeat(60)}${'</content>'.repeat(60)}`, source.repeat(8)]) {
                for (const sid of [hers, 'nosuchsid']) {
                    const refusals = await Promise.all(JINGLE_ACTIONS.map(action => raw.refused('set', focus, jingle(action, body, sid))));
                    for (const [i, why] of refusals.entries()) {
                        const wanted = body.startsWith('<content><content>') ? /^policy-violation / : JINGLE_ACTIONS[i] === '' ? /^(bad-request|feature-not-implemented) / : /^bad-request /;
                        assert.ok(wanted.test(why), `'${JINGLE_ACTIONS[i]}' in ${sid}: ${why} for ${body.slice(0, 200)}`);
                    }
                }
            }
            assert.match(await raw.refused('set', focus, `<mute xmlns="http://jitsi.org/jitmeet/audio" jid="${victim}">true</mute>`), /^not-allowed \(moderators only\)/);
            raw.send(`<presence xmlns="jabber:client" to="${room}/deadbeef"><SourceInfo xmlns="jabber:client">{"${'['.repeat(500)}</SourceInfo><stats-id>${'s'.repeat(5000)}</stats-id></presence>`);
            // The brewery is closed to strangers.
            raw.stanzas.length = 0;
            raw.send(`<presence xmlns="jabber:client" to="${brewery}/bridge9"><x xmlns="http://jabber.org/protocol/muc"/></presence>`);
            assert.match(await raw.seen(/<presence[^>]*type=['"]error['"]/), /registration-required|not-allowed|forbidden/);
            // From addresses that are not its own: Prosody puts in the true one, and neither Ada nor the focus obeys that.
            for (const [from, to] of [[focusJid, victim], [focus, victim], [victim, focus], [victim, focusJid]])
                await raw.refused('set', to, jingle('session-terminate', '', hers), { from });
            raw.close();
            await until('the stranger is gone', async () => (await Promise.all(people.map(p => p.status()))).every(s => s.participants.length === 1));
            assert.deepEqual(await sids(), sidsBefore, 'their sessions are the same');
        }),
    },
    {
        name: 'a member with a session of its own gets nothing of others by their ids, sources and names',
        run: t => undisturbed(t, async people => {
            const { muc, domain, serviceUrl } = t.stack, room = `${t.room}@${muc}`, focus = `${room}/focus`;
            const raw = await new RawClient(serviceUrl, domain).connect();
            t.finally(() => raw.close());
            const ada = await people[0].id(), offer = await join(raw, `${room}/deadbeef`);
            const sid = attribute(/<jingle[^>]*>/.exec(offer)[0], 'sid');
            const sidsBefore = await Promise.all(people.map(p => p.page.evaluate(() => window.plenum.conference.jvbJingleSession.sid)));
            assert.ok(!sidsBefore.includes(sid));
            // Ada's camera, as the focus has told of it.
            const hers = [...offer.matchAll(/<source\s[^>]*>.*?<\/source>/gs)].map(m => m[0]).find(s => attribute(s, 'name') === `${ada}-v0`);
            const ssrc = attribute(hers, 'ssrc'), msid = /name=['"]msid['"] value=['"]([^'"]*)|value=['"]([^'"]*)['"] name=['"]msid/.exec(hers).slice(1).find(Boolean);
            const source = (id, itsMsid, name) => `<content name="video" creator="responder"><description xmlns="urn:xmpp:jingle:apps:rtp:1" media="video">` +
                `<source xmlns="urn:xmpp:jingle:apps:rtp:ssma:0" ssrc="${id}" name="${name}"><parameter name="msid" value="${itsMsid}"/></source></description></content>`;
            const ask = (action, body) => `<jingle xmlns="${JINGLE}" action="${action}" sid="${sid}">${body}</jingle>`;
            assert.match(await raw.iq('set', focus, ask('session-accept', source(4242, 'my own', 'deadbeef-v0'))), /type=['"]result/);
            const session = /<bridge-session[^>]*>/.exec(offer)[0].replace(/id=(['"])[^'"]*/, 'id=$1stolen');
            for (const [action, body, why] of [
                ['source-add', source(ssrc, 'another one', 'deadbeef-v1'), `bad-request (SSRC is already used: ${ssrc}.)`],
                ['source-add', source(4343, msid, 'deadbeef-v1'), `bad-request (MSID is already used: ${msid}.)`],
                ['source-add', source(4343, 'another one', `${ada}-v0`), `bad-request (Invalid source name: ${ada}-v0.)`],
                ['source-add', source('99999999999', 'another one', 'deadbeef-v1'), null],
                ['source-remove', source(ssrc, msid, `${ada}-v0`), `bad-request (Source does not exist or is not owned by endpoint (ssrc=${ssrc}).)`],
                ['session-accept', source(ssrc, msid, `${ada}-v0`), 'bad-request (session already accepted)'],
                ['session-terminate', session, 'item-not-found (not the present bridge session)'],
            ]) {
                const refusal = await raw.refused('set', focus, ask(action, body));
                assert.equal(why === null ? refusal.split(' ')[0] : refusal, why ?? 'bad-request', action);
            }
            // An acceptance with a stolen source ends the thief's session, and nobody else's.
            const again = attribute(/<jingle[^>]*>/.exec(await join(raw, `${room}/deadbeef`, { again: true }))[0], 'sid');
            assert.notEqual(again, sid);
            assert.equal(await raw.refused('set', focus, ask('session-accept', source(ssrc, 'x y', 'deadbeef-v0')).replace(sid, again)), `bad-request (SSRC is already used: ${ssrc}.)`);
            assert.match(await raw.refused('set', focus, ask('source-add', source(4343, 'x y', 'deadbeef-v0')).replace(sid, again)), /^item-not-found|^gone/);
            raw.close();
            await until('the thief is gone', async () => (await Promise.all(people.map(p => p.status()))).every(s => s.participants.length === 1));
            assert.deepEqual(await Promise.all(people.map(p => p.page.evaluate(() => window.plenum.conference.jvbJingleSession.sid))), sidsBefore);
        }),
    },
    {
        name: 'a wrong websocket password gets 403, wrong paths 404, and nobody notices',
        run: t => undisturbed(t, async people => {
            const base = `http://127.0.0.1:${t.stack.ports.bridgeWs}`;
            const url = new URL((await people[0].page.evaluate(() =>
                window.plenum.conference.jvbJingleSession.peerconnection.remoteDescription?.sdp ?? '', null)) ? base : base);
            const list = JSON.stringify(await t.servers.bridgeConferences());
            const conference = /"id":\s*"([0-9a-f]+)"/.exec(list)?.[1] ?? 'feedc0de';
            const id = await people[0].id();
            assert.equal(await upgrade(`${url.origin}/colibri-ws/default-id/${conference}/${id}?pwd=wrongwrongwrongwrong`), 403);
            assert.equal(await upgrade(`${url.origin}/colibri-ws/default-id/${conference}/${id}`), 403);
            assert.equal(await upgrade(`${url.origin}/colibri-ws/default-id/0123456789abcdef/${id}?pwd=x`), 403);
            assert.equal(await upgrade(`${url.origin}/colibri-ws/other-id/${conference}/${id}?pwd=x`), 404);
            assert.equal(await upgrade(`${url.origin}/${'a/'.repeat(200)}?pwd=${'p'.repeat(4000)}`), 404);
        }),
    },
    {
        name: 'garbage on the media port and in COLIBRI2 requests disturbs nobody',
        run: t => undisturbed(t, async people => {
            const socket = dgram.createSocket('udp4');
            t.finally(() => socket.close());
            const send = data => new Promise(resolve => socket.send(data, t.stack.ports.bridgeUdp, '127.0.0.1', resolve));
            const { pair } = (await people[0].stats()).peers.find(p => p.role === 'bridge');
            let answers = 0;
            socket.on('message', () => answers++);
            for (let i = 0; i < 300; i++) {
                await send(stunBinding(`nosuch${i}:stranger`));
                await send(crypto.randomBytes(1 + i * 4));
                // RTP, RTCP and DTLS by their first byte.
                for (const first of [0x80, 0x81, 0x16, 0x14, 0x17, 0x40, 0x00])
                    await send(Buffer.concat([Buffer.from([first, i % 2 ? 200 : 96]), crypto.randomBytes(i % 1400)]));
                if (i % 30 === 0)
                    await sleep(5);
            }
            t.measured.answers_to_strangers = answers;
            t.measured.pair = `${pair.local.address}:${pair.local.port}`;
            for (const body of ['', '<', '<a/>', '<conference-modify xmlns="jitsi:colibri2"/>', '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
                '<conference-modify xmlns="jitsi:colibri2" meeting-id="x" create="true"><endpoint id="a/b" create="true"/></conference-modify>',
                `<conference-modify xmlns="jitsi:colibri2" meeting-id="${'m'.repeat(5000)}"/>`, `${'<a>'.repeat(5000)}`]) {
                const answer = await fetch(`${t.stack.bridgeHttp}/colibri2`, { method: 'POST', body, headers: { 'Content-Type': 'application/xml' } });
                assert.ok(answer.status >= 400 && answer.status < 500 || /<error/.test(await answer.text()), `${answer.status} for ${body.slice(0, 40)}`);
            }
        }),
    },
];
