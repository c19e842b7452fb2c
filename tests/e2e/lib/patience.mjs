// SPDX-License-Identifier: Apache-2.0
// Time limits, and what a busy machine adds to them. The kernel counts how long something that could have run waited
// for a processor (PSI); what a test waited while the machine made everybody wait is not held against the daemons.
// Limits are for an otherwise idle machine of two cores; all of them are multiplied by PLENUM_E2E_PATIENCE.
import fs from 'node:fs';

export const PATIENCE = Number(process.env.PLENUM_E2E_PATIENCE ?? 1);
const STRETCH_MAX = 8; // however busy the machine: what never comes is told as such
const SAMPLE_MS = 100, SAMPLES_MAX = 3000;

// ms since boot that somebody waited for a processor; 0 where the kernel does not count it.
function waitedMs() {
    try {
        return Number(/^some .*total=(\d+)/.exec(fs.readFileSync('/proc/pressure/cpu', 'utf8'))[1]) / 1000;
    } catch {
        return 0;
    }
}

const samples = []; // { at, waited }, oldest first
setInterval(() => {
    samples.push({ at: Date.now(), waited: waitedMs() });
    if (samples.length > SAMPLES_MAX)
        samples.shift();
}, SAMPLE_MS).unref();

// For allowed(): now, or the moment `at` that is past (Date.now() base).
export function busyMark(at = Date.now()) {
    return samples.find(s => s.at >= at) ?? { at, waited: waitedMs() };
}

// What limitMs is worth, for something that goes on since the mark.
export function allowed(limitMs, mark) {
    const limit = limitMs * PATIENCE;
    return Math.round(Math.min(STRETCH_MAX * limit, limit + waitedMs() - mark.waited));
}

const stretched = [];

// Waits that ended well, but after their limit for an idle machine: each is told with its scenario.
export const noteStretched = (what, ms, limitMs) => stretched.push(`${what}: ${Math.round(ms)} ms of ${limitMs}`);
export const takeStretched = () => stretched.splice(0);
