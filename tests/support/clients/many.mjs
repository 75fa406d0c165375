#!/usr/bin/env node
// Many people at once: users with several devices each, on every transport, who send, are cut off,
// and come back; at the end the account.
// SPDX-License-Identifier: MIT
import http from "node:http";
import { randomUUID } from "node:crypto";
import { Stream } from "./streams.mjs";

const USAGE = `usage: many.mjs BASE-URL [--users 20] [--devices 50] [--transports ws,sse,poll] [--groups 4] [--rate 2] [--drop 0] [--patient 0]
                [--streams URL,URL…] [--seconds 30] [--settle 30] [--prefix NAME]

Makes the users, signs in the devices (device i belongs to user i modulo users), puts everybody into group 0 and half of them into each further
group, opens a stream per device and lets every user send --rate messages a second, each repeated with its client_id until it is acknowledged.
--drop N cuts N random streams a second. --patient 1: who is sent away comes back when the server has said, and not at once. --streams are the addresses that the streams take in turn, another one at each return.
Prints {"state":"running"} when all streams are open and the first messages have come. After --seconds, or at SIGTERM, it stops sending, waits until
everything acknowledged has arrived everywhere (at most --settle seconds), and prints the verdict; leaves with 0 when it is "ok".`;

const options = { users: 20, devices: 50, transports: "ws,sse,poll", groups: 4, rate: 2, drop: 0, patient: 0, seconds: 30, settle: 30, prefix: "m" };
const [base, ...rest] = process.argv.slice(2);

if (!base || base === "--help") {
	console.error(USAGE);
	process.exit(base ? 0 : 64);
}
for (let i = 0; i < rest.length; i += 2)
	options[rest[i].slice(2)] = /^[0-9.]+$/.test(rest[i + 1]) ? Number(rest[i + 1]) : rest[i + 1];

const transports = options.transports.split(",");
const addresses = options.streams ? options.streams.split(",") : [base];
const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
const verdict = { ok: false, acknowledged: 0, repeated: 0, retried: 0, received: 0, twice: 0, holes: 0, missing: 0, altered: 0, leaked: 0, unknown: 0, resets: 0, refused: 0, ended: 0, returns: 0, failed_sends: [], first_faults: [] };
const acknowledged = new Map(); // place -> {conversation, seq, text, client_id, at}
const spoken = new Map(); // client id -> text, from before it is sent
const delays = [];
// milliseconds from the end of a stream (its stream.bye, if there was one) to its being ready again
const gaps = [];
let sending = true, waiting = 0;

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

function fault(kind, detail) {
	verdict[kind]++;
	if (verdict.first_faults.length < 10)
		verdict.first_faults.push({ kind, ...detail });
}

/* A message's id is its own only within its conversation. */
const place = (conversation, id) => `${conversation} ${id}`;

/* One REST call; {status, body}, or status 0 when the connection was lost. */
function call(method, path, token, body) {
	return new Promise((done) => {
		const text = body && JSON.stringify(body);
		const headers = { ...(token && { Authorization: `Bearer ${token}` }), ...(text && { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(text) }) };
		const request = http.request(new URL(path, base), { method, headers, agent, timeout: 15000 }, (reply) => {
			let got = "";
			reply.setEncoding("utf8");
			reply.on("data", (part) => { got += part; });
			reply.on("error", () => done({ status: 0 }));
			reply.on("end", () => {
				try {
					done({ status: reply.statusCode, body: got && JSON.parse(got) });
				} catch {
					done({ status: reply.statusCode, body: got });
				}
			});
		});
		request.on("timeout", () => request.destroy());
		// The server may end a connection that has been idle just as it is used again: that
		// says nothing of the request.
		request.on("error", ({ code }) => done({ status: 0, idled: request.reusedSocket && code === "ECONNRESET" }));
		request.end(text);
	});
}

async function must(...call_) {
	const reply = await call(...call_);

	if (reply.status < 200 || reply.status > 299)
		throw new Error(`${call_[0]} ${call_[1]}: ${reply.status} ${JSON.stringify(reply.body)}`);
	return reply.body;
}

async function inGroupsOf(n, list, work) {
	for (let i = 0; i < list.length; i += n)
		await Promise.all(list.slice(i, i + n).map(work));
}

async function makeUsers() {
	const run = randomUUID().slice(0, 8);
	const users = Array.from({ length: options.users }, (_, i) => ({ name: `${options.prefix}.${run}.${i}`, password: `secret ${run} ${i}`, rooms: [] }));

	await inGroupsOf(2, users, async (user) => {
		const made = await must("POST", "/v1/auth/register", null, { name: user.name, password: user.password });
		Object.assign(user, { id: made.user.id, token: made.access_token });
	});
	return users;
}

async function makeRooms(users) {
	const rooms = [];

	for (let g = 0; g < options.groups; g++) {
		const members = users.filter((_, i) => g === 0 || (i + g) % 2 === 0 || i === g);
		const [owner, ...others] = members;
		const room = await must("POST", "/v1/conversations", owner.token, { kind: "group", title: `group ${g}`, members: others.map((u) => u.id) });
		rooms.push({ id: room.id, members: new Set(members.map((u) => u.id)) });
		for (const user of members)
			user.rooms.push(room.id);
	}
	return rooms;
}

/* A device: its stream, and per conversation the seq it has heard last. */
async function makeDevice(users, rooms, i) {
	const user = users[i % users.length];
	const signed = await must("POST", "/v1/auth/login", null, { name: user.name, password: user.password, device_name: `device ${i}` });
	const device = { i, user, heard: new Set(), seqs: new Map(), ready: false };
	const mine = new Set(user.rooms);
	let turn = i, events = 0;

	device.stream = new Stream({
		url: addresses[i % addresses.length], transport: transports[i % transports.length], token: signed.access_token, reconnect: true, patient: options.patient,
		onEvent(event) {
			if (event.type === "stream.bye")
				left(device, event.data.code);
			if (event.type === "stream.ready")
				back(device);
			if (event.type === "stream.reset")
				fault("resets", { device: i, data: event.data });
			if (event.seq === undefined)
				return;
			hear(device, mine, event);
			if (++events % 20 === 0 && this.transport === "ws" && this.socket.readyState === 1)
				this.order(JSON.stringify({ type: "ack", cursor: event.cursor }));
		},
		onNote(note) {
			device.ready ||= note.client === "open";
			if (note.client === "refused" && note.status < 500 && note.status !== 429)
				fault("refused", { device: i, note });
			if (note.client === "closed" && sending)
				verdict.returns++;
			if (note.client === "closed")
				left(device, note.code);
			if (note.client === "open" && this.transport === "poll")
				back(device);
			this.url = addresses[++turn % addresses.length];
		},
		onEnd() { fault("ended", { device: i }); },
	});
	device.stream.open();
	return device;
}

function left(device, code) {
	device.left ??= { at: Date.now(), code };
}

function back(device) {
	if (device.left)
		gaps.push({ ms: Date.now() - device.left.at, code: device.left.code ?? 0, device: device.i, transport: device.stream.transport });
	device.left = undefined;
}

function hear(device, mine, event) {
	const { conversation_id: conversation, seq } = event;
	const last = device.seqs.get(conversation);
	const where = { device: device.i, transport: device.stream.transport, conversation, seq, last };

	verdict.received++;
	if (!mine.has(conversation))
		fault("leaked", where);
	if (last !== undefined && seq <= last)
		fault("twice", where);
	else if (last !== undefined && seq !== last + 1)
		fault("holes", where);
	device.seqs.set(conversation, Math.max(seq, last ?? 0));
	if (event.type !== "message.created")
		return;
	const id = place(conversation, event.data.id);
	if (device.heard.has(id))
		fault("twice", where);
	device.heard.add(id);
	const known = acknowledged.get(id);
	if (spoken.get(event.data.client_id) !== event.data.text || (known && (known.seq !== seq || known.conversation !== conversation)))
		fault("altered", { ...where, event, known });
	if (known)
		delays.push(Date.now() - known.at);
}

/* Sends one message, again and again with the same client_id until it is acknowledged. */
async function send(user, conversation, text) {
	const message = { client_id: randomUUID(), text };

	spoken.set(message.client_id, text);
	waiting++;
	for (;;) {
		const { status, body, idled } = await call("POST", `/v1/conversations/${conversation}/messages`, user.token, message);
		if (status === 201 || status === 200) {
			acknowledged.set(place(conversation, body.id), { conversation, seq: body.seq, text, client_id: message.client_id, at: Date.now() });
			verdict.repeated += status === 200;
			break;
		}
		if (status >= 400 && status < 500 && status !== 429) {
			verdict.failed_sends.push({ status, body });
			break;
		}
		verdict.retried += !idled;
		await sleep(100);
	}
	waiting--;
}

async function sendAlong(user, number) {
	await sleep(Math.random() * 1000 / options.rate);
	for (let n = 0; sending; n++) {
		send(user, user.rooms[n % user.rooms.length], `${user.name} says ${n} ${"x".repeat(number * 7 % 200)}`);
		await sleep(1000 / options.rate * (0.5 + Math.random()));
	}
}

async function cutAlong(devices) {
	while (sending && options.drop) {
		await sleep(1000 / options.drop);
		const device = devices[Math.floor(Math.random() * devices.length)];
		device.stream.drop?.();
	}
}

const expected = (device) => [...acknowledged].filter(([, m]) => device.user.rooms.includes(m.conversation)).map(([id]) => id);
const lacking = (device) => expected(device).filter((id) => !device.heard.has(id));

async function until(seconds, condition) {
	for (const end = Date.now() + seconds * 1000; !condition() && Date.now() < end;)
		await sleep(50);
	return condition();
}

/* Checks that the conversation holds the acknowledged messages, with a seq without holes. */
async function compareHistory(rooms, users) {
	for (const room of rooms) {
		const reader = users.find((u) => room.members.has(u.id));
		const found = new Map();
		let before = "", page;
		do {
			page = await must("GET", `/v1/conversations/${room.id}/messages?limit=200${before}`, reader.token);
			for (const message of page.messages)
				found.set(place(room.id, message.id), message);
			before = page.messages.length ? `&before=${page.messages[0].id}` : "";
		} while (page.has_more);
		for (const [id, m] of acknowledged)
			if (m.conversation === room.id && found.get(id)?.seq !== m.seq)
				fault("missing", { where: "history", id });
		for (const [id, m] of found)
			if (!acknowledged.has(id))
				fault("unknown", { where: "history", id, client_id: m.client_id });
	}
}

function account(devices) {
	for (const device of devices) {
		for (const id of lacking(device))
			fault("missing", { device: device.i, transport: device.stream.transport, id, seq: acknowledged.get(id).seq, last: device.seqs.get(acknowledged.get(id).conversation) });
		for (const id of device.heard)
			if (!acknowledged.has(id))
				fault("unknown", { device: device.i, id });
	}
	delays.sort((a, b) => a - b);
	verdict.acknowledged = acknowledged.size;
	verdict.delay_ms = { median: delays[delays.length >> 1], p99: delays[Math.floor(delays.length * 0.99)], most: delays.at(-1) };
	gaps.sort((a, b) => a.ms - b.ms);
	verdict.gaps = { count: gaps.length, devices: new Set(gaps.map((g) => g.device)).size, uninvited: gaps.filter((g) => g.code !== 4001).length, median: gaps[gaps.length >> 1]?.ms, longest: gaps.slice(-3) };
	verdict.unacknowledged = waiting;
	verdict.ok = acknowledged.size > 0 && waiting === 0 && verdict.failed_sends.length === 0
		&& ["twice", "holes", "missing", "altered", "leaked", "unknown", "resets", "refused", "ended"].every((kind) => verdict[kind] === 0);
}

const users = await makeUsers();
const rooms = await makeRooms(users);
const devices = [];

await inGroupsOf(4, Array.from({ length: options.devices }, (_, i) => i), async (i) => devices.push(await makeDevice(users, rooms, i)));
if (!await until(30, () => devices.every((d) => d.ready)))
	throw new Error(`${devices.filter((d) => !d.ready).length} streams do not open`);
users.forEach(sendAlong);
cutAlong(devices);
const began = acknowledged.size;
await until(20, () => devices.every((d) => d.heard.size > 0) && acknowledged.size > began);
console.log(JSON.stringify({ state: "running", devices: devices.length, users: users.length, conversations: rooms.map((r) => r.id) }));

process.on("SIGTERM", () => { sending = false; });
await until(options.seconds, () => !sending);
sending = false;
await until(options.settle, () => waiting === 0);
await until(options.settle, () => devices.every((d) => lacking(d).length === 0));
await sleep(300); // time for what should not come any more
await compareHistory(rooms, users);
account(devices);
console.log(JSON.stringify(verdict));
process.exit(verdict.ok ? 0 : 1);
