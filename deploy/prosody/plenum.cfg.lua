-- SPDX-License-Identifier: Apache-2.0
-- What Plenum needs of an existing Prosody (0.12 or newer, stock modules but for one
-- optional login module).
-- Put it into /etc/prosody/conf.d/, replace meet.example by your domain and the two CHANGE-ME.
-- The web server in front forwards https://meet.example/xmpp-websocket and /http-bind to port 5280.

-- Global section: lines before the first VirtualHost belong into prosody.cfg.lua when it has them already.
--   modules_enabled: "saslauth"; "disco"; "ping"; "time"; "websocket"; "bosh"; "smacks"
consider_websocket_secure = true    -- TLS ends in the web server
consider_bosh_secure = true
component_ports = { 5347 }
component_interfaces = { "127.0.0.1" }
-- How long someone who lost the connection stays in the room.
smacks_hibernation_time = 60
c2s_stanza_size_limit = 65536       -- the largest stanzas of a conference client have about 20 KB

-- People. Nobody needs an account. Prosody's own "anonymous" works as well, but then a client whose
-- connection breaks off cannot resume and has to join again; see the top of mod_auth_plenum_anonymous.lua.
plugin_paths = { "/usr/share/plenum/prosody" }
VirtualHost "meet.example"
    authentication = "plenum_anonymous"
    modules_enabled = { "turn_external" }
    -- The relay's address and the secret of /etc/turnserver.conf (deploy/coturn). Clients get a user name
    -- that expires and its password, never the secret.
    turn_external_host = "turn.meet.example"
    turn_external_port = 3478
    turn_external_secret = "CHANGE-ME-TURN"
    turn_external_tcp = true
    -- turn_external_tls_port = 5349
    turn_external_ttl = 86400

-- The bridges' accounts: prosodyctl register bridge auth.meet.example PASSWORD
VirtualHost "auth.meet.example"
    authentication = "internal_hashed"
    -- A bridge on this machine comes over loopback, without TLS (its password does not cross in the clear: SCRAM).
    -- For bridges elsewhere: remove the line, prosodyctl cert generate auth.meet.example, and [xmpp] ca_file there.
    c2s_require_encryption = false

-- Rooms. Only the focus creates them, and it owns them.
Component "conference.meet.example" "muc"
    storage = "memory"
    admins = { "focus@focus.meet.example" }
    component_admins_as_room_owners = true
    restrict_room_creation = true
    -- A locked room would turn the first person away: the focus has created it and nobody configures it.
    muc_room_locking = false
    muc_tombstones = false
    -- Clients recognise the focus by its address.
    muc_room_default_public_jids = true

-- Where focus and bridges meet. Members only, and only administrators are members: a stranger must not
-- be able to offer a bridge of their own.
Component "internal.meet.example" "muc"
    storage = "memory"
    admins = { "focus@focus.meet.example", "bridge@auth.meet.example" }
    component_admins_as_room_owners = true
    restrict_room_creation = true
    muc_room_locking = false
    muc_tombstones = false
    muc_room_default_public_jids = true
    muc_room_default_members_only = true

-- The focus itself: /etc/plenum/focus.conf, [xmpp] secret_file.
Component "focus.meet.example"
    component_secret = "CHANGE-ME-COMPONENT"
