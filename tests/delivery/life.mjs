// The events of a run: messages, receipts, cuts, members who join and leave, revoked devices.
// SPDX-License-Identifier: MIT
import { randomUUID } from "node:crypto";
import { signIn } from "./people.mjs";
import { LATE, sleep, waitOf } from "./server.mjs";

const CUTS = ["drop", "drop", "reset", "handshake"];
const REVOKED_MS = 1500; // one second as promised, and the way
const SENT_WITHIN_MS = 60_000; // after the sending has ended

/* Calls a function at a rate per second, until the sending ends. */
async function often(run, perSecond, work) {
	if (!(perSecond > 0))
		return;
	while (run.sending) {
		await sleep((1000 / perSecond) * (0.5 + run.random.next()));
		if (run.sending)
			await work();
	}
}

/* ---- messages */

const isIn = (c, user) => c.members.has(user) && (c.guest !== user || c.guestIn);

function restSend(run, user, conversation, message, lost) {
	return run.server.call("POST", `/v1/conversations/${conversation.id}/messages`, { token: user.device.token, body: message, lost });
}

/*
 * Sends a message once, by WebSocket or REST. Returns false when the send has to be repeated.
 */
async function attempt(run, user, conversation, message, { loses, socket }) {
	const { random, counts } = run;

	if (socket) {
		const answer = await socket.sendUp({ conversation_id: conversation.id, ...message });
		if (answer.type === "message.sent" && loses)
			counts.thrown++;
		else if (answer.type === "message.sent")
			return settled(run, answer.data, answer.repeated === true, "socket");
		return answer.type === "error" && refused(run, user, conversation, message, answer.code, "socket");
	}
	const reply = await restSend(run, user, conversation, message, loses && { after: random.chance(0.5) ? random.below(15) : undefined });
	if (loses)
		counts.thrown++;
	if (reply.status === 200 || reply.status === 201)
		return settled(run, reply.body, reply.status === 200, "rest");
	const wait = waitOf(reply);
	if (wait !== undefined)
		run.server.waits++;
	await sleep(wait ?? (reply.status ? 0 : 100));
	return reply.status >= 400 && wait === undefined && refused(run, user, conversation, message, reply.body?.code ?? reply.status, "REST");
}

function settled(run, message, repeated, how) {
	run.counts[how]++;
	run.counts.repeated += repeated;
	run.ledger.acknowledge(message, `answer by ${how}`);
	return true;
}

/* A guest may be removed before its message arrives. Any other refusal is a fault. */
function refused(run, user, conversation, message, code, how) {
	if (["unavailable", "too_busy", "rate_limited", "shutting_down"].includes(code))
		return false;
	if (code === "not_a_member" && conversation.guest === user)
		run.counts.out++;
	else
		run.ledger.fault("broken", `answer by ${how}`, `"${message.client_id}" of ${user.label} into ${run.ledger.name(conversation.id)}: ${code}`);
	return true;
}

async function send(run) {
	const { random, options, ledger, users, counts } = run;
	const user = random.pick(users);
	const conversation = random.pick([...ledger.conversations.values()].filter((c) => isIn(c, user)));
	const number = ++counts.said;
	const message = { client_id: `m-${number}-${randomUUID().slice(0, 8)}`, text: `${user.label} says ${number} ${"x".repeat(random.below(300))}` };

	if (!conversation)
		return;
	ledger.say(message.client_id, conversation.id, user.id, message.text);
	run.waiting.add(message.client_id);
	if (random.chance(0.05)) {
		counts.twins++;
		attempt(run, user, conversation, message, {}).catch(() => {});
	}
	for (let tries = 0; ; tries++) {
		const socket = random.chance(options.socket) && random.pick(user.devices.filter((d) => d.canSend));
		if (await attempt(run, user, conversation, message, { socket, loses: tries < 3 && random.chance(options.lose) }))
			break;
		counts.again++;
		if (!run.sending && Date.now() > run.endedAt + SENT_WITHIN_MS)
			return; // stays among those who wait, which is a fault
		await sleep(50);
	}
	run.waiting.delete(message.client_id);
	if (random.chance(0.03) && ledger.stored.has(message.client_id) && !options.lossy)
		await sendOther(run, user, conversation, message);
}

/* Checks that the same client_id with another text is refused. */
async function sendOther(run, user, conversation, message) {
	const reply = await restSend(run, user, conversation, { ...message, text: `${message.text}, or not` });

	run.counts.others++;
	if (reply.status >= 200 && reply.status < 300)
		run.ledger.fault("differs", "answer by REST", `"${message.client_id}" was accepted with another text: ${reply.status}`);
}

/* ---- receipts */

async function read(run) {
	const device = run.random.pick(run.devices);
	const newest = device.newest;

	if (!newest || device.gone.has(newest.conversation_id))
		return;
	const reply = await run.server.call("POST", `/v1/conversations/${newest.conversation_id}/read`, { token: device.token, body: { message_id: newest.id } });
	const key = `${newest.conversation_id} ${device.user.id}`;
	if (reply.status !== 200)
		return;
	run.counts.reads++;
	if (!(run.reads.get(key)?.id >= BigInt(newest.id)))
		run.reads.set(key, { id: BigInt(newest.id), at: Date.now() });
}

async function acknowledge(run) {
	for (const device of run.devices)
		if (run.random.chance(0.7))
			device.acknowledge();
}

/* ---- cuts, members, devices */

async function cut(run) {
	const how = run.random.pick(CUTS);

	run.counts.cuts++;
	run.counts.handshakes += how === "handshake";
	run.random.pick(run.devices).cut(how);
}

/*
 * Lets the guest of a group leave, be removed, or join again. Without a reply it reads the
 * result.
 */
async function moveGuest(run, group) {
	const token = group.owner.device.token;
	const path = `/v1/conversations/${group.id}`;
	if (!group.guestIn)
		await run.server.patient("POST", `${path}/members`, { token, body: { user_ids: [group.guest.id] } });
	else if (run.random.chance(0.5))
		await run.server.patient("DELETE", `${path}/members/${group.guest.id}`, { token });
	else
		await run.server.patient("POST", `${path}/leave`, { token: group.guest.device.token });
	const members = await run.server.patient("GET", `${path}/members?limit=200`, { token });
	if (members.status === 200) {
		group.guestIn = members.body.members.some((m) => m.user_id === group.guest.id);
		run.counts[group.guestIn ? "added" : "removed"]++;
	}
	if (members.status === 200 && !group.guestIn)
		await outside(run, group, group.guest, "a removed member");
}

/* Checks that a user who is not a member gets nothing by REST either. */
async function outside(run, conversation, user, who) {
	for (const [method, path, body] of [["GET", ""], ["GET", "/messages"], ["GET", "/members"], ["POST", "/messages", { client_id: "x", text: "let me in" }]]) {
		const reply = await run.server.call(method, `/v1/conversations/${conversation.id}${path}`, { token: user.device.token, body });
		run.counts.knocks++;
		if (reply.status >= 200 && reply.status < 300)
			run.ledger.fault("not_refused", `${method} …${path}`, `${who} (${user.label}) got ${reply.status} for ${run.ledger.name(conversation.id)}`);
	}
}

/*
 * Signs a device out from another one of its user; then all of it has to be over within the time
 * that is promised.
 */
async function revoke(run, device) {
	const ask = () => run.server.patient("DELETE", `/v1/devices/${device.id}`, { token: device.user.device.token });

	// from now on its streams may end, and from the answer on they must
	device.isRevoked = true;
	let reply = await ask();
	// A server may close a connection that is idle just when a request is sent on it. Whether
	// the request was carried out is then unknown.
	const isUnknown = reply.status === 0 && reply.why !== LATE;
	if (isUnknown)
		reply = await ask();
	device.revokedAt = Date.now();
	if (reply.status !== 204 && !(isUnknown && reply.status === 404)) {
		run.ledger.fault("broken", device.label, `could not be revoked: ${reply.status || reply.why}`);
		return;
	}
	run.counts.revoked++;
	await sleep(REVOKED_MS);
	if (device.stream.isOpen)
		device.fault("not_refused", `its stream is still open ${REVOKED_MS} ms after it was revoked`);
	const me = await run.server.patient("GET", "/v1/me", { token: device.token });
	if (me.status !== 401 && me.status !== 0)
		device.fault("not_refused", `GET /v1/me after it was revoked: ${me.status}`);
}

async function revokeAll(run) {
	const { seconds } = run.options;

	for (const device of run.revocable) {
		await sleep((seconds * 1000 * (0.3 + 0.4 * run.random.next())) / run.revocable.length);
		await revoke(run, device);
	}
}

/*
 * Somebody signs in on a new device in the middle of it all; no guest, whose memberships before
 * that are none of this device's.
 */
async function arriveLate(run) {
	const guests = new Set([...run.ledger.conversations.values()].map((c) => c.guest));
	const user = run.users.find((u) => !guests.has(u));

	await sleep(run.options.seconds * 400);
	if (!run.sending || !user)
		return;
	const device = await signIn(run, user);
	await device.listen(run.random.pick(run.options.transports));
	run.devices.push(device);
}

async function strangersKnock(run) {
	const conversation = run.random.pick([...run.ledger.conversations.values()]);

	await outside(run, conversation, run.stranger, "a stranger");
}

/*
 * Lets all of it happen until the sending ends; resolves when nothing of it is under way any more.
 */
export async function live(run) {
	const { options } = run;
	const groups = [...run.ledger.conversations.values()].filter((c) => c.guest);
	const sends = new Set();
	const start = async () => {
		const one = send(run).catch((error) => run.ledger.fault("broken", "a send", String(error)));
		sends.add(one);
		one.finally(() => sends.delete(one));
	};

	await Promise.all([
		often(run, options.rate, start),
		often(run, options.drop, () => cut(run)),
		...groups.map((group) => often(run, options.members / groups.length, () => moveGuest(run, group))),
		often(run, 1, () => acknowledge(run)),
		often(run, options.reads, () => read(run)),
		often(run, 0.3, () => strangersKnock(run)),
		revokeAll(run),
		options.revoke && arriveLate(run), // not with --lossy: a sign-in may be lost too
	]);
	run.endedAt = Date.now();
	await Promise.all(sends);
}
