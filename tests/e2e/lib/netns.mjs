// SPDX-License-Identifier: Apache-2.0
// Network namespaces. The whole run lives in one of its own, with loopback and nothing else, so that
// no test can address anything but this machine; hosts of a multi-host scenario are further ones.
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
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
    const probe = spawnSync('unshare', [...flags, '--', 'ip', 'link', 'set', 'lo', 'up'], { encoding: 'utf8', env });
    if (probe.status !== 0) {
        const why = (probe.error?.message ?? probe.stderr).trim();
        console.log(`Bail out! This machine allows no network namespace (${why}). The end-to-end tests need one: run them as root, ` +
            'or allow user namespaces (sysctl kernel.unprivileged_userns_clone=1).');
        process.exit(2);
    }
    const child = spawnSync('unshare', [...flags, '--', process.execPath, ...process.execArgv, ...process.argv.slice(1)],
        { stdio: 'inherit', env: { ...env, [MARK]: '1' } });
    process.exit(child.status ?? 2);
}

// Further hosts, each a namespace. The run's own namespace is the "internet": it routes between them.
export class Network {
    constructor() {
        this.hosts = [];
        this.links = 0;
        // ip netns keeps its names under /run/netns: give this mount namespace an own /run.
        run('mount', '-t', 'tmpfs', 'tmpfs', '/run');
        run('sysctl', '-qw', 'net.ipv4.ip_forward=1');
    }

    // An address of the run's own namespace that every host can reach. What servers send to nowhere is lost on its way,
    // as on the Internet: without a default route sendto() fails instead, and coturn ends an allocation whose peer
    // address is "unreachable" (it is told to try everybody's private addresses too).
    serverAddress(address) {
        ip('addr', 'add', `${address}/32`, 'dev', 'lo');
        this.onLoopback = `${address}/32`;
        // A host that forwards nothing.
        this.link(null, '10.90.254.1/24', this.host('elsewhere'), '10.90.254.2/24');
        ip('route', 'add', 'default', 'via', '10.90.254.2');
    }

    host(name) {
        ip('netns', 'add', name);
        ip('-n', name, 'link', 'set', 'lo', 'up');
        this.hosts.push(name);
        return name;
    }

    // A cable between two hosts; null is the run's own namespace. Addresses like "10.90.1.1/24".
    link(a, aAddress, b, bAddress) {
        const n = this.links++;
        ip('link', 'add', `a${n}`, 'type', 'veth', 'peer', 'name', `b${n}`);
        for (const [device, host, address] of [[`a${n}`, a, aAddress], [`b${n}`, b, bAddress]]) {
            if (host)
                ip('link', 'set', device, 'netns', host);
            const inside = host ? ['-n', host] : [];
            ip(...inside, 'addr', 'add', address, 'dev', device);
            ip(...inside, 'link', 'set', device, 'up');
        }
        return [`a${n}`, `b${n}`];
    }

    // A person's machine behind a router that gives each connection a new random port (symmetric NAT).
    // number: 1..250. rules: nft statements for what passes through, e.g. "udp dport != 3478 drop".
    behindNat(name, number, rules = []) {
        const nat = this.host(`${name}-nat`), inner = this.host(name);
        const [, outside] = this.link(null, `10.90.${number}.1/24`, nat, `10.90.${number}.2/24`);
        this.link(nat, `192.168.${number}.1/24`, inner, `192.168.${number}.2/24`);
        ip('-n', nat, 'route', 'add', 'default', 'via', `10.90.${number}.1`);
        ip('-n', inner, 'route', 'add', 'default', 'via', `192.168.${number}.1`);
        this.exec(nat, 'sysctl', '-qw', 'net.ipv4.ip_forward=1');
        const nft = text => this.exec(nat, 'nft', text);
        nft('add table ip nat');
        nft('add chain ip nat out { type nat hook postrouting priority 100; }');
        nft(`add rule ip nat out oifname ${outside} masquerade fully-random`);
        nft('add chain ip nat pass { type filter hook forward priority 0; }');
        for (const rule of rules)
            nft(`add rule ip nat pass ${rule}`);
        // Nothing comes in from outside that was not asked for.
        nft(`add rule ip nat pass iifname ${outside} ct state established,related accept`);
        nft(`add rule ip nat pass iifname ${outside} drop`);
        return inner;
    }

    // The provider gives the router of behindNat() another address: connections through it are lost, and what goes
    // out afterwards comes from there.
    readdress(name, number, last) {
        const nat = `${name}-nat`, old = this.exec(nat, 'ip', '-4', '-o', 'addr', 'show', 'to', `10.90.${number}.0/24`).toString();
        const [, device, address] = /^\d+: (\S+)\s+inet (\S+)/.exec(old);
        ip('-n', nat, 'addr', 'del', address, 'dev', device);
        ip('-n', nat, 'addr', 'add', `10.90.${number}.${last}/24`, 'dev', device);
        ip('-n', nat, 'route', 'replace', 'default', 'via', `10.90.${number}.1`);
    }

    // The router of behindNat() lets nothing through that matches; null: everything again.
    block(name, match) {
        const nft = text => this.exec(`${name}-nat`, 'nft', text);
        nft('add chain ip nat block { type filter hook forward priority -10; }');
        nft('flush chain ip nat block');
        if (match)
            nft(`add rule ip nat block ${match} drop`);
    }

    exec(host, ...argv) {
        return run('nsenter', `--net=/run/netns/${host}`, ...argv);
    }

    close() {
        for (const name of this.hosts.splice(0)) {
            try {
                ip('netns', 'del', name);
            } catch { /* it goes with the mount namespace */ }
        }
        if (this.onLoopback)
            ip('addr', 'del', this.onLoopback, 'dev', 'lo');
        run('umount', '-l', '/run');
    }
}

// A program that runs another one inside a host, for those that take only a file name.
export function programInside(host, program) {
    const file = `/run/${host}-${program.split('/').pop()}`;
    fs.writeFileSync(file, `#!/bin/sh\nexec nsenter --net=/run/netns/${host} ${program} "$@"\n`, { mode: 0o755 });
    return file;
}
