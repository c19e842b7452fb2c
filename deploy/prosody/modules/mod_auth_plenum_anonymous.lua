-- SPDX-License-Identifier: Apache-2.0
-- Anonymous logins that can resume (XEP-0198). With Prosody's own "anonymous" each login is a new random
-- user, so that a client that lost its connection can never resume its stream: it must, and does, name the old
-- stream in the address (/xmpp-websocket?previd=ID). Whoever knows that id, a secret of the old stream, logs in
-- as its user again.
--
--   plugin_paths = { "/usr/share/plenum/prosody" }
--   VirtualHost "meet.example"
--       authentication = "plenum_anonymous"

local new_sasl = require "util.sasl".new;
local datamanager = require "util.datamanager";
local formdecode = require "util.http".formdecode;
local new_name = require "util.uuid".generate;

-- user@host/id -> session, kept by mod_smacks.
local resumable = module:shared "/*/smacks/resumption-tokens";

local provider = {};

-- The user of the stream with this resumption id; nil when there is none any more.
local function user_of_stream(id)
	local tail = "@" .. module.host .. "/" .. id;
	for key, session in pairs(resumable) do
		if key:sub(-#tail) == tail then
			return session.username;
		end
	end
end

module:hook_global("websocket-session", function (event)
	local query = event.request.url and event.request.url.query;
	local fields = query and formdecode(query);
	if type(fields) == "table" and fields.previd and #fields.previd < 256 then
		event.session.plenum_previd = fields.previd;
	end
end);

function provider.get_sasl_handler(session)
	local handler = new_sasl(module.host, { anonymous = function () return true; end });
	local process = handler.process;
	function handler:process(message)
		local status, answer, problem = process(self, message);
		if status == "success" then
			-- Hexadecimal: clients take the beginning for their name in a room.
			self.username = session and session.plenum_previd and user_of_stream(session.plenum_previd) or new_name();
		end
		return status, answer, problem;
	end
	return handler;
end

function provider.test_password()
	return nil, "There are no passwords here.";
end

function provider.get_password()
	return nil, "There are no passwords here.";
end

function provider.set_password()
	return nil, "There are no passwords here.";
end

function provider.user_exists(username)
	return prosody.hosts[module.host].sessions[username] ~= nil;
end

function provider.create_user()
	return nil, "Accounts cannot be made here.";
end

function provider.users()
	return next, prosody.hosts[module.host].sessions, nil;
end

-- Nothing of people who have no account is stored, and they talk to no other server.
local function refuse_storage(username, host, store, data)
	if host == module.host then
		return false;
	end
	return username, host, store, data;
end

module:hook("route/remote", function ()
	return false;
end, 300);

function module.load()
	datamanager.add_callback(refuse_storage);
end

function module.unload()
	datamanager.remove_callback(refuse_storage);
end

module:provides("auth", provider);
