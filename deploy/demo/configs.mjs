// SPDX-License-Identifier: Apache-2.0
// The configuration files of the four servers of a demo, written from one description.
// What each option is for is explained in deploy/prosody and deploy/coturn.

import path from 'node:path';
import { fileURLToPath } from 'node:url';

const PROSODY_MODULES = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../prosody/modules');

// d: see Stack in stack.mjs (domain, ports, secrets, directories).
export function prosodyConfig(d) {
    const lua = text => `"${text.replace(/[\\"]/g, '\\$&')}"`;
    const interfaces = `{ ${[...new Set([d.address, '127.0.0.1', ...d.ipv6 ? ['::1'] : []])].map(lua).join(', ')} }`;
    return `-- Written by the demo; lost when it ends.
run_as_root = true
daemonize = false
pidfile = ${lua(`${d.dir}/prosody.pid`)}
plugin_paths = { ${lua(PROSODY_MODULES)} }
data_path = ${lua(`${d.dir}/prosody`)}
certificates = ${lua(`${d.dir}/prosody`)}
log = { { levels = { min = ${lua(d.prosodyLogLevel)} }, to = "console", timestamps = "%H:%M:%S" } }

modules_enabled = { "saslauth", "disco", "ping", "time", "websocket", "bosh", "smacks" }
modules_disabled = { "s2s", "offline", "s2s_auth_certs" }

interfaces = ${interfaces}
c2s_ports = { ${d.ports.c2s} }
component_interfaces = { "127.0.0.1" }
component_ports = { ${d.ports.component} }
http_ports = { ${d.ports.xmppHttp} }
http_interfaces = ${interfaces}
https_ports = {}
http_default_host = ${lua(d.domain)}

c2s_require_encryption = false
c2s_stanza_size_limit = 65536
consider_websocket_secure = true
consider_bosh_secure = true
smacks_hibernation_time = 60

VirtualHost ${lua(d.domain)}
    authentication = "plenum_anonymous"
    modules_enabled = { "turn_external" }
    turn_external_host = ${lua(d.address)}
    turn_external_port = ${d.ports.turn}
    turn_external_secret = ${lua(d.secrets.turn)}
    turn_external_tcp = true

VirtualHost ${lua(d.authDomain)}
    authentication = "internal_hashed"

Component ${lua(d.muc)} "muc"
    storage = "memory"
    admins = { ${lua(d.focusJid)} }
    component_admins_as_room_owners = true
    muc_room_locking = false
    muc_tombstones = false
    muc_room_default_public_jids = true
    restrict_room_creation = true

Component ${lua(d.internalMuc)} "muc"
    storage = "memory"
    admins = { ${lua(d.focusJid)}, ${lua(`${d.bridgeUser}@${d.authDomain}`)} }
    component_admins_as_room_owners = true
    muc_room_locking = false
    muc_tombstones = false
    muc_room_default_public_jids = true
    muc_room_default_members_only = true
    restrict_room_creation = true

Component ${lua(d.focusDomain)}
    component_secret = ${lua(d.secrets.component)}
`;
}

export function coturnConfig(d) {
    return `# Written by the demo; lost when it ends.
listening-ip=${d.address}
relay-ip=${d.address}
listening-port=${d.ports.turn}
min-port=${d.ports.relayMin}
max-port=${d.ports.relayMax}
realm=${d.domain}
use-auth-secret
static-auth-secret=${d.secrets.turn}
fingerprint
no-tls
no-dtls
no-cli
no-software-attribute
no-multicast-peers
allow-loopback-peers
userdb=${d.dir}/coturn/turndb
pidfile=${d.dir}/coturn/turnserver.pid
log-file=stdout
simple-log
`;
}

export function focusConfig(d) {
    return `# Written by the demo; lost when it ends.
[xmpp]
host = 127.0.0.1
port = ${d.ports.component}
domain = ${d.domain}
component = ${d.focusDomain}
secret_file = ${d.secretFile('component')}
muc = ${d.muc}

[bridge]
brewery = ${d.brewery}

[http]
private = 127.0.0.1:${d.ports.focusHttp}
`;
}

export function bridgeConfig(d) {
    return `# Written by the demo; lost when it ends.
[xmpp]
host = 127.0.0.1
port = ${d.ports.c2s}
domain = ${d.authDomain}
username = ${d.bridgeUser}
password_file = ${d.secretFile('bridge')}
muc = ${d.brewery}
nickname = bridge1

[ice]
port = ${d.ports.bridgeUdp}
include_loopback = true
addresses = ${d.address}${d.ipv6 && d.address === '127.0.0.1' ? ', ::1' : ''}

[http]
private = 127.0.0.1:${d.ports.bridgeHttp}
public = ${d.address}:${d.ports.bridgeWs}

[websocket]
enabled = true
domains = ${d.address}:${d.ports.bridgeWs}
tls = false
`;
}
