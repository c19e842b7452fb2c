// SPDX-License-Identifier: Apache-2.0
// One server process: started in its own session, its output in a log file, stopped for certain.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';

const PATH = `${process.env.PATH ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`;

// With setpriv the kernel ends the child when this process dies, even by SIGKILL. It execs, so
// the pid is the server's own.
const GUARD = spawnSync('setpriv', ['--pdeathsig', 'KILL', 'true'], { env: { ...process.env, PATH } })
    .status === 0 ? ['setpriv', '--pdeathsig', 'KILL', '--'] : [];

export const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));

export class Child {
    // argv: the server's command; log: file that gets stdout and stderr; onDeath(child): called when it ends unasked.
    constructor(name, argv, { log, cwd, env = {}, onDeath = () => {} }) {
        Object.assign(this, { name, argv, log, cwd, env, onDeath });
        this.process = null;
        this.stopping = false;
    }

    get pid() {
        return this.process?.pid ?? null;
    }

    get running() {
        return this.process !== null && this.process.exitCode === null && this.process.signalCode === null;
    }

    start() {
        const fd = fs.openSync(this.log, 'a');
        const [command, ...args] = [...GUARD, ...this.argv];
        this.stopping = false;
        this.process = spawn(command, args, {
            cwd: this.cwd, detached: true, stdio: ['ignore', fd, fd],
            env: { ...process.env, PATH, ...this.env },
        });
        fs.closeSync(fd);
        const started = this.process;
        this.exited = new Promise(resolve => {
            const end = why => {
                resolve(why);
                if (!this.stopping && started === this.process)
                    this.onDeath(this, why);
            };
            started.once('error', e => end(e.message));
            started.once('exit', (code, signal) => end(signal ? `killed by ${signal}` : `exit code ${code}`));
        });
        return this;
    }

    // Polite first, then the same again (a daemon that drains ends at the second SIGTERM), then SIGKILL.
    // Resolves to null, or to how it ended where that was not exit code 0 (or SIGKILL where that was asked for).
    async stop({ signal = 'SIGTERM', graceMs = 4000 } = {}) {
        if (!this.running)
            return null; // it was never started, or onDeath has told how it ended
        this.stopping = true;
        for (const [how, waitMs] of [[signal, 800], [signal, graceMs], ['SIGKILL', 10000]]) {
            if (!this.running)
                break;
            this.process.kill(how);
            await Promise.race([this.exited, sleep(waitMs)]);
        }
        const why = this.running ? 'still running after SIGKILL' : await this.exited;
        return why === (signal === 'SIGKILL' ? 'killed by SIGKILL' : 'exit code 0') ? null : why;
    }

    // The last lines of its log, for a person who asks why it died.
    tail(lines = 15) {
        try {
            return fs.readFileSync(this.log, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
        } catch {
            return '(no log)';
        }
    }

    // Waits until probe() is true; fails early when the process ends.
    async ready(probe, { timeoutMs = 20000, what = 'be ready' } = {}) {
        const end = Date.now() + timeoutMs;
        while (Date.now() < end) {
            if (!this.running)
                throw new Error(`${this.name} ended (${await this.exited}):\n${this.tail()}`);
            if (await probe())
                return;
            await sleep(50);
        }
        throw new Error(`${this.name} did not ${what} within ${timeoutMs / 1000} s:\n${this.tail()}`);
    }
}

export function canConnect(host, port) {
    return new Promise(resolve => {
        const socket = net.connect({ host, port });
        const end = ok => {
            socket.destroy();
            resolve(ok);
        };
        socket.setTimeout(1000, () => end(false));
        socket.once('connect', () => end(true));
        socket.once('error', () => end(false));
    });
}

export async function httpGet(url, { timeoutMs = 2000 } = {}) {
    try {
        const answer = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
        return { status: answer.status, body: await answer.text() };
    } catch (e) {
        return { status: 0, body: String(e.cause?.message ?? e.message) };
    }
}

// Ends processes whose command line is exactly one of these: a server that somebody restarted by
// hand from demo.json is not our child, and must not outlive the demo. The paths of the state
// directory in the arguments make the match unique.
export async function endStrays(commands) {
    const wanted = new Set(commands.map(argv => argv.join('\0')));
    const find = () => fs.readdirSync('/proc').filter(name => /^\d+$/.test(name)).map(Number).filter(pid => {
        try {
            const line = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').replace(/\0$/, '');
            // An interpreted program has its interpreter in front.
            return wanted.has(line) || wanted.has(line.split('\0').slice(1).join('\0'));
        } catch {
            return false;
        }
    });
    for (const signal of ['SIGTERM', 'SIGKILL']) {
        const pids = find();
        if (!pids.length)
            return;
        for (const pid of pids) {
            try {
                process.kill(pid, signal);
            } catch { /* gone */ }
        }
        for (let i = 0; i < 40 && find().length; i++)
            await sleep(50);
    }
}
