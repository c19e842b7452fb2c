// SPDX-License-Identifier: Apache-2.0
// A bare XMPP client over a websocket: logs in anonymously, sends whatever text it is given. As someone who could take
// part in calls does, it tells its features and acknowledges what it is sent.
import WebSocket from 'ws';
import { until } from './browser.mjs';

const FEATURES = ['urn:xmpp:jingle:1', 'urn:xmpp:jingle:apps:rtp:1', 'urn:xmpp:jingle:transports:ice-udp:1', 'urn:xmpp:jingle:apps:dtls:0',
    'urn:xmpp:jingle:apps:rtp:audio', 'urn:xmpp:jingle:apps:rtp:video'];

export const attribute = (stanza, name) => new RegExp(`\\s${name}=['"]([^'"]*)`).exec(stanza)?.[1];

export class RawClient {
    // headers: further ones of the HTTP request.
    constructor(url, domain, headers = {}) {
        Object.assign(this, { url, domain, headers });
        this.stanzas = [];
        this.closed = false;
        this.next = 1;
    }

    async connect() {
        this.socket = new WebSocket(this.url, 'xmpp', { headers: this.headers });
        this.socket.on('message', data => {
            this.stanzas.push(String(data));
            this.acknowledge(String(data));
        });
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

    acknowledge(request) {
        const [head] = /^<iq[^>]*>/.exec(request) ?? [];
        if (!head || !['get', 'set'].includes(attribute(head, 'type')))
            return;
        const query = /<query[^>]*disco#info[^>]*>/.exec(request)?.[0], node = query && attribute(query, 'node');
        const body = query ? `<query xmlns="http://jabber.org/protocol/disco#info"${node ? ` node="${node}"` : ''}>${FEATURES.map(f => `<feature var="${f}"/>`).join('')}</query>` : '';
        this.send(`<iq xmlns="jabber:client" type="result" id="${attribute(head, 'id')}" to="${attribute(head, 'from')}">${body}</iq>`);
    }

    send(text) {
        if (!this.closed)
            this.socket.send(text);
    }

    seen(pattern, timeoutMs = 5000) {
        return until(`a stanza like ${pattern}`, () => this.stanzas.find(s => pattern.test(s)) ?? (this.closed ? 'closed' : null), { timeoutMs });
    }

    // Sends an IQ and resolves to the answer's text. from: whom it pretends to be.
    iq(type, to, body, { timeoutMs = 5000, from = null } = {}) {
        const id = `raw${this.next++}`;
        this.send(`<iq xmlns="jabber:client" type="${type}" id="${id}"${to ? ` to="${to}"` : ''}${from ? ` from="${from}"` : ''}>${body}</iq>`);
        return this.seen(new RegExp(`^<iq(?=[^>]*\\sid=['"]${id}['"])[^>]*\\stype=['"](result|error)`), timeoutMs);
    }

    // The same, for what must be refused; resolves to the error's condition and text.
    async refused(type, to, body, options) {
        const answer = await this.iq(type, to, body, options);
        const error = /<error.*<\/error>/s.exec(answer)?.[0];
        if (!error)
            throw new Error(`not refused: ${body.slice(0, 300)}: ${answer.slice(0, 300)}`);
        return `${/<([a-z-]+)[^>]*urn:ietf:params:xml:ns:xmpp-stanzas/.exec(error)?.[1]} (${/<text[^>]*>([^<]*)/.exec(error)?.[1] ?? ''})`;
    }

    close() {
        this.socket?.close();
    }
}
