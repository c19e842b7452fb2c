// SPDX-License-Identifier: Apache-2.0
// TAP lines for people and the test driver, and a JSON report for machines.
import fs from 'node:fs';

export class Report {
    constructor(file) {
        this.file = file;
        this.results = [];
    }

    plan(count) {
        console.log(`TAP version 13\n1..${count}`);
    }

    // result: { name, ok, ms, error?, measured?, stretched? }: stretched: limits that were kept only because the machine was busy
    add(result) {
        this.results.push(result);
        const n = this.results.length;
        const took = `${(result.ms / 1000).toFixed(1)} s`;
        console.log(`${result.ok ? 'ok' : 'not ok'} ${n} - ${result.name} (${took})`);
        for (const [name, value] of Object.entries(result.measured ?? {}))
            console.log(`# ${name}: ${typeof value === 'object' ? JSON.stringify(value) : value}`);
        for (const line of result.stretched ?? [])
            console.log(`# slower_than_idle: ${line}`);
        if (!result.ok)
            console.log(String(result.error).split('\n').map(line => `# ${line}`).join('\n'));
        this.write();
    }

    get stretched() {
        return this.results.flatMap(r => (r.stretched ?? []).map(line => `${r.name}: ${line}`));
    }

    get failed() {
        return this.results.filter(r => !r.ok).length;
    }

    write() {
        if (this.file)
            fs.writeFileSync(this.file, `${JSON.stringify({ passed: this.results.length - this.failed, failed: this.failed, stretched: this.stretched, scenarios: this.results }, null, 2)}\n`);
    }
}

export function median(values) {
    return percentile(values, 50);
}

// Nearest rank.
export function percentile(values, p) {
    const sorted = [...values].sort((a, b) => a - b);
    return sorted[Math.max(0, Math.ceil(sorted.length * p / 100) - 1)];
}

export function distribution(values) {
    const round = v => Math.round(v);
    return { n: values.length, min: round(Math.min(...values)), median: round(median(values)), p90: round(percentile(values, 90)), max: round(Math.max(...values)) };
}
