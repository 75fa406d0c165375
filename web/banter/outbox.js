// Unsent messages: shown at once, kept over a reload, sent in order, and repeated until the server
// has stored or refused them.
// SPDX-License-Identifier: MIT
import { Problem } from "./api.js";
import { Keep } from "./keep.js";

/*
 * An entry is {client_id, conversation_id, text, created_at, state, problem?, code?, isUnkept?,
 * seq?}; its states:
 *   sending   waits for its turn or for a reply
 *   waiting   there was no reply; the send is repeated
 *   stored    the server has it; it leaves the outbox when the stream delivers it
 *   refused   the server has refused it; the user decides
 *
 * The client_id is what makes a retry safe: however often a message is sent, by whichever tab, it
 * is stored once. So it does not matter whether a reply was lost or the request, and every tab may
 * send what it finds in the storage.
 *
 * The outbox belongs to one user: it neither reads nor sends what another user of this browser has
 * left. `isUnkept` marks an entry that the browser had no room to keep: it is sent all the same,
 * but a reload loses it.
 */
export class Outbox {
	#pumps = new Map();   // conversation id -> {wake}, while something of it is being sent
	#kept;

	// onFull() is called when the browser could not keep a message; onFailure() when a send got
	// no reply.
	constructor({ user_id, base, send, onChange, onFull = () => {}, onFailure = () => {}, storage = localStorage }) {
		Object.assign(this, { send, onChange, onFull, onFailure });
		this.#kept = new Keep("outbox", user_id, { base, storage });
		this.entries = new Map();
	}

	// Loads the unsent messages of an earlier page of this user.
	start() {
		for (const key of this.#kept.keys()) {
			const entry = JSON.parse(this.#kept.get(key));
			if (entry.state === "waiting") entry.state = "sending";
			this.entries.set(entry.client_id, entry);
		}
		for (const entry of this.entries.values()) this.#pump(entry.conversation_id);
	}

	add(conversation_id, text) {
		const entry = { client_id: uniqueId(), conversation_id, text, created_at: new Date().toISOString(), state: "sending" };
		this.#change(entry, {});
		this.#pump(conversation_id);
	}

	retry(client_id) {
		const entry = this.entries.get(client_id);
		this.#change(entry, { state: "sending", problem: undefined, code: undefined });
		this.#pump(entry.conversation_id);
	}

	remove(client_id) {
		if (!this.entries.delete(client_id)) return;
		this.#kept.delete(client_id);
		this.onChange();
	}

	// Removes the stored entries of a conversation up to `seq`, which the stream or history has
	// delivered.
	settle(conversation_id, seq, client_id) {
		for (const entry of this.of(conversation_id)) {
			if (entry.client_id === client_id || (entry.state === "stored" && entry.seq <= seq)) this.remove(entry.client_id);
		}
	}

	of(conversation_id) {
		return [...this.entries.values()].filter((entry) => entry.conversation_id === conversation_id);
	}

	// Returns how many messages the server does not have yet.
	get unsent() {
		return [...this.entries.values()].filter(({ state }) => state !== "stored").length;
	}

	// Returns whether a reload would lose a message.
	get isAtRisk() {
		return [...this.entries.values()].some(({ state, isUnkept }) => isUnkept && state !== "stored");
	}

	// Deletes everything that this user has not sent.
	clear() {
		this.entries.clear();
		this.#kept.clear();
	}

	// Sends at once when the network is back, without the rest of the pauses.
	wake() {
		for (const pump of this.#pumps.values()) pump.wake();
	}

	stop() {
		this.entries.clear();
		this.wake();
	}

	#change(entry, change) {
		Object.assign(entry, change);
		this.entries.set(entry.client_id, entry);
		const wasUnkept = entry.isUnkept;
		entry.isUnkept = !this.#kept.set(entry.client_id, JSON.stringify({ ...entry, isUnkept: undefined }));
		if (entry.isUnkept && !wasUnkept) this.onFull();
		this.onChange();
	}

	// Sends one message at a time in each conversation, to keep their order.
	async #pump(conversation_id) {
		if (this.#pumps.has(conversation_id)) return;
		const pump = { wake: () => {} };
		this.#pumps.set(conversation_id, pump);
		for (let failures = 0, entry; (entry = this.#next(conversation_id)); ) {
			const problem = await this.#try(entry);
			failures = problem?.isTemporary ? failures + 1 : 0;
			if (failures) await pauseOf(pump, problem.retryAfter * 1000 + Math.random() * Math.min(30_000, 500 * 2 ** failures));
		}
		this.#pumps.delete(conversation_id);
	}

	#next(conversation_id) {
		return this.of(conversation_id).find(({ state }) => state === "sending" || state === "waiting");
	}

	async #try(entry) {
		const { client_id, text } = entry;
		try {
			const message = await this.send(entry.conversation_id, { client_id, text });
			if (this.entries.has(client_id)) this.#change(entry, { state: "stored", seq: message.seq });
			return null;
		} catch (problem) {
			if (!(problem instanceof Problem)) throw problem;
			if (problem.status === 0) this.onFailure();
			const { message, code } = problem;
			if (this.entries.has(client_id)) this.#change(entry, problem.isTemporary ? { state: "waiting" } : { state: "refused", problem: message, code });
			return problem;
		}
	}
}

const pauseOf = (pump, ms) =>
	new Promise((done) => {
		const timer = setTimeout(done, ms);
		pump.wake = () => (clearTimeout(timer), done());
	});

// crypto.randomUUID exists on https and localhost only; this works on plain http as well.
const uniqueId = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
