// A device: signed in, with a stream on one transport after another. It checks each event that it
// receives.
// SPDX-License-Identifier: MIT
import { Stream } from "../support/clients/streams.mjs";
import { sleep } from "./server.mjs";

const ANSWER_MS = 10_000; // to a message.send
const RESTART_MS = 100; // between two tries to get a snapshot
const ENDS_WITHIN_MS = 1500; // a revoked device's streams: one second as promised, and the way

export class Device {
	/*
	 * run: {server, ledger, random, options, noted(device, note)}; signed: the answer to
	 * register or login.
	 */
	constructor(run, user, name, signed) {
		Object.assign(this, { run, user, name });
		this.id = signed.device_id;
		this.token = signed.access_token;
		this.refreshToken = signed.refresh_token;
		this.from = new Map(); // conversation → the seq that its snapshot had
		this.heard = new Map(); // conversation → seqs in the order of arrival
		// conversation → seq → id of the message that was received there
		this.shown = new Map();
		this.last = new Map(); // conversation → the highest
		this.gone = new Set(); // conversations that it was removed from
		this.marks = new Map(); // "conversation user" → {delivered, read, at}, the greatest
		this.streamMarks = new Map(); // the same as the present stream has told them
		this.answers = new Map(); // client id → who waits for the message.sent
		this.isReady = this.isOver = false;
		this.events = { ws: 0, sse: 0, poll: 0 };
	}

	get label() {
		return `${this.name}, on ${this.stream.transport}`;
	}

	/* Takes a snapshot and listens from there. */
	async listen(transport) {
		const { server, options } = this.run;
		const snapshot = await server.must("GET", "/v1/sync", { token: this.token });

		for (const c of snapshot.conversations) {
			this.from.set(c.id, c.last_seq);
			this.run.ledger.skip(c.id, c.last_seq);
			this.last.set(c.id, c.last_seq);
		}
		const stream = new Stream({
			url: options.streams[0], transport, token: this.token, since: snapshot.cursor, reconnect: true, patient: true, deflate: false,
			onEvent: (event) => stream.ended || this.hear(event),
			onNote: (note) => this.note(note),
			onEnd: () => this.ended(),
		});
		this.stream = stream;
		stream.open();
	}

	/*
	 * Begins again with a snapshot, as docs/events.md asks a client to do after stream.reset.
	 */
	async restart() {
		const { transport } = this.stream;

		this.stream.end();
		this.stream.isOpen = this.isReady = false;
		for (const kept of [this.from, this.heard, this.shown, this.last, this.marks, this.streamMarks])
			kept.clear();
		while (!this.isOver) {
			try {
				return await this.listen(transport);
			} catch {
				await sleep(RESTART_MS);
			}
		}
	}

	end() {
		this.isOver = true;
		this.stream?.end();
	}

	/* ---- receiving */

	hear(event) {
		this.events[this.stream.transport]++;
		if (this.revokedAt && Date.now() - this.revokedAt > ENDS_WITHIN_MS)
			this.fault("leaked", `received ${event.type} ${Date.now() - this.revokedAt} ms after it was revoked`);
		if (event.seq !== undefined)
			this.hearDurable(event);
		else if (event.type === "receipt.updated" || event.type === "conversation.read")
			this.hearMarks(event);
		else if (event.type === "message.sent" || event.type === "error")
			this.answers.get(event.client_id)?.(event);
		else if (event.type === "stream.reset")
			this.hearReset(event.data);
		else if (event.type === "stream.bye" || event.type === "stream.ready")
			this.run.noted(this, { client: event.type, code: event.data.code });
		// The answer to its own send may arrive after its removal, and is no leak.
		if (event.data?.conversation_id && event.seq === undefined && this.gone.has(event.data.conversation_id) && event.data.sender_id !== this.user.id)
			this.fault("leaked", `received ${event.type} of ${this.run.ledger.name(event.data.conversation_id)}, which it has left`);
	}

	hearReset(data) {
		if (!this.run.options.lossy || data.reason !== "ahead") {
			this.fault("reset", `its cursor was refused: ${JSON.stringify(data)}`);
			return;
		}
		this.run.ledger.resets.push(Date.now());
		this.restart();
	}

	hearDurable(event) {
		const { conversation_id: conversation, seq } = event;
		const { ledger } = this.run;
		const last = this.last.get(conversation) ?? 0;
		const begins = event.type === "conversation.created";
		const place = `${event.type} seq ${seq} of ${ledger.name(conversation)}`;

		ledger.place(event, this.label);
		if (seq <= (this.from.get(conversation) ?? 0))
			return; // a snapshot may be newer than its cursor
		this.heardList(conversation).push(seq);
		if (this.isStranger)
			this.fault("leaked", `a stranger received ${place}`);
		if (seq <= last)
			this.fault(this.heardList(conversation).indexOf(seq) < this.heardList(conversation).length - 1 ? "repeated" : "out_of_order", `${place} after seq ${last}`);
		else if (seq !== last + 1 && !begins)
			this.fault("out_of_order", `${place} directly after seq ${last}`);
		if (this.gone.has(conversation) && !begins)
			this.fault("leaked", `received ${place} after it was removed`);
		this.last.set(conversation, Math.max(last, seq));
		if (begins)
			this.gone.delete(conversation);
		if (event.type === "member.removed" && event.data.user_id === this.user.id)
			this.gone.add(conversation);
		for (const member of event.type === "member.added" ? event.data.members : [])
			// a rejoin begins with new marks
			this.forgetMarks(`${conversation} ${member.user_id}`);
		if (begins)
			this.forgetMarks(`${conversation} ${this.user.id}`);
		this.hearMessage(event);
	}

	hearMessage(event) {
		if (event.type !== "message.created")
			return;
		this.newest = event.data;
		if (!this.shown.has(event.conversation_id))
			this.shown.set(event.conversation_id, new Map());
		this.shown.get(event.conversation_id).set(event.seq, event.data.id);
		const said = this.run.ledger.said.get(event.data.client_id);
		if (said)
			this.run.ledger.delays.push(Date.now() - said.at);
	}

	heardList(conversation) {
		if (!this.heard.has(conversation))
			this.heard.set(conversation, []);
		return this.heard.get(conversation);
	}

	hearMarks(event) {
		const { conversation_id: conversation } = event.data;
		const rows = event.type === "conversation.read" ? [{ user_id: this.user.id, read_id: event.data.read_id }] : event.data.receipts ?? [];

		for (const row of rows) {
			const key = `${conversation} ${row.user_id}`;
			const before = this.streamMarks.get(key) ?? { delivered: 0n, read: 0n, at: 0 };
			const now = { delivered: BigInt(row.delivered_id ?? before.delivered), read: BigInt(row.read_id), at: Date.now() };
			if (now.delivered < before.delivered || now.read < before.read)
				this.run.ledger.backwards(before.at, this.label, `${event.type} of ${this.run.ledger.name(conversation)} for user ${row.user_id}: `
					+ `delivered ${before.delivered} → ${now.delivered}, read ${before.read} → ${now.read}`);
			// The next poll may reach another process, which is another stream.
			if (this.stream.transport !== "poll")
				this.streamMarks.set(key, now);
			this.keepGreater(key, now);
		}
	}

	/*
	 * Keeps the greater value of each mark: docs/events.md, section 8, lets another stream tell
	 * a lower one.
	 */
	keepGreater(key, now) {
		const { delivered, read } = this.marks.get(key) ?? { delivered: 0n, read: 0n };

		this.marks.set(key, { delivered: now.delivered > delivered ? now.delivered : delivered, read: now.read > read ? now.read : read, at: now.at });
	}

	forgetMarks(key) {
		this.marks.delete(key);
		this.streamMarks.delete(key);
	}

	fault(kind, what) {
		this.run.ledger.fault(kind, this.label, what);
	}

	/* ---- connecting */

	note(note) {
		const { random, options, noted } = this.run;

		noted(this, note);
		if (note.client === "closed")
			this.streamMarks.clear();
		if (note.client === "open") {
			this.isReady = true;
			if (this.revokedAt && Date.now() - this.revokedAt > ENDS_WITHIN_MS && this.stream.transport !== "ws")
				this.fault("not_refused", "opened a stream after it was revoked");
		}
		if (note.client !== "closed")
			return;
		for (const answer of this.answers.values())
			answer({ type: "lost" });
		if (note.code === 4003)
			this.refresh();
		this.stream.url = random.pick(options.streams);
		if (!this.staysOn)
			this.stream.transport = random.pick(options.transports);
		if (this.cutAgain)
			this.cutSoon();
	}

	/*
	 * Handles a final refusal: right for a revoked device; else the device needs a new token.
	 */
	async ended() {
		if (this.isOver || this.isRevoked)
			return;
		if (await this.refresh())
			this.stream.open();
		else
			this.fault("broken", "its stream ended with a final code, though the device is not revoked");
	}

	async refresh() {
		const reply = await this.run.server.patient("POST", "/v1/auth/refresh", { body: { refresh_token: this.refreshToken } });

		if (reply.status !== 200)
			return false;
		this.token = this.stream.token = reply.body.access_token;
		this.refreshToken = reply.body.refresh_token;
		return true;
	}

	/*
	 * Cuts its connection: a close that the peer sees, a reset, or that and the next ones while
	 * they open.
	 */
	cut(how) {
		const socket = this.stream.socket?._socket;

		if (how === "handshake")
			this.cutAgain = 1 + this.run.random.below(3);
		if (how === "reset" && socket && !socket.destroyed)
			socket.resetAndDestroy();
		else
			this.stream.drop?.();
	}

	cutSoon() {
		const opened = this.stream.opened;
		const wait = this.run.random.below(25);
		const look = () => {
			if (this.isOver || this.stream.ended)
				return;
			if (this.stream.opened === opened) {
				setTimeout(look, 5);
				return;
			}
			setTimeout(() => this.stream.isOpen && this.stream.drop?.(), wait);
		};

		this.cutAgain--;
		look();
	}

	/* ---- sending */

	get canSend() {
		return this.stream?.transport === "ws" && this.isReady && this.stream.socket?.readyState === 1 && this.stream.isOpen && !this.revokedAt;
	}

	frame(frame) {
		if (this.canSend)
			this.stream.order(JSON.stringify(frame));
	}

	/* Sends a message by WebSocket. Returns the answer, or {type: "lost"}. */
	sendUp(frame) {
		const answer = new Promise((done) => {
			const timer = setTimeout(() => done({ type: "lost" }), ANSWER_MS);
			this.answers.set(frame.client_id, (event) => {
				clearTimeout(timer);
				this.answers.delete(frame.client_id);
				done(event);
			});
		});

		this.frame({ type: "message.send", ...frame });
		return answer;
	}

	/* Acknowledges the received events: by a frame, by a poll's own cursor, or by REST. */
	async acknowledge() {
		const cursor = this.stream.cursor;

		if (!cursor || cursor === this.acknowledged || this.revokedAt)
			return;
		this.acknowledged = cursor;
		if (this.canSend)
			this.frame({ type: "ack", cursor });
		else if (this.stream.transport === "sse")
			await this.run.server.call("POST", "/v1/receipts", { token: this.token, body: { cursor } });
	}
}
