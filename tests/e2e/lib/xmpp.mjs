// SPDX-License-Identifier: Apache-2.0
// A bare XMPP client over a websocket: logs in anonymously, sends whatever text it is given.
import WebSocket from 'ws';
import { until } from './browser.mjs';

export class RawClient {
    constructor(url, domain) {
        Object.assign(this, { url, domain });
        this.stanzas = [];
        this.closed = false;
        this.next = 1;
    }

    async connect() {
        this.socket = new WebSocket(this.url, 'xmpp');
        this.socket.on('message', data => this.stanzas.push(String(data)));
        this.socket.on('close', () => {
            this.closed = true;
        });
        this.socket.on('error', () => {
            this.closed = true;
        });
        await new Promise((resolve, reject) => {
            this.socket.once('open', resolve);
            this.socket.once('error', reject);
        });
        const open = `<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" to="${this.domain}" version="1.0"/>`;
        this.send(open);
        await this.seen(/<stream:features|<features/);
        this.send('<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="ANONYMOUS"/>');
        await this.seen(/<success/);
        this.stanzas = [];
        this.send(open);
        await this.seen(/<stream:features|<features/);
        const bound = await this.iq('set', null, '<bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/>');
        this.jid = /<jid>([^<]+)<\/jid>/.exec(bound)[1];
        return this;
    }

    send(text) {
        if (!this.closed)
            this.socket.send(text);
    }

    seen(pattern, timeoutMs = 5000) {
        return until(`a stanza like ${pattern}`, () => this.stanzas.find(s => pattern.test(s)) ?? (this.closed ? 'closed' : null), { timeoutMs });
    }

    // Sends an IQ and resolves to the answer's text.
    iq(type, to, body, timeoutMs = 5000) {
        const id = `raw${this.next++}`;
        this.send(`<iq xmlns="jabber:client" type="${type}" id="${id}"${to ? ` to="${to}"` : ''}>${body}</iq>`);
        return this.seen(new RegExp(`<iq[^>]*id=['"]${id}['"]`), timeoutMs);
    }

    close() {
        this.socket?.close();
    }
}
