// SPDX-License-Identifier: Apache-2.0
// Time limits, and what a busy machine adds to them. The kernel counts how long something that could have run waited
// for a processor (PSI); what a test waited while the machine made everybody wait is not held against the daemons,
// unless it was they who kept it busy. Limits are for an otherwise idle machine of two cores; all of them are multiplied
// by PLENUM_E2E_PATIENCE. doc/testing.md tells the rules.
import fs from 'node:fs';

export const PATIENCE = Number(process.env.PLENUM_E2E_PATIENCE ?? 1);
const STRETCH_MAX = 8; // however busy the machine: what never comes is told as such
const SAMPLE_MS = 100, SAMPLES_MAX = 3000;
// What the daemons of a scenario may use of one core, and a join's DTLS at once, before the machine is busy because of them.
const DAEMONS_SHARE = 0.3, DAEMONS_BURST_MS = 300, INSTRUMENTED = 4;

const watched = { strict: false, factor: 1, pids: () => [] };
const cpu = new Map(); // pid -> ms; those that have ended stay counted
const samples = []; // { at, waited, daemons }, oldest first
const stretched = [];

// strict: no limit is stretched. sanitized: the daemons are instrumented, which costs that much more.
export function setPatience({ strict, sanitized }) {
    Object.assign(watched, { strict, factor: sanitized ? INSTRUMENTED : 1 });
}

// pids(): of the daemons under test.
export function watchDaemons(pids) {
    watched.pids = pids;
}

// ms since boot that somebody waited for a processor; 0 where the kernel does not count it.
function waitedMs() {
    try {
        return Number(/^some .*total=(\d+)/.exec(fs.readFileSync('/proc/pressure/cpu', 'utf8'))[1]) / 1000;
    } catch {
        return 0;
    }
}

// ms of CPU time of a process with all its threads.
export function cpuMsOf(pid) {
    const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
}

function daemonsMs() {
    for (const pid of watched.pids()) {
        try {
            cpu.set(pid, cpuMsOf(pid));
        } catch { /* it has ended */ }
    }
    return [...cpu.values()].reduce((sum, ms) => sum + ms, 0);
}

const look = (at = Date.now()) => ({ at, waited: waitedMs(), daemons: daemonsMs() });

setInterval(() => {
    samples.push(look());
    if (samples.length > SAMPLES_MAX)
        samples.shift();
}, SAMPLE_MS).unref();

// For allowed(): now, or the moment `at` that is past (Date.now() base).
export function busyMark(at = Date.now()) {
    return samples.find(s => s.at >= at) ?? look(at);
}

// What limitMs is worth, for something that goes on since the mark.
export function allowed(limitMs, mark) {
    const limit = limitMs * PATIENCE, now = look();
    const theirs = watched.factor * (DAEMONS_BURST_MS + DAEMONS_SHARE * (now.at - mark.at));
    if (watched.strict || now.daemons - mark.daemons > theirs)
        return Math.round(limit);
    return Math.round(Math.min(STRETCH_MAX * limit, limit + now.waited - mark.waited));
}

// Waits that ended well, but after their limit for an idle machine: each is told with its scenario.
export function noteStretched(what, ms, limitMs, mark) {
    const now = look();
    stretched.push(`${what}: ${Math.round(ms)} ms of ${limitMs} (${Math.round(now.waited - mark.waited)} ms of waiting for a processor; the daemons used ${Math.round(now.daemons - mark.daemons)} ms)`);
}

// Whether something that goes on since the mark and took ms is within its limit; told when it needed more than that.
export function inTime(what, ms, limitMs, mark) {
    if (ms > allowed(limitMs, mark))
        return false;
    if (ms > limitMs * PATIENCE)
        noteStretched(what, ms, limitMs * PATIENCE, mark);
    return true;
}

export const takeStretched = () => stretched.splice(0);
