// A signed-in client: it joins the API, the stream, the store and the outbox, and notifies the page
// of changes.
// SPDX-License-Identifier: MIT
import { Outbox } from "./outbox.js";
import { compareIds, Store } from "./store.js";
import { Stream } from "./stream.js";

const ACK_MS = 500;          // how long an acknowledgement waits for the next one
const SAVE_MS = 500;
const TYPING_MS = 3_500;     // the server shows it for 6 s
const WATCHED = 500;         // people, by the limit of presence.watch
const NAMED = 100;           // members, up to which receipts come by name
const PAGE = 50;             // messages and conversations in a page: the server's default
const LONG_PAGE = 200;       // the most messages in one page
// how many pages opening a conversation reads to reach its first unread message
const UNREAD_PAGES = 10;
const INBOX_PAGES = 10;      // how many pages of the inbox a resume reads to set the counts right
const FULL = "This browser has no room left. Keep this page open until everything is sent.";

/*
 * const client = new Client({ api, onChange, onConnection, onMessage, onNotice, onSignedOut });
 * client.start();
 *
 * Then read `client.store` and `client.outbox`, and call the verbs below. The callbacks:
 *   onChange()                       something in the store or the outbox is different
 *   onConnection(state, detail)      as in Stream; "live" again, with { health }, when a part of
 *                                    the server fails or recovers, and with { isSuspect: true }
 *                                    when the browser reports that there is no network
 *   onMessage(message)               another user has sent a message
 *   onNotice(text)                   a notice for the user
 *   onSignedOut()                    this device is no longer signed in
 */
export class Client {
	// conversation id -> events that wait until the conversation is known
	#strangers = new Map();
	// conversation id -> the message of the last request to mark as read
	#reading = new Map();
	#timers = {};
	#acked = null;
	#hole = null;
	#typedAt = 0;

	constructor({ api, base = "", tab = sessionStorage, ...callbacks }) {
		Object.assign(this, { api, base, tab, connection: "connecting" }, callbacks);
		this.stream = new Stream({
			base,
			ticket: async () => (await api.ticket()).ticket,
			cursor: () => this.#cursor(),
			probe: () => this.#watch(),
			onEvent: (event) => this.#onEvent(event),
			onState: (state, detail) => this.#onState(state, detail),
		});
	}

	start() {
		const { user, device_id } = this.api.session.get();
		this.device_id = device_id;
		this.outbox = new Outbox({
			user_id: user.id,
			base: this.base,
			send: (id, message) => this.api.send(id, message),
			onChange: () => this.onChange(),
			onFull: () => this.onNotice(FULL),
			onFailure: () => this.stream.wake(),
		});
		this.store = this.#restore();
		this.outbox.start();
		this.#settle();
		this.stream.start();
	}

	// Stops the client on this page. The device stays signed in.
	stop() {
		this.stream.stop();
		this.outbox.stop();
		Object.values(this.#timers).forEach(clearTimeout);
		this.#timers = {};
		this.tab.removeItem(this.#place);
	}

	// Returns whether this device is still signed in. Another tab may have signed out and
	// another user in.
	isCurrent() {
		return this.api.session.get()?.device_id === this.device_id;
	}

	wake() {
		this.stream.wake();
		this.outbox.wake();
	}

	// Handles the browser's report that there is no network: shows it at once, and probes the
	// server.
	offline() {
		if (this.connection !== "live") return;
		this.onConnection("live", { isSuspect: true });
		this.stream.suspect();
	}

	// ---- the state in this tab: after a reload the stream resumes where it stopped ----

	// Returns the name of the record. Each path of a host has a Banter of its own.
	get #place() {
		return `banter.state${this.base}`;
	}

	#restore() {
		try {
			const kept = JSON.parse(this.tab.getItem(this.#place));
			if (kept?.device_id === this.device_id) return Store.load(kept.state);
		} catch {
			this.tab.removeItem(this.#place);   // of another version of this page
		}
		return new Store(this.api.session.get().user);
	}

	save() {
		clearTimeout(this.#timers.save);
		this.#timers.save = null;
		if (!this.isCurrent() || !this.store.cursor) return;
		try {
			this.tab.setItem(this.#place, JSON.stringify({ device_id: this.device_id, state: this.store.save() }));
		} catch {
			// it is full: the next page begins with a snapshot
			this.tab.removeItem(this.#place);
		}
	}

	// ---- the stream ----

	// Returns the cursor to resume from. Without one, takes a snapshot.
	async #cursor() {
		if (!this.store.cursor) {
			this.store.replace(await this.api.sync());
			this.#settle();
			this.#changed();
		}
		return this.store.cursor;
	}

	#onState(state, detail) {
		this.connection = state;
		if (state === "live") this.#resumed();
		if (state === "ended" && (detail.problem?.isSignedOut || detail.code === 4501)) return this.onSignedOut();
		this.onConnection(state, detail);
	}

	// Queries what is not replayed: who is online, what other devices have read, how far
	// messages have come.
	async #resumed() {
		this.outbox.wake();
		this.stream.send(this.#watch());
		this.setAway(this.isAway);
		this.store.typing.clear();
		this.#reading.clear();
		await this.#refresh();
		if (this.current) await this.#quietly(() => this.open(this.current));
	}

	// Reads the inbox again, as far as the last conversation that counts as unread here.
	// Another device may have read it without an event.
	async #refresh() {
		const stale = new Set(this.store.inbox().filter((c) => c.unread_count).map((c) => c.id));
		await this.#quietly(async () => {
			let last;
			for (let page = 0; page < INBOX_PAGES && (page === 0 || (last && stale.size)); page++) {
				const { conversations, has_more } = await this.api.conversations(last);
				for (const c of conversations) {
					this.store.learnConversation(c);
					stale.delete(c.id);
				}
				last = has_more && conversations.at(-1);
			}
		});
	}

	// Reads presence again after Redis was unavailable, because ephemeral events were lost.
	#onHealth(health) {
		const wasLate = this.health?.redis === "degraded";
		this.health = health;
		this.onConnection("live", { health });
		if (wasLate && health.redis !== "degraded") this.#resumed();
	}

	// Removes from the outbox the messages that the server has stored already.
	#settle() {
		for (const c of this.store.conversations.values()) this.outbox.settle(c.id, c.heard);
	}

	#onEvent(event) {
		if (event.type === "stream.ready") this.store.cursor = event.data.cursor;
		else if (event.type === "stream.reset") return this.#begin();
		else if (event.type === "stream.health") this.#onHealth(event.data);
		else if (event.seq) return this.#onDurable(event);
		else this.store.notice(event);
		this.#changed();
	}

	// Deletes the cursor and reopens the stream, which takes a snapshot.
	#begin() {
		this.store.cursor = null;
		return false;
	}

	#onDurable(event) {
		const waiting = this.#strangers.get(event.conversation_id);
		if (waiting) return void waiting.push(event);
		const before = this.store.conversations.get(event.conversation_id);
		const result = this.store.apply(event);
		if (result === "hole") return this.#onHole(event);
		if (result === "stranger") return void this.#introduce(event);
		if (result === "applied") this.#notify(event, before);
		const { sender_id, client_id } = event.data;
		this.outbox.settle(event.conversation_id, event.seq, sender_id === this.store.me.id ? client_id : undefined);
		this.#changed();
		this.#acknowledge();
	}

	// Resumes from the cursor once; when the same hole is found again, from a snapshot.
	#onHole({ conversation_id, seq }) {
		const hole = `${conversation_id} ${seq}`;
		if (hole === this.#hole) return this.#begin();
		this.#hole = hole;
		return false;
	}

	// Reads a conversation that was not on the page of the inbox, then applies the events that
	// have arrived meanwhile.
	async #introduce(event) {
		const id = event.conversation_id;
		this.#strangers.set(id, [event]);
		await this.#quietly(async () => this.store.learnConversation(await this.api.conversation(id)));
		const events = this.#strangers.get(id);
		this.#strangers.delete(id);
		// The user is no member any more, so there is nothing to show.
		if (this.store.conversations.has(id)) for (const one of events) this.#onDurable(one);
	}

	#notify({ type, conversation_id, data }, before) {
		const { me } = this.store;
		if (type === "message.created" && data.sender_id !== me.id) this.onMessage(data);
		if (this.store.conversations.has(conversation_id)) {
			if (type.startsWith("member.") || type.startsWith("conversation.")) this.stream.send(this.#watch());
		} else if (data.removed_by !== me.id && data.deleted_by !== me.id) {
			this.onNotice(`You are no longer in ${this.store.title(before)}.`);
		}
	}

	// Acknowledges received events. One acknowledgement covers everything before it, so they
	// are coalesced.
	#acknowledge() {
		this.#timers.ack ??= setTimeout(() => {
			this.#timers.ack = null;
			if (this.#acked === this.store.cursor) return;
			this.#acked = this.store.cursor;
			this.stream.send({ type: "ack", cursor: this.#acked });
		}, ACK_MS);
	}

	// Returns the users whose presence is shown: of the open conversation first, then of the
	// inbox from the top.
	#watch() {
		const others = this.store.inbox().flatMap((c) => (c.kind === "direct" ? this.store.peers(c.id) : []));
		return { type: "presence.watch", user_ids: [...new Set([...this.store.peers(this.current), ...others])].slice(0, WATCHED) };
	}

	#changed() {
		this.#timers.save ??= setTimeout(() => this.save(), SAVE_MS);
		this.onChange();
	}

	// Runs work that may fail, because the next resume repeats it.
	async #quietly(work) {
		try {
			await work();
			this.#changed();
		} catch (problem) {
			if (problem.isSignedOut) this.onSignedOut();
			else if (problem.status === undefined) throw problem;
		}
	}

	// ---- verbs ----

	// Opens a conversation: reads its newest messages, its members and their marks. Throws a
	// Problem. Before the first snapshot it only stores which one to open, and the resume reads
	// it.
	async open(id) {
		this.current = id;
		if (!this.store.cursor) return;
		if (!this.store.conversations.has(id)) this.store.learnConversation(await this.api.conversation(id));
		await Promise.all([this.#loadMembers(id), this.#loadUnread(id)]);
		this.stream.send(this.#watch());
		this.#changed();
	}

	close() {
		this.current = null;
	}

	// Returns the presence of a person, or, while the stream is not live, only when they were
	// last seen.
	presenceOf(user_id) {
		const { presence, users } = this.store;
		const { last_seen } = presence.get(user_id) ?? users.get(user_id) ?? {};
		return this.connection === "live" ? (presence.get(user_id) ?? users.get(user_id)) : { last_seen };
	}

	// Reads the next page upwards.
	older(id) {
		return this.#loadMessages(id, this.store.window(id).messages[0]?.id);
	}

	// Reads the newest messages, and pages upwards until the first unread one is among them.
	async #loadUnread(id) {
		const unread = this.store.conversations.get(id).unread_count;
		if (!this.store.window(id).loaded) await this.#loadMessages(id, undefined, Math.min(LONG_PAGE, Math.max(PAGE, unread + 1)));
		for (let page = 1; page < UNREAD_PAGES && this.current === id && !this.store.reachesUnread(id); page++)
			await this.#loadMessages(id, this.store.window(id).messages[0]?.id, LONG_PAGE);
	}

	async #loadMessages(id, before, limit = PAGE) {
		const window = this.store.window(id);
		const page = await this.api.messages(id, before, limit);
		if (window !== this.store.windows.get(id)) return;   // a snapshot came between
		this.store.learnMessages(id, page, Boolean(before));
		for (const { sender_id, client_id, seq } of page.messages) if (sender_id === this.store.me.id) this.outbox.settle(id, seq, client_id);
		this.#changed();
		await this.#loadStrangers(page.messages);
	}

	// Users who have written and left.
	async #loadStrangers(messages) {
		const unknown = new Set(messages.map((m) => m.sender_id).filter((user) => !this.store.users.has(user)));
		for (const user of unknown) await this.#quietly(async () => this.store.learnUser(await this.api.user(user)));
	}

	// A large group has counts for each message instead of names.
	async #loadMembers(id) {
		if (this.store.conversations.get(id).member_count > NAMED) return;
		this.store.learnMembers(id, (await this.api.members(id)).members);
	}

	send(id, text) {
		clearTimeout(this.#timers.typing);
		this.#timers.typing = null;
		this.outbox.add(id, text);
	}

	// Announces that the user is typing; may be called at every key. The server accepts it once
	// in three seconds, so an earlier call waits.
	typing(id) {
		this.#timers.typing ??= setTimeout(() => {
			this.#timers.typing = null;
			this.#typedAt = Date.now();
			this.stream.send({ type: "typing", conversation_id: id });
		}, this.#typedAt + TYPING_MS - Date.now());
	}

	setAway(isAway = false) {
		this.isAway = isAway;
		this.stream.send({ type: "heartbeat", status: isAway ? "away" : "online" });
	}

	// Marks the messages of a conversation as read. May be called often: it sends one request
	// for each new last message.
	async read(id) {
		const c = this.store.conversations.get(id);
		const last = this.store.windows.get(id)?.messages.at(-1);
		if (this.connection !== "live" || !c || !last || compareIds(last.id, c.read_id) <= 0 || this.#reading.get(id) === last.id) return;
		this.#reading.set(id, last.id);
		await this.#quietly(async () => this.store.learnRead(await this.api.read(id, last.id)));
	}

	async direct(user_id) {
		return this.#opened(await this.api.direct(user_id));
	}

	async group(title, user_ids) {
		return this.#opened(await this.api.group(title, user_ids));
	}

	#opened(conversation) {
		this.store.learnConversation(conversation);
		this.#changed();
		return conversation.id;
	}

	async moreConversations() {
		this.store.learnInbox(await this.api.conversations(this.store.inbox().at(-1)));
		this.#changed();
	}
}
