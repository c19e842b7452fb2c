/* SPDX-License-Identifier: Apache-2.0
 *
 * XML namespaces and conditions of Jingle, its applications and COLIBRI2. Constants only. */
#ifndef PLENUM_COMMON_JINGLE_JINGLE_NS_H
#define PLENUM_COMMON_JINGLE_JINGLE_NS_H

#define NS_JINGLE "urn:xmpp:jingle:1"
#define NS_JINGLE_RTP "urn:xmpp:jingle:apps:rtp:1"
#define NS_JINGLE_RTCP_FB "urn:xmpp:jingle:apps:rtp:rtcp-fb:0"
#define NS_JINGLE_HDREXT "urn:xmpp:jingle:apps:rtp:rtp-hdrext:0"
#define NS_JINGLE_SSMA "urn:xmpp:jingle:apps:rtp:ssma:0"
#define NS_JINGLE_GROUPING "urn:xmpp:jingle:apps:grouping:0"
#define NS_JINGLE_ICE_UDP "urn:xmpp:jingle:transports:ice-udp:1"
#define NS_JINGLE_DTLS "urn:xmpp:jingle:apps:dtls:0"
#define NS_JINGLE_SCTP "urn:xmpp:jingle:transports:dtls-sctp:1"
#define NS_COLIBRI "http://jitsi.org/protocol/colibri" /* web-socket, stats */
#define NS_COLIBRI2 "jitsi:colibri2"
#define NS_JITSI_FOCUS "http://jitsi.org/protocol/focus" /* bridge-session, ice-state */
#define NS_JITSI_MEET "http://jitsi.org/jitmeet"         /* ssrc-info, json-message */
#define NS_JITSI_STARTMUTED "http://jitsi.org/jitmeet/start-muted"

#endif
