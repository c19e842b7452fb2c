// SPDX-License-Identifier: Apache-2.0
// The page as someone without mouse or screen uses it: keys, names of controls, what is announced.
import assert from 'node:assert/strict';
import { Participant, until } from '../lib/browser.mjs';

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
            await tabTo(page, 'leave');
            await page.keyboard.press('Enter');
            await until('Ada is in the lobby again', async () => (await ada.status()).screen === 'lobby');
            await until('Bob is alone', async () => (await bob.status()).participants.length === 0, { timeoutMs: 8000 });
        },
    },
];
