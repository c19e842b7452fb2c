// SPDX-License-Identifier: Apache-2.0
// Network namespaces. The whole run lives in one of its own, with loopback and nothing else, so that
// no test can address anything but this machine; hosts of a multi-host scenario are further ones.
import { execFileSync, spawnSync } from 'node:child_process';
import process from 'node:process';

const MARK = 'PLENUM_E2E_NETNS';
const env = { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` };

function run(command, ...args) {
    return execFileSync(command, args, { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'pipe'] });
}

export const ip = (...args) => run('ip', ...args);

// Runs this program again inside a new network namespace; returns only in there.
export function enterNamespace() {
    if (process.env[MARK]) {
        ip('link', 'set', 'lo', 'up');
        return;
    }
    // -m: hosts are named in /run/netns, which then is ours alone; -r: what a plain user needs.
    const flags = process.getuid() === 0 ? ['-n', '-m'] : ['-r', '-n', '-m'];
    const child = spawnSync('unshare', [...flags, '--', process.execPath, ...process.execArgv, ...process.argv.slice(1)],
        { stdio: 'inherit', env: { ...env, [MARK]: '1' } });
    if (child.error) {
        console.error(`Bail out! no network namespace: ${child.error.message}`);
        process.exit(2);
    }
    process.exit(child.status ?? 2);
}

// Further hosts, each a namespace, joined by links of their own /30 (IPv4 only).
export class Network {
    constructor() {
        this.hosts = [];
        // ip netns keeps its names under /run/netns: give this mount namespace an own /run.
        run('mount', '-t', 'tmpfs', 'tmpfs', '/run');
    }

    host(name) {
        ip('netns', 'add', name);
        ip('-n', name, 'link', 'set', 'lo', 'up');
        this.hosts.push(name);
        return name;
    }

    // a, b: host names, or null for the run's own namespace. aAddress: "10.90.1.1".
    link(a, aAddress, b, bAddress, { mtu = 1500, prefix = 24 } = {}) {
        const [left, right] = [`v${this.hosts.length}${a ?? 'top'}`, `w${this.hosts.length}${b ?? 'top'}`].map(n => n.slice(0, 15));
        ip('link', 'add', left, 'type', 'veth', 'peer', 'name', right);
        for (const [dev, host, address] of [[left, a, aAddress], [right, b, bAddress]]) {
            const inside = host ? ['-n', host] : [];
            if (host)
                ip('link', 'set', dev, 'netns', host);
            ip(...inside, 'addr', 'add', `${address}/${prefix}`, 'dev', dev);
            ip(...inside, 'link', 'set', dev, 'mtu', String(mtu), 'up');
        }
        return [left, right];
    }

    defaultRoute(host, gateway) {
        ip('-n', host, 'route', 'add', 'default', 'via', gateway);
    }

    exec(host, ...argv) {
        return run('ip', 'netns', 'exec', host, ...argv);
    }

    close() {
        for (const name of this.hosts.splice(0)) {
            try {
                ip('netns', 'del', name);
            } catch { /* it goes with the mount namespace */ }
        }
    }
}

// netem on loopback or another device: what = ['delay', '20ms', 'loss', '2%'].
export function impair(dev, what, host = null) {
    const inside = host ? ['netns', 'exec', host, 'tc'] : null;
    const args = what ? ['qdisc', 'replace', 'dev', dev, 'root', 'netem', ...what] : ['qdisc', 'del', 'dev', dev, 'root'];
    return inside ? run('ip', ...inside, ...args) : run('tc', ...args);
}
