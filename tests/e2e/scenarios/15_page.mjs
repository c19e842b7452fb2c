// SPDX-License-Identifier: Apache-2.0
// The page as someone without mouse or screen uses it: keys, names of controls, what is announced.
import assert from 'node:assert/strict';
import { Participant, mediaBothWays, sleep, until } from '../lib/browser.mjs';

const focused = page => page.evaluate(() => document.activeElement.id);

// Presses Tab until the element has the focus; the order is the page's.
async function tabTo(page, id, most = 12) {
    for (let i = 0; i < most; i++) {
        if (await focused(page) === id)
            return;
        await page.keyboard.press('Tab');
    }
    assert.fail(`${most} times Tab do not reach #${id}`);
}

// Buttons and fields that a screen reader would announce without a name.
const nameless = page => page.evaluate(() => [...document.querySelectorAll('button, input')].filter(e => e.checkVisibility() &&
    !(e.getAttribute('aria-label') ?? e.labels?.[0]?.textContent ?? '').trim() && !e.innerText.trim()).map(e => e.outerHTML));

export const scenarios = [
    {
        name: 'the page by keyboard alone: join, mute, camera, leave; everything has a name',
        async run(t) {
            const bob = await t.join('Bob', { p2p: 0 });
            const context = await t.browser.newContext({ permissions: ['camera', 'microphone'], viewport: { width: 390, height: 780 } });
            const page = await context.newPage();
            const ada = new Participant(page, 'Ada');
            t.finally(() => context.close());
            await page.goto(`${t.servers.pageUrl}?room=${t.room}&p2p=0&height=360`);
            await page.waitForFunction(() => window.plenum?.ready);
            assert.equal(await focused(page), 'name', 'someone with a link only has to type a name');
            assert.deepEqual(await nameless(page), []);
            await page.keyboard.type('Ada');
            await page.keyboard.press('Enter');
            await until('Ada is in the call', async () => (await ada.status()).screen === 'call', { timeoutMs: 15000 });
            assert.equal(await focused(page), 'mic', 'the focus is on the first control');
            assert.deepEqual(await nameless(page), []);

            const button = name => page.getByRole('toolbar').getByRole('button', { name, exact: true });
            const tile = name => page.getByRole('figure', { name });
            await until('a tile says who it is and how it is connected', () => tile(/^Bob.*connected by Bridge/).count());
            const seenByBob = kind => until(`Bob sees Ada's ${kind}`, async () =>
                (await bob.status()).participants[0]?.tracks.some(x => x.kind === kind && x.muted));
            await page.keyboard.press('Enter');
            await until('the button offers the way back', () => button('Unmute').count());
            await seenByBob('audio');
            await page.keyboard.press('m');
            await until('M unmutes', () => button('Mute').count());
            await tabTo(page, 'camera');
            await page.keyboard.press('Space');
            await until('the camera is off', () => button('Start video').count());
            await seenByBob('video');
            await until('Ada\'s own tile says so', () => tile(/^Ada \(you\).*camera off/).count());
            await page.keyboard.press('v');
            await until('V starts it', () => button('Stop video').count());
            await until('Bob sees it on', async () => (await bob.status()).participants[0]?.tracks.some(x => x.kind === 'video' && !x.muted));
            await page.keyboard.press('v');
            await until('V stops it', () => button('Start video').count());
            await seenByBob('video');
            await tabTo(page, 'leave');
            await page.keyboard.press('Enter');
            await until('Ada is in the lobby again', async () => (await ada.status()).screen === 'lobby');
            await until('Bob is alone', async () => (await bob.status()).participants.length === 0, { timeoutMs: 8000 });
        },
    },
    {
        name: 'connection options of the lobby go into the address and into the call; alone, one is offered the link',
        async run(t) {
            const context = await t.browser.newContext({ permissions: ['camera', 'microphone'], viewport: { width: 1280, height: 720 } });
            const page = await context.newPage();
            const ada = new Participant(page, 'Ada');
            t.finally(() => context.close());
            await page.goto(`${t.servers.pageUrl}?room=${t.room}&height=360&config.testing.probe=1&flag.someFlag=true`);
            const ready = () => page.waitForFunction(() => window.plenum?.ready);
            await ready();
            await page.getByLabel('Your name').fill('Ada');
            await page.getByText('Connection options').click();
            assert.deepEqual(await nameless(page), []);
            await page.getByLabel('Two people talk directly').uncheck();
            await page.getByLabel('Video codec').selectOption('VP8');
            assert.match(page.url(), /[?&]p2p=0.*&codec=VP8/);
            await page.getByLabel('rewrites SSRCs').check();
            assert.match(page.url(), /p2p=0.*codec=VP8.*rewriting=1/);
            await page.reload();
            await ready();
            await page.getByLabel('Your name').fill('Ada');
            assert.equal(await page.getByLabel('Two people talk directly').isChecked(), false, 'the address says it');
            await page.getByRole('button', { name: 'Join' }).click();
            await until('Ada is in the call', async () => (await ada.status()).screen === 'call', { timeoutMs: 15000 });
            const invite = page.getByRole('button', { name: /copy the link/ });
            assert.equal(await invite.isVisible(), true);
            assert.deepEqual(await page.evaluate(() => {
                const { call } = window.plenum, { testing, videoQuality } = call.conferenceOptions();
                return [testing, videoQuality.codecPreferenceOrder, call.connectionOptions().flags];
            }), [{ probe: 1 }, ['VP8'], { ssrcRewritingEnabled: true, rtpMidDemuxEnabled: true, someFlag: true }]);
            const bob = await t.join('Bob');
            t.measured.media_ms = await mediaBothWays([ada, bob], { timeoutMs: 5000 });
            assert.equal(await invite.isVisible(), false);
            assert.equal((await ada.stats()).p2p, false);
        },
    },
    {
        name: 'the page joins again by itself, but not after its user left',
        async run(t) {
            const ada = await t.join('Ada', { p2p: 0 }), bob = await t.join('Bob', { p2p: 0 });
            const screen = async () => (await bob.status()).screen;
            const seen = async () => (await ada.status()).participants.length;
            const again = bob.page.getByText(/Joining again in 2 s/);
            const kick = async () => {
                await until('Ada sees Bob', async () => await seen() === 1, { timeoutMs: 8000 });
                await ada.page.evaluate(id => window.plenum.call.conference.kickParticipant(id, 'test'), await bob.id());
                await again.waitFor();
            };
            await until('Ada may kick', () => ada.page.evaluate(() => window.plenum.call.conference.isModerator()));
            await kick();
            await until('Ada sees nobody', async () => await seen() === 0, { timeoutMs: 8000 });
            await kick(); // once he is back
            await bob.page.getByRole('button', { name: 'Leave' }).click();
            await until('Bob is in the lobby', async () => await screen() === 'lobby');
            await sleep(3500);
            assert.equal(await screen(), 'lobby');
            assert.equal(await seen(), 0);
            assert.equal(await again.count(), 0);
        },
    },
];
