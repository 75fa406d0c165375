-- Sends messages as wrk's threads: a random member to their conversation, a new client_id each time.
-- SPDX-License-Identifier: MIT
-- wrk -s send.lua URL -- TOKENS USERS CONVERSATIONS PER_CONVERSATION TEXT
-- TOKENS has one token a line; line n belongs to user USERS + n, who is in CONVERSATIONS + (n - 1) / PER_CONVERSATION.

local threads = 0

function setup(thread)
	thread:set("number", threads)
	threads = threads + 1
end

function init(args)
	headers, bodies, count = {}, {}, 0
	for token in io.lines(args[1]) do
		count = count + 1
		headers[count] = { ["Authorization"] = "Bearer " .. token, ["Content-Type"] = "application/json" }
	end
	conversations, per_conversation = tonumber(args[3]), tonumber(args[4])
	tail = '","text":"' .. args[5] .. '"}'
	-- Unique for ever: the time of this run, the thread, a counter.
	mark = string.format('{"client_id":"%d.%d.%d.', os.time(), math.floor(os.clock() * 1e6), number)
	sent = 0
	math.randomseed(os.time() + number * 7919)
end

function request()
	sent = sent + 1
	local n = math.random(count)
	local path = "/v1/conversations/" .. (conversations + math.floor((n - 1) / per_conversation)) .. "/messages"
	return wrk.format("POST", path, headers[n], mark .. sent .. tail)
end

function done(summary, latency)
	local e = summary.errors
	io.write(string.format("sent=%d took=%.3f failed=%d p50_us=%d p99_us=%d\n", summary.requests - e.status, summary.duration / 1e6,
		e.status + e.connect + e.read + e.write + e.timeout, latency:percentile(50), latency:percentile(99)))
end
