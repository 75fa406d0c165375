// Messages on their way out: shown at once, kept over a reload, sent in order, and sent again until the server has said yes or no.
// SPDX-License-Identifier: MIT
import { Problem } from "./api.js";

/*
 * An entry is {client_id, conversation_id, text, created_at, state, problem?, seq?}; its states:
 *   sending   waits for its turn or for an answer
 *   waiting   there was no answer; it is tried again
 *   stored    the server has it; it leaves the outbox when the stream brings it
 *   refused   the server will not have it; the user decides
 *
 * The client_id is what makes a retry safe: however often a message is sent, by whichever tab, it is stored once. So nothing here has to
 * know whether an answer was lost or the request, and every tab may send what it finds in the storage.
 */
export class Outbox {
	#pumps = new Map();   // conversation id -> {wake}, while something of it is being sent
	#storage;

	constructor({ send, onChange, storage = localStorage }) {
		Object.assign(this, { send, onChange });
		this.#storage = storage;
		this.entries = new Map();
	}

	// Takes up what an earlier page has left.
	start() {
		for (const name of Object.keys(this.#storage).filter((key) => key.startsWith(PREFIX))) {
			const entry = JSON.parse(this.#storage.getItem(name));
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
		this.#change(entry, { state: "sending", problem: undefined });
		this.#pump(entry.conversation_id);
	}

	remove(client_id) {
		if (!this.entries.delete(client_id)) return;
		this.#storage.removeItem(PREFIX + client_id);
		this.onChange();
	}

	// The stream, or history, has brought everything of this conversation up to `seq`.
	settle(conversation_id, seq, client_id) {
		for (const entry of this.of(conversation_id)) {
			if (entry.client_id === client_id || (entry.state === "stored" && entry.seq <= seq)) this.remove(entry.client_id);
		}
	}

	of(conversation_id) {
		return [...this.entries.values()].filter((entry) => entry.conversation_id === conversation_id);
	}

	// The network is back: do not sit out the pauses.
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
		this.#storage.setItem(PREFIX + entry.client_id, JSON.stringify(entry));
		this.onChange();
	}

	// One at a time in each conversation, or the order of writing would be lost.
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
			if (this.entries.has(client_id)) this.#change(entry, problem.isTemporary ? { state: "waiting" } : { state: "refused", problem: problem.message });
			return problem;
		}
	}
}

const PREFIX = "banter.outbox.";

const pauseOf = (pump, ms) =>
	new Promise((done) => {
		const timer = setTimeout(done, ms);
		pump.wake = () => (clearTimeout(timer), done());
	});

// crypto.randomUUID exists on https and localhost only; this works on plain http as well.
const uniqueId = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
