// SPDX-License-Identifier: Apache-2.0
//
// A UDP relay that makes the network worse: bottleneck rate with a bounded queue, delay, jitter, random loss
// and outages, each direction on its own, changeable while it runs. It stands between clients and the
// bridge: each client address gets an upstream socket of its own, so the bridge sees one peer per client.
//
// As a program: node impaired-relay.mjs LISTEN_HOST:PORT TARGET_HOST:PORT, settings as JSON lines on
// standard input ({"up": {...}, "down": {...}, "rebind": true}), statistics as a JSON line for each line read.
import dgram from 'node:dgram';
import os from 'node:os';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const DEFAULTS = { rateBps: Infinity, queueMs: 300, delayMs: 0, jitterMs: 0, loss: 0, blocked: false };
const IDLE_CLIENTS_MAX = 64;

class Direction {
    constructor() {
        this.settings = { ...DEFAULTS };
        this.freeAt = 0;      // when the bottleneck has sent all it holds, ms
        this.lastOut = 0;     // jitter never reorders
        this.counters = { packets: 0, bytes: 0, lost: 0, overflowed: 0 };
    }

    pass(bytes, send) {
        const s = this.settings, now = performance.now();
        if (s.blocked || Math.random() < s.loss) {
            this.counters.lost++;
            return;
        }
        const wait = Math.max(0, this.freeAt - now);
        if (wait > s.queueMs) {
            this.counters.overflowed++;
            return;
        }
        this.freeAt = Math.max(now, this.freeAt) + ((bytes + 28) * 8000) / s.rateBps;
        const at = Math.max(this.lastOut, this.freeAt + s.delayMs + Math.random() * s.jitterMs);
        this.lastOut = at;
        this.counters.packets++;
        this.counters.bytes += bytes;
        if (at - now < 0.5) send();
        else setTimeout(send, at - now);
    }
}

function serve(listen, target) {
    const up = new Direction(), down = new Direction(), clients = new Map();
    const family = target.host.includes(':') ? 'udp6' : 'udp4';
    const front = dgram.createSocket({ type: listen.host.includes(':') ? 'udp6' : 'udp4', recvBufferSize: 1 << 22 });
    front.on('message', (message, from) => {
        const key = `${from.address} ${from.port}`;
        let back = clients.get(key);
        if (!back) {
            if (clients.size >= IDLE_CLIENTS_MAX) {
                const [oldest, socket] = clients.entries().next().value;
                socket.close();
                clients.delete(oldest);
            }
            back = dgram.createSocket({ type: family, recvBufferSize: 1 << 22 });
            back.on('message', m => down.pass(m.length, () => front.send(m, from.port, from.address)));
            back.on('error', () => {});
            clients.set(key, back);
        }
        up.pass(message.length, () => clients.get(key) === back && back.send(message, target.port, target.host));
    });
    front.bind(listen.port, listen.host, () => console.log(JSON.stringify({ listening: front.address() })));
    createInterface({ input: process.stdin }).on('line', line => {
        const change = JSON.parse(line);
        if (change.rebind) { // a NAT that forgot: what a client sends next comes from a new port
            for (const socket of clients.values()) socket.close();
            clients.clear();
        }
        for (const [name, direction] of [['up', up], ['down', down]])
            for (const [k, v] of Object.entries(change[name] ?? {})) {
                if (!(k in DEFAULTS)) throw new Error(`no setting ${k}`);
                direction.settings[k] = v ?? Infinity; // JSON has no Infinity: null lifts the rate
            }
        console.log(JSON.stringify({ up: up.counters, down: down.counters, clients: clients.size }));
    }).on('close', () => process.exit(0));
}

// The relay as a child process of a test.
export class ImpairedRelay {
    static async start(listen, target) {
        const r = new ImpairedRelay();
        r.child = spawn(process.execPath, [fileURLToPath(import.meta.url), listen, target], { stdio: ['pipe', 'pipe', 'inherit'] });
        r.waiting = [];
        try {
            os.setPriority(r.child.pid, -15); // it is the network, which does not become slow when the machine is busy
        } catch { /* not root */ }
        createInterface({ input: r.child.stdout }).on('line', line => r.waiting.shift()?.(JSON.parse(line)));
        r.address = (await new Promise((resolve, reject) => {
            r.waiting.push(resolve);
            r.child.once('exit', code => reject(new Error(`the relay ended with ${code}`)));
        })).listening;
        return r;
    }

    // Returns the counters so far.
    set(settings = {}) {
        return new Promise(resolve => {
            this.waiting.push(resolve);
            this.child.stdin.write(`${JSON.stringify(settings)}\n`);
        });
    }

    async stop() {
        const gone = new Promise(r => this.child.once('exit', r));
        this.child.stdin.end();
        await gone;
    }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    const parse = text => {
        const at = text.lastIndexOf(':');
        return { host: text.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(text.slice(at + 1)) };
    };
    serve(parse(process.argv[2]), parse(process.argv[3]));
}
