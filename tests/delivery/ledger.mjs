// The ledger: sent and acknowledged messages, the order of each conversation, and every fault.
// SPDX-License-Identifier: MIT

/* The faults that are counted. Each kind belongs to one of the promises that the verdict lists. */
export const FAULTS = {
	missing: "no loss",
	unstored: "no loss",
	reset: "no loss",
	undelivered: "no loss",
	repeated: "no repeat",
	stored_twice: "no repeat",
	out_of_order: "one order",
	differs: "one order",
	backwards: "receipts",
	leaked: "no leak",
	not_refused: "no leak",
	broken: "answers",
};
export const PROMISES = [...new Set(Object.values(FAULTS))];

const SHOWN_MOST = 24;

export class Ledger {
	/* lossy: the database may lose its last messages once. */
	constructor({ lossy = false } = {}) {
		this.lossy = lossy;
		this.resets = []; // times of stream.reset
		this.lost = []; // acknowledged messages that the database has lost
		this.skipped = new Map(); // conversation → the highest seq that a snapshot covered
		this.wentBack = []; // marks that moved backward, to be judged at the end
		this.conversations = new Map(); // id → {id, title, owner, members, guest}
		// client id → {conversation, sender, text}, from before it is sent
		this.said = new Map();
		this.stored = new Map(); // client id → the message as it was acknowledged
		this.orders = new Map(); // conversation → seq → what stands there
		this.counts = Object.fromEntries(Object.keys(FAULTS).map((kind) => [kind, 0]));
		this.faults = [];
		this.delays = [];
	}

	/* where: a device or an answer. */
	fault(kind, where, what) {
		this.counts[kind]++;
		if (this.faults.length < SHOWN_MOST)
			this.faults.push({ kind, where, what });
	}

	say(clientId, conversation, sender, text) {
		this.said.set(clientId, { conversation, sender, text, at: Date.now() });
	}

	/* Stores a reply to a send. Each repeat must return the same message. */
	acknowledge(message, how) {
		const said = this.said.get(message.client_id);
		const before = this.stored.get(message.client_id);

		if (!said || said.text !== message.text || said.conversation !== message.conversation_id || said.sender !== message.sender_id)
			this.fault("differs", how, `answer to "${message.client_id}" is another message: ${JSON.stringify(message).slice(0, 200)}`);
		else if (before && this.lossy && BigInt(message.id) > BigInt(before.id))
			this.lose(before, { ...message, at: Date.now() });
		else if (before && (before.id !== message.id || before.seq !== message.seq))
			this.fault("stored_twice", how, `"${message.client_id}" is message ${before.id} (seq ${before.seq}) and ${message.id} (seq ${message.seq})`);
		else if (!before)
			this.stored.set(message.client_id, { ...message, at: Date.now() });
	}

	/*
	 * Returns the part of an event that is the same for all. A new member receives
	 * `conversation.created` where the others receive `member.added`.
	 */
	place(event, where) {
		const order = this.orders.get(event.conversation_id) ?? new Map();
		const isMessage = event.type === "message.created";
		const what = isMessage ? `${event.data.id} ${event.data.sender_id} ${event.data.client_id} ${event.data.text}` : "a change";
		let known = order.get(event.seq) ?? { what };
		if (this.lossy && isMessage && known.message && known.what !== what) {
			// The seq was used again after a loss: the message with the higher id is
			// the later one.
			if (BigInt(known.message.id) > BigInt(event.data.id))
				return;
			known = { what };
		}

		this.orders.set(event.conversation_id, order);
		order.set(event.seq, known);
		if (known.what !== what)
			this.fault("differs", where, `${this.name(event.conversation_id)} seq ${event.seq} is "${what.slice(0, 120)}", and elsewhere "${known.what.slice(0, 120)}"`);
		if (event.type === "member.added")
			known.added = event.data.members.map((m) => m.user_id);
		if (event.type === "member.removed")
			known.removed = event.data.user_id;
		if (isMessage)
			known.message = event.data;
		if (isMessage && this.said.get(event.data.client_id)?.text !== event.data.text)
			this.fault("differs", where, `${this.name(event.conversation_id)} seq ${event.seq} has a text that no device has sent: "${event.data.text.slice(0, 80)}"`);
	}

	/* Notes that an acknowledged message is lost, and which one is stored in its place. */
	lose(message, again) {
		this.lost.push(message);
		if (again)
			this.stored.set(message.client_id, again);
		else
			this.stored.delete(message.client_id);
	}

	/*
	 * Notes that a snapshot covered a conversation up to a seq: no device may have received
	 * these.
	 */
	skip(conversation, seq) {
		this.skipped.set(conversation, Math.max(this.skipped.get(conversation) ?? 0, seq));
	}

	/* The time when the last device learned of the loss. Earlier messages may be lost. */
	get lossKnownAt() {
		return this.resets.length ? Math.max(...this.resets) : 0;
	}

	/*
	 * Notes a mark that went back from its value at `at`. After a loss it may, so this is
	 * judged last.
	 */
	backwards(at, where, what) {
		this.wentBack.push({ at, where, what });
	}

	judgeBackwards() {
		for (const { at, where, what } of this.wentBack)
			if (at >= this.lossKnownAt)
				this.fault("backwards", where, what);
	}

	name(conversation) {
		const c = this.conversations.get(conversation);

		return c ? `${c.title} (${conversation})` : `conversation ${conversation}`;
	}

	/*
	 * Returns the first and last seq of a user's membership. `to` is Infinity for a present
	 * member.
	 */
	memberships(conversation, user) {
		const { initial } = this.conversations.get(conversation);
		const spans = initial.has(user) ? [{ from: 1, to: Infinity }] : [];
		const order = this.orders.get(conversation) ?? new Map();

		for (const seq of [...order.keys()].sort((a, b) => a - b)) {
			if (order.get(seq).added?.includes(user))
				spans.push({ from: seq, to: Infinity });
			if (order.get(seq).removed === user && spans.length)
				spans.at(-1).to = seq;
		}
		return spans;
	}

	get isGood() {
		return Object.values(this.counts).every((n) => n === 0);
	}
}

/* 1,2,3,7 as "1-3, 7"; not more than fits into a line. */
export function ranges(seqs) {
	const parts = [];

	for (const seq of seqs) {
		const last = parts.at(-1);
		if (last && last[1] === seq - 1)
			last[1] = seq;
		else
			parts.push([seq, seq]);
	}
	const text = parts.slice(0, 12).map(([a, b]) => (a === b ? `${a}` : `${a}-${b}`)).join(", ");
	return parts.length > 12 ? `${text}, … (${seqs.length} in all)` : text;
}
