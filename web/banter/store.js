// The state of a client: users, conversations, their messages, and the cursor of exactly this
// state. It knows neither network nor page.
// SPDX-License-Identifier: MIT

const KEPT_MESSAGES = 50;   // of a conversation, over a reload

// Ids are decimal strings of 64-bit numbers, too long for a Number: the longer is the greater, else
// the text decides.
export const compareIds = (a, b) => a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
export const laterId = (a = "0", b = "0") => (compareIds(a, b) >= 0 ? a : b);

/*
 * The maps:
 *   users           id -> {id, name, display_name, last_seen?}
 *   conversations   id -> as in REST, and `heard`: the seq of the last event received from the
 *                   stream
 *   windows         id -> {messages, has_more}: the newest messages, by seq and without a hole
 *   members         id -> Map of user id -> member with the marks delivered_id and read_id
 *   presence        user id -> {status, last_seen?}
 *   typing          conversation id -> Map of user id -> until when (ms)
 */
export class Store {
	constructor(me) {
		this.me = me;
		this.cursor = null;
		for (const name of ["users", "conversations", "windows", "members", "presence", "typing"]) this[name] = new Map();
		this.has_more = false;      // of the inbox
		this.learnUser(me);
	}

	// ---- storage: state and cursor are one record, so no event is lost or applied twice ----

	save() {
		const newest = ({ messages, has_more }) => ({
			messages: messages.slice(-KEPT_MESSAGES),
			has_more: has_more || messages.length > KEPT_MESSAGES,
		});
		return JSON.stringify({
			me: this.me,
			cursor: this.cursor,
			has_more: this.has_more,
			users: [...this.users],
			conversations: [...this.conversations],
			windows: [...this.windows].filter(([, window]) => window.loaded).map(([id, window]) => [id, { ...newest(window), loaded: true }]),
			members: [...this.members].map(([id, members]) => [id, [...members]]),
		});
	}

	static load(text) {
		const kept = JSON.parse(text);
		const store = new Store(kept.me);
		store.cursor = kept.cursor;
		store.has_more = kept.has_more;
		for (const name of ["users", "conversations", "windows"]) store[name] = new Map(kept[name]);
		for (const [id, members] of kept.members) store.members.set(id, new Map(members));
		return store;
	}

	// ---- learning from REST ----

	// Replaces everything by a snapshot, because the state before may have holes.
	replace({ user, conversations, has_more, cursor }) {
		for (const name of ["conversations", "windows", "members", "typing"]) this[name].clear();
		this.learnUser(user);
		this.learnInbox({ conversations, has_more });
		this.cursor = cursor;
	}

	learnInbox({ conversations, has_more }) {
		for (const conversation of conversations) this.learnConversation(conversation);
		this.has_more = has_more;
	}

	// Stores a conversation from REST. It may be ahead of the stream: `last_seq` says what its
	// counts include, `heard` what the stream has delivered.
	learnConversation(conversation) {
		const known = this.conversations.get(conversation.id);
		// it was changed while the reply was under way
		if (known && known.last_seq > conversation.last_seq) return known;
		const heard = known?.heard ?? conversation.last_seq;
		this.conversations.set(conversation.id, { ...conversation, heard });
		for (const member of conversation.members) this.learnUser({ ...member, id: member.user_id });
		if (conversation.peer) this.learnUser(conversation.peer);
		return this.conversations.get(conversation.id);
	}

	learnUser({ id, name, display_name, last_seen }) {
		this.users.set(id, { id, name, display_name, last_seen: last_seen ?? this.users.get(id)?.last_seen });
	}

	// Stores all members of a conversation, from GET …/members.
	learnMembers(id, members) {
		const known = this.members.get(id);
		this.members.set(id, new Map());
		for (const member of members) {
			this.#learnMember(id, member);
			const before = known?.get(member.user_id);
			if (before) this.#mark(id, before.user_id, before.delivered_id, before.read_id);
		}
	}

	// Stores a page of history. Pages and events overlap, so messages are identified by seq.
	learnMessages(id, { messages, has_more }, isOlder) {
		const window = this.window(id);
		for (const message of messages) this.#insert(window, message);
		if (isOlder || !window.loaded) window.has_more = has_more;
		window.loaded = true;
	}

	learnRead({ conversation_id, read_id, unread_count, mention_count }) {
		const c = this.conversations.get(conversation_id);
		if (!c || compareIds(read_id, c.read_id) < 0) return;
		// The reply's count lacks messages that arrived meanwhile, and that are stored
		// here.
		const newer = this.windows.get(c.id)?.messages.filter((m) => m.sender_id !== this.me.id && compareIds(m.id, read_id) > 0) ?? [];
		Object.assign(c, { read_id, unread_count: Math.max(unread_count, newer.length), mention_count });
	}

	window(id) {
		if (!this.windows.has(id)) this.windows.set(id, { messages: [], has_more: true, loaded: false });
		return this.windows.get(id);
	}

	forget(id) {
		for (const map of [this.conversations, this.windows, this.members, this.typing]) map.delete(id);
	}

	// ---- learning from the stream ----

	/*
	 * Applies a durable event. Returns
	 *   "applied"   it was the next one
	 *   "known"     it came again
	 *   "hole"      an event before it is missing: open the stream again
	 *   "stranger"  the conversation is not known: read it by REST, then apply the event again
	 */
	apply(event) {
		const c = this.conversations.get(event.conversation_id);
		const isBeginning = event.type === "conversation.created";
		if (!c && !isBeginning) return "stranger";
		if (c && event.seq <= c.heard) return this.#done(event, "known");
		if (c && event.seq > c.heard + 1 && !isBeginning) return "hole";
		durable[event.type]?.(this, event, c);
		const after = this.conversations.get(event.conversation_id);
		if (after) {
			after.heard = event.seq;
			after.last_seq = Math.max(after.last_seq, event.seq);
		}
		return this.#done(event, "applied");
	}

	#done(event, result) {
		this.cursor = event.cursor;
		return result;
	}

	// Applies an ephemeral event.
	notice(event) {
		ephemeral[event.type]?.(this, event.data);
	}

	messageCreated(c, message) {
		const window = this.windows.get(c.id);
		if (window) this.#insert(window, message);
		this.typing.get(c.id)?.delete(message.sender_id);
		// senders have read their own messages
		this.#mark(c.id, message.sender_id, message.id, message.id);
		// REST was faster: it is counted
		if (message.seq <= c.last_seq) return;
		const isMine = message.sender_id === this.me.id;
		c.last_message = message;
		c.activity_id = message.id;
		c.message_count++;
		c.unread_count = isMine ? 0 : c.unread_count + 1;
		if (isMine) Object.assign(c, { read_id: message.id, mention_count: 0 });
		else if (message.mentions?.some((id) => id === this.me.id || id === "0")) c.mention_count++;
	}

	membersAdded(c, members) {
		this.#settleReceipts(c);
		for (const member of members) {
			this.learnUser({ ...member, id: member.user_id });
			if (this.members.has(c.id)) this.#learnMember(c.id, member);
			if (c.members.length < 5 && member.user_id !== this.me.id) c.members = [...c.members, member];
		}
	}

	memberRemoved(c, user_id) {
		if (user_id === this.me.id) return this.forget(c.id);
		this.#settleReceipts(c);
		this.members.get(c.id)?.delete(user_id);
		this.typing.get(c.id)?.delete(user_id);
		c.members = c.members.filter((member) => member.user_id !== user_id);
	}

	memberUpdated(c, member) {
		if (this.members.has(c.id)) this.#learnMember(c.id, member);
		if (member.user_id === this.me.id) c.role = member.role;
	}

	receipts({ conversation_id, receipts = [], counts = [] }) {
		for (const { user_id, delivered_id, read_id } of receipts) this.#mark(conversation_id, user_id, delivered_id, read_id);
		const messages = this.windows.get(conversation_id)?.messages ?? [];
		for (const { message_id, ...count } of counts) {
			const message = messages.find((m) => m.id === message_id);
			if (message) message.receipts = count;
		}
	}

	// Stores the status of the user's own messages before a member leaves, because a status
	// never goes back.
	#settleReceipts(c) {
		for (const message of this.windows.get(c.id)?.messages ?? [])
			if (message.sender_id === this.me.id) message.status = this.receiptsOf(message).status;
	}

	typed({ conversation_id, user_id, expires_in }) {
		if (!this.typing.has(conversation_id)) this.typing.set(conversation_id, new Map());
		this.typing.get(conversation_id).set(user_id, Date.now() + expires_in * 1000);
	}

	#learnMember(id, member) {
		this.learnUser({ ...member, id: member.user_id });
		const known = this.members.get(id).get(member.user_id);
		this.members.get(id).set(member.user_id, member);
		if (known) this.#mark(id, member.user_id, known.delivered_id, known.read_id);
	}

	// Moves marks forward only, in whatever order their events arrive.
	#mark(id, user_id, delivered_id, read_id) {
		if (!this.members.has(id)) this.members.set(id, new Map());
		const members = this.members.get(id);
		const known = members.get(user_id) ?? { user_id, isPartial: true };
		members.set(user_id, {
			...known,
			delivered_id: laterId(known.delivered_id, laterId(delivered_id, read_id)),
			read_id: laterId(known.read_id, read_id),
		});
	}

	// Nearly always at the end.
	#insert({ messages }, message) {
		let at = messages.length;
		while (at > 0 && messages[at - 1].seq > message.seq) at--;
		const held = messages[at - 1];
		if (held?.seq !== message.seq) messages.splice(at, 0, message);
		else messages[at - 1] = { ...held, ...message, ...furtherStatus(held, message) };
	}

	// ---- queries ----

	// Returns the inbox, the most recently active first.
	inbox() {
		return [...this.conversations.values()].sort((a, b) => compareIds(b.activity_id, a.activity_id) || compareIds(b.id, a.id));
	}

	unreadTotal() {
		return this.inbox().reduce((sum, c) => sum + c.unread_count, 0);
	}

	// Returns the status of the user's own message: {status: "sent" | "delivered" | "read",
	// delivered, read, of}. One source is the message's own receipts by REST, the other the
	// members' marks when all are known. The further one is true, because neither goes back.
	receiptsOf(message) {
		const c = this.conversations.get(message.conversation_id);
		const others = [...(this.members.get(c.id)?.values() ?? [])].filter((member) => member.user_id !== this.me.id);
		const counted = message.receipts ?? { delivered: 0, read: 0, of: c.member_count - 1 };
		const reached = (mark) => others.filter((member) => compareIds(member[mark], message.id) >= 0).length;
		const isWhole = others.length > 0 && others.length === c.member_count - 1;
		const count = isWhole ? { delivered: reached("delivered_id"), read: reached("read_id"), of: others.length } : counted;
		const level = Math.max(levelOf(count), levels.indexOf(message.status ?? "sent"));
		return { ...count, status: levels[level] };
	}

	// Returns whether the messages of a conversation reach back to the last read one, so that
	// the line of unread messages can be drawn.
	reachesUnread(id) {
		const c = this.conversations.get(id);
		const { messages, has_more, loaded } = this.window(id);
		if (!loaded) return false;
		return !c?.unread_count || !has_more || messages.some((m) => compareIds(m.id, c.read_id) <= 0);
	}

	// Returns the names of the people who are typing now.
	typists(id) {
		const until = this.typing.get(id);
		if (!until) return [];
		for (const [user, time] of until) if (time <= Date.now()) until.delete(user);
		return [...until.keys()].map((user) => this.users.get(user)?.display_name ?? "Somebody");
	}

	// Returns the other users of a conversation whose presence is shown.
	peers(id) {
		const c = this.conversations.get(id);
		if (!c) return [];
		const members = this.members.get(id);
		const ids = members && members.size >= c.member_count ? [...members.keys()] : c.members.map((member) => member.user_id);
		return ids.filter((user) => user !== this.me.id);
	}

	title(c) {
		return c.title ?? (c.peer && this.users.get(c.peer.id)?.display_name) ?? "Conversation";
	}
}

const levels = ["sent", "delivered", "read"];
const furtherStatus = (held, { status }) => (levels.indexOf(held.status) > levels.indexOf(status) ? { status: held.status } : {});
const levelOf = ({ delivered, read, of }) => (of > 0 && read >= of ? 2 : of > 0 && delivered >= of ? 1 : 0);

// The durable events that change something here. Other types are ignored.
const durable = {
	"message.created": (store, event, c) => store.messageCreated(c, event.data),
	"conversation.created": (store, event) => store.learnConversation(event.data),
	"conversation.updated": (store, event, c) => Object.assign(c, { title: event.data.title, member_count: event.data.member_count }),
	"conversation.deleted": (store, event, c) => store.forget(c.id),
	"member.added": (store, event, c) => {
		store.membersAdded(c, event.data.members);
		if (event.seq > c.last_seq) c.member_count += event.data.members.length;
	},
	"member.removed": (store, event, c) => {
		store.memberRemoved(c, event.data.user_id);
		if (event.seq > c.last_seq) c.member_count--;
	},
	"member.updated": (store, event, c) => store.memberUpdated(c, event.data),
};

// The ephemeral events that change something here.
const ephemeral = {
	"receipt.updated": (store, data) => store.receipts(data),
	"conversation.read": (store, data) => store.learnRead(data),
	"presence.updated": (store, data) => store.presence.set(data.user_id, data),
	"presence.state": (store, data) => data.presence.forEach((one) => store.presence.set(one.user_id, one)),
	"typing.updated": (store, data) => store.typed(data),
};
