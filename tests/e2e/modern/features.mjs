// SPDX-License-Identifier: Apache-2.0
//
// What the test client says it can do, and the XEP-0115 hash over it: the focus builds its offer from these.

export const NS = {
    jingle: 'urn:xmpp:jingle:1',
    rtp: 'urn:xmpp:jingle:apps:rtp:1',
    rtcpFb: 'urn:xmpp:jingle:apps:rtp:rtcp-fb:0',
    hdrext: 'urn:xmpp:jingle:apps:rtp:rtp-hdrext:0',
    ssma: 'urn:xmpp:jingle:apps:rtp:ssma:0',
    grouping: 'urn:xmpp:jingle:apps:grouping:0',
    ice: 'urn:xmpp:jingle:transports:ice-udp:1',
    dtls: 'urn:xmpp:jingle:apps:dtls:0',
    sctp: 'urn:xmpp:jingle:transports:dtls-sctp:1',
    colibri: 'http://jitsi.org/protocol/colibri',
    focus: 'http://jitsi.org/protocol/focus',
    jitmeet: 'http://jitsi.org/jitmeet',
    caps: 'http://jabber.org/protocol/caps',
    discoInfo: 'http://jabber.org/protocol/disco#info',
    muc: 'http://jabber.org/protocol/muc',
};

export const CAPS_NODE = 'https://jitsi.org/jitsi-meet';

export function features({ rewriting, midDemux, dataChannel }) {
    const list = [
        NS.jingle, NS.rtp, NS.ice, NS.dtls,
        'urn:xmpp:jingle:apps:rtp:audio',
        'urn:xmpp:jingle:apps:rtp:video',
        'urn:ietf:rfc:4588',
        'http://jitsi.org/tcc',
        'http://jitsi.org/json-encoded-sources',
        'http://jitsi.org/source-name',
        'http://jitsi.org/receive-multiple-video-streams',
        'http://jitsi.org/start-muted-room-metadata',
        'http://jitsi.org/visitors-1',
        NS.caps,
    ];
    if (dataChannel) list.push(NS.sctp);
    if (rewriting) list.push('http://jitsi.org/ssrc-rewriting-1');
    if (rewriting && midDemux) list.push('http://jitsi.org/rtp-mid-demux');
    return list.sort();
}

// XEP-0115 5.1 without identities and forms.
export async function capsVersion(list) {
    const text = list.map(f => `${f}<`).join('');
    const hash = await crypto.subtle.digest('SHA-1', new TextEncoder().encode(text));
    return btoa(String.fromCharCode(...new Uint8Array(hash)));
}
