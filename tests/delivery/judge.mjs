// The verdict: compares the events of each device with its memberships and with history, and finds
// leaks.
// SPDX-License-Identifier: MIT
import { ranges } from "./ledger.mjs";

/*
 * Returns the seqs that a device must have received in a conversation, from the times of its
 * membership and its first cursor.
 */
function expected(ledger, device, conversation) {
	const last = ledger.conversations.get(conversation).last ?? 0;
	const seqs = [];

	for (const span of ledger.memberships(conversation, device.user.id))
		for (let seq = Math.max(span.from, (device.from.get(conversation) ?? 0) + 1); seq <= Math.min(span.to, last); seq++)
			seqs.push(seq);
	return seqs;
}

export function lacking(ledger, device, conversation) {
	const heard = new Set(device.heard.get(conversation));

	return expected(ledger, device, conversation).filter((seq) => !heard.has(seq));
}

/* Returns the conversations in which a device still lacks an event. */
export function lacksAnything(ledger, device) {
	return !device.revokedAt && [...ledger.conversations.keys()].some((c) => lacking(ledger, device, c).length > 0);
}

function messagesAt(ledger, conversation, seqs) {
	const order = ledger.orders.get(conversation) ?? new Map();
	const names = seqs.slice(0, 5).map((seq) => order.get(seq)?.message?.client_id ?? "a change");

	return `${names.join(", ")}${seqs.length > 5 ? ", …" : ""}`;
}

/* Checks each device for losses and leaks. */
function judgeDevice(ledger, device) {
	for (const conversation of ledger.conversations.keys()) {
		const missing = device.revokedAt ? [] : lacking(ledger, device, conversation);
		const allowed = new Set(expected(ledger, device, conversation));
		const extra = [...new Set(device.heard.get(conversation) ?? [])].filter((seq) => !allowed.has(seq));

		if (missing.length)
			device.fault("missing", `never received seq ${ranges(missing)} of ${ledger.name(conversation)}: ${messagesAt(ledger, conversation, missing)}`);
		if (extra.length)
			device.fault("leaked", `received seq ${ranges(extra)} of ${ledger.name(conversation)}, where its user was not a member: ${messagesAt(ledger, conversation, extra)}`);
	}
	for (const conversation of device.heard.keys())
		if (!ledger.conversations.has(conversation) && !device.isStranger)
			device.fault("leaked", `received an event of ${conversation}, which is not of this run`);
}

async function history(server, conversation, token) {
	const found = [];

	for (let before = "", more = true; more;) {
		const page = await server.must("GET", `/v1/conversations/${conversation}/messages?limit=200${before}`, { token });
		found.unshift(...page.messages);
		more = page.has_more;
		before = `&before=${page.messages[0]?.id}`;
	}
	return found;
}

/*
 * Checks that history holds each acknowledged message once, at the seq that the streams had.
 */
async function judgeHistory(run, conversation, token) {
	const { ledger, server } = run;
	const messages = await history(server, conversation, token);
	const order = ledger.orders.get(conversation) ?? new Map();
	const byClientId = new Map();
	const where = `history of ${ledger.name(conversation)}`;

	for (const m of messages) {
		const said = ledger.said.get(m.client_id);
		const heard = order.get(m.seq)?.message;
		if (byClientId.has(m.client_id))
			ledger.fault("stored_twice", where, `"${m.client_id}" is stored as seq ${byClientId.get(m.client_id).seq} and as seq ${m.seq}`);
		byClientId.set(m.client_id, m);
		if (!said || said.text !== m.text || said.sender !== m.sender_id)
			ledger.fault("differs", where, `seq ${m.seq} is a message that no device has sent`);
		// After a loss a snapshot may cover what stands at this seq now; judgeShown says
		// that no device kept the former.
		const isSkipped = ledger.lossy && m.seq <= ledger.skipped.get(conversation);
		if (heard && heard.id !== m.id && !(isSkipped && BigInt(heard.id) < BigInt(m.id)))
			ledger.fault("differs", where, `seq ${m.seq} is message ${m.id}, streams delivered ${heard.id}`);
		if (!heard && !isSkipped)
			ledger.fault("undelivered", where, `seq ${m.seq}, "${m.client_id}", was received by no device`);
	}
	judgeLost(ledger, conversation, messages);
	for (const m of ledger.stored.values())
		if (m.conversation_id === conversation && byClientId.get(m.client_id)?.seq !== m.seq)
			ledger.fault("unstored", where, `"${m.client_id}" was acknowledged as seq ${m.seq}; history has ${byClientId.get(m.client_id)?.seq ?? "nothing"}`);
	for (const device of run.devices)
		judgeShown(device, conversation, new Map(messages.map((m) => [m.seq, m.id])));
}

/*
 * Checks a loss: only acknowledged messages before a stream said so are lost, and only the end
 * of a conversation.
 */
function judgeLost(ledger, conversation, messages) {
	const where = `history of ${ledger.name(conversation)}`;
	const ids = new Set(messages.map((m) => m.id));

	if (!ledger.resets.length)
		return;
	for (const m of [...ledger.stored.values()])
		if (m.conversation_id === conversation && !ids.has(m.id) && m.at < ledger.lossKnownAt)
			ledger.lose(m);
	for (const lost of ledger.lost.filter((m) => m.conversation_id === conversation)) {
		const later = messages.find((m) => m.seq >= lost.seq && BigInt(m.id) < BigInt(lost.id));
		if (later)
			ledger.fault("unstored", where, `"${lost.client_id}" is lost as seq ${lost.seq}, though seq ${later.seq} of before is there`);
	}
}

/* Checks that no device keeps a message that the database does not have at this seq. */
function judgeShown(device, conversation, ids) {
	for (const [seq, id] of device.shown.get(conversation) ?? [])
		if (ids.get(seq) !== id)
			device.fault("differs", `received message ${id} as seq ${seq} of ${device.run.ledger.name(conversation)}; history has ${ids.get(seq) ?? "nothing"} there`);
}

/* Checks 0 ≤ read ≤ delivered ≤ last, and that no mark is below one that a device received. */
async function judgeMarks(run, conversation, token) {
	const { ledger, server, devices, reads } = run;
	const { members } = await server.must("GET", `/v1/conversations/${conversation}/members?limit=200`, { token });
	const { last_message: newest, last_seq: end } = await server.must("GET", `/v1/conversations/${conversation}`, { token });
	// marks count every event; only of messages is the id known
	const last = newest?.seq === end && BigInt(newest.id);
	const where = `members of ${ledger.name(conversation)}`;

	for (const m of members) {
		const [delivered, read] = [BigInt(m.delivered_id), BigInt(m.read_id)];
		if (read > delivered || (last && delivered > last))
			ledger.fault("backwards", where, `user ${m.user_id}: read ${read}, delivered ${delivered}, last ${last}`);
		if (ledger.memberships(conversation, m.user_id).length > 1)
			continue; // a rejoin began with new marks
		for (const device of devices) {
			const known = device.marks.get(`${conversation} ${m.user_id}`);
			if (known && (known.delivered > delivered || known.read > read))
				ledger.backwards(known.at, where, `user ${m.user_id}: now delivered ${delivered}, read ${read}; ${device.label} received ${known.delivered}, ${known.read}`);
		}
		const acknowledged = reads.get(`${conversation} ${m.user_id}`);
		if (acknowledged && acknowledged.id > read)
			ledger.backwards(acknowledged.at, where, `user ${m.user_id} has an acknowledged read mark ${acknowledged.id}; now it is ${read}`);
	}
}

/* Finds messages of users who were not members. */
function judgeSenders(ledger, conversation) {
	for (const [seq, at] of ledger.orders.get(conversation) ?? []) {
		const sender = at.message?.sender_id;
		if (sender && !ledger.memberships(conversation, sender).some((span) => seq > span.from && seq < span.to))
			ledger.fault("leaked", `order of ${ledger.name(conversation)}`, `seq ${seq} is of user ${sender}, who was not a member`);
	}
}

/* Reads the last seq of every conversation, to know which events are still missing. */
export async function readEnds(run) {
	for (const c of run.ledger.conversations.values())
		c.last = (await run.server.must("GET", `/v1/conversations/${c.id}`, { token: c.owner.device.token })).last_seq;
}

export async function judge(run) {
	const { ledger, devices, revocable, strangers } = run;

	for (const device of [...devices, ...revocable, ...strangers])
		judgeDevice(ledger, device);
	for (const c of ledger.conversations.values()) {
		const token = c.owner.device.token;
		judgeSenders(ledger, c.id);
		await judgeHistory(run, c.id, token);
		await judgeMarks(run, c.id, token);
	}
	ledger.judgeBackwards();
}
