// The open conversation: its messages and their status, who is typing, and the input field.
// SPDX-License-Identifier: MIT
import { compareIds } from "../banter/store.js";
import { avatar, el, fillNode, find, renderList, setText } from "./dom.js";
import { tick } from "./inbox.js";
import { sentence } from "./problems.js";
import { counted, dayKey, dayName, exactTime, linked, presenceText, timeOfDay, typingText } from "./words.js";

// messages of one sender that follow each other within this time stand together
const RUN_MS = 5 * 60_000;
const NEAR_PX = 80;          // the view is at the end when it is this close to it
const EARLY_PX = 600;        // the next page is read this close to the top
// a repeat would be refused too
const AS_IT_IS_REFUSED = new Set(["text_too_long", "invalid_body", "too_many_mentions", "client_id_reused"]);

// The view of one conversation at a time. `drafts`, used like a Map, has the unsent texts.
export class ConversationView {
	#client;
	#drafts;
	#id = null;
	#problem = null;      // why it could not be opened
	// the last read message when it was opened; null when nothing was unread
	#readTo = null;
	// where the line "New messages" stands, for as long as the conversation is open
	#firstUnread = null;
	#isReaching = false;  // older messages are being read, to reach the first unread one
	#isPlaced = false;    // was scrolled to the first unread message
	#isLoading = false;   // the page above
	#isAtEnd = true;      // of the log; then it follows new messages
	#isEntered = true;    // the field has had the focus
	#resized = new ResizeObserver(() => this.#stick());
	#seen = null;         // the last message that was at the end of the log

	constructor(client, drafts) {
		this.#client = client;
		this.#drafts = drafts;
		const log = find("log");
		log.onscroll = () => this.#onScroll();
		this.#resized.observe(log);
		find("jump").onclick = () => this.#toEnd();
		find("composer").onsubmit = (event) => (event.preventDefault(), this.#send());
		find("text").oninput = () => this.#onInput();
		// On a phone there is no other key for a new line; the button sends.
		const hasKeyboard = matchMedia("(hover: hover) and (pointer: fine)").matches;
		find("text").enterKeyHint = hasKeyboard ? "send" : "enter";
		find("text").onkeydown = (event) => {
			if (event.key !== "Enter" || event.shiftKey || event.isComposing || !hasKeyboard) return;
			event.preventDefault();
			this.#send();
		};
	}

	get id() {
		return this.#id;
	}

	stop() {
		this.#resized.disconnect();
	}

	// Shows a conversation, or none.
	async show(id) {
		if (id === this.#id && !this.#problem) return;
		this.#keepDraft();
		this.#isAtEnd = true;
		this.#id = id;
		this.#problem = null;
		this.#readTo = this.#firstUnread = null;
		this.#isPlaced = false;
		this.#isReaching = true;
		this.#seen = null;
		// on a phone the keyboard would cover the messages
		this.#isEntered = !matchMedia("(hover: hover)").matches;
		find("messages").replaceChildren();
		find("text").value = (id && this.#drafts.get(id)) ?? "";
		this.#grow();
		if (!id) return this.#client.close();
		try {
			await this.#client.open(id);
		} catch (problem) {
			if (!("status" in problem)) throw problem;
			if (this.#id === id) this.#problem = problem;
		} finally {
			if (this.#id === id) this.#isReaching = false;
		}
		this.#client.onChange();
	}

	render() {
		const { store } = this.#client;
		const c = store.conversations.get(this.#id);
		find("conversation-open").hidden = !c;
		find("conversation-none").hidden = Boolean(c);
		if (!c) return this.#renderNone(store);
		if (!this.#isEntered) find("text").focus();
		this.#isEntered = true;

		this.#renderHead(store, c);
		const window = store.windows.get(c.id) ?? { messages: [], loaded: false };
		if (window.loaded) this.#markUnread(store, c, window);
		this.#renderLog(store, c, window);
		this.#renderEnd(store, c, window);
		const typing = typingText(store.typists(c.id));
		setText("typing", typing && `${typing} …`);
	}

	// ---- parts ----

	#renderNone(store) {
		const isMissing = this.#id && (this.#problem || store.cursor);
		const isNew = store.cursor && !store.conversations.size;
		const [title, text] = isMissing ? ["Conversation not found", sentence(this.#problem ?? { code: "not_a_member" })]
			: isNew ? [`Welcome, ${store.users.get(store.me.id).display_name}`, "Messages will appear here."]
				: ["Pick a conversation", "Or press Ctrl K and type the name of somebody new."];
		setText("none-title", title);
		setText("none-text", text);
		find("none-back").hidden = !isMissing;
	}

	#renderHead(store, c) {
		const title = store.title(c);
		const presence = c.peer && this.#client.presenceOf(c.peer.id);
		const content = JSON.stringify([c.id, title, presence?.status]);
		const place = find("conversation-avatar");
		if (place.content !== content) {
			place.content = content;
			place.replaceChildren(avatar(c.peer?.id ?? c.id, title, { kind: c.kind === "group" ? "group" : "person", status: presence?.status }));
		}
		setText("conversation-title", title);
		const online = c.kind === "group" && store.peers(c.id).filter((id) => this.#client.presenceOf(id)?.status === "online").length;
		const presenceNow = this.#client.connection === "live" ? presenceText(presence) : "";
		setText("conversation-state", c.peer ? presenceNow : `${counted(c.member_count, "member")}${online ? `, ${online} online` : ""}`);
		find("conversation-state").dataset.status = presence?.status ?? "";
	}

	#renderLog(store, c, window) {
		const log = find("log");
		const below = log.scrollHeight - log.scrollTop;
		const first = find("messages").querySelector("li.message");
		renderList(find("messages"), this.#items(store, c, window), make, (node, item) => this.#fill(node, item));
		setText("log-top", this.#topText(c, window));

		if (!window.loaded) return;
		if (!this.#isPlaced) this.#place(store, c);
		// a page came in above
		else if (first && first !== find("messages").querySelector("li.message")) log.scrollTop = log.scrollHeight - below;
		else this.#stick();
	}

	#topText(c, window) {
		if (this.#problem && !window.loaded) return sentence(this.#problem);
		if (!window.loaded || this.#isLoading || window.has_more) return "Loading …";
		return c.message_count || this.#client.outbox.of(c.id).length ? `The beginning of ${c.kind === "group" ? "this group" : "your conversation"}` : "No messages yet. Say hello.";
	}

	// Returns everything in the log from top to end: days, the line of unread messages,
	// messages, and unsent ones.
	#items(store, c, window) {
		const pending = this.#client.outbox.of(c.id);
		const arrived = new Set(window.messages.map((m) => m.client_id));
		const mine = { sender_id: store.me.id, conversation_id: c.id };
		const messages = [...window.messages, ...pending.filter((entry) => !arrived.has(entry.client_id)).map((entry) => ({ ...entry, ...mine }))];
		const items = [];
		let before = null;
		for (const message of messages) {
			const isNewDay = !before || dayKey(before.created_at) !== dayKey(message.created_at);
			if (isNewDay) items.push({ key: `day ${dayKey(message.created_at)}`, kind: "day", content: dayName(message.created_at), label: dayName(message.created_at) });
			const isFirstUnread = message.id && message.id === this.#firstUnread;
			if (isFirstUnread) items.push({ key: "unread", kind: "unread", content: "unread", label: "New messages" });
			const isRun = !isNewDay && !isFirstUnread && before.sender_id === message.sender_id && Date.parse(message.created_at) - Date.parse(before.created_at) < RUN_MS;
			items.push(this.#messageItem(store, c, message, isRun));
			before = message;
		}
		return items;
	}

	#messageItem(store, c, message, isRun) {
		const isMine = message.sender_id === store.me.id;
		const receipts = isMine && message.id && store.receiptsOf(message);
		const item = {
			// the same before and after it was stored
			key: `${message.sender_id} ${message.client_id}`,
			kind: "message",
			client_id: message.client_id,
			sender_id: message.sender_id,
			seq: message.seq,
			text: message.deleted_at ? "Message deleted" : message.text || "An attachment that this page cannot show",
			isPlain: Boolean(message.deleted_at || !message.text),
			isEdited: Boolean(message.edited_at && !message.deleted_at),
			time: message.created_at,
			isMine,
			isRun,
			name: !isMine && c.kind === "group" && (store.users.get(message.sender_id)?.display_name ?? "Somebody"),
			state: receipts ? receipts.status : message.state,
			count: receipts && c.kind === "group" ? `delivered to ${receipts.delivered}, read by ${receipts.read} of ${receipts.of}` : undefined,
			problem: message.problem,
			code: message.code,
		};
		item.content = JSON.stringify(item);
		return item;
	}

	#fill(node, item) {
		if (item.kind !== "message") return fillNode(node, el("span", {}, item.label));
		const state = item.isMine && tick(item.state);
		if (state && item.count) state.title = item.count;
		const bubble = el("div", { className: `bubble${item.isMine ? " own" : ""}${item.isPlain ? " plain" : ""}` },
			item.name && !item.isRun && el("b", { className: "sender", "data-hue": Number(item.sender_id.slice(-6)) % 8 }, item.name),
			!item.isMine && !item.name && el("span", { className: "unseen" }, "They: "),
			item.isMine && el("span", { className: "unseen" }, "You: "),
			el("span", { className: "text" }, linked(item.text)),
			el("span", { className: "meta" }, item.isEdited && "edited ", el("time", { dateTime: item.time, title: exactTime(item.time) }, timeOfDay(item.time)), state),
		);
		node.className = `message${item.isMine ? " own" : ""}${item.isRun ? " run" : ""}`;
		node.dataset.state = item.state ?? "";
		if (item.seq) node.dataset.seq = item.seq;
		const face = item.name && el("span", { className: "face" }, !item.isRun && avatar(item.sender_id, item.name));
		fillNode(node, face, bubble, item.state === "refused" && this.#refusal(item));
	}

	// Makes the buttons of a refused message: back into the field and, where that may help,
	// send again.
	#refusal({ client_id, problem, code, text }) {
		const { outbox } = this.#client;
		const button = (label, onclick) => el("button", { type: "button", className: "link", onclick }, label);
		return el("p", { className: "refusal" }, `Not sent. ${sentence({ code, message: problem })} `,
			button("Edit", () => this.#editAgain(client_id, text)), " ",
			!AS_IT_IS_REFUSED.has(code) && [button("Try again", () => outbox.retry(client_id)), " "],
			button("Delete", () => outbox.remove(client_id)));
	}

	#editAgain(client_id, text) {
		const field = find("text");
		field.value = [text, field.value].filter((part) => part.trim()).join("\n");
		this.#client.outbox.remove(client_id);
		this.#keepDraft();
		this.#grow();
		field.focus();
	}

	// ---- position, and what is read ----

	// Draws the line above the first unread message, once a read message before it is known.
	#markUnread(store, c, { messages, has_more }) {
		if (!this.#isPlaced) this.#readTo = c.unread_count > 0 ? c.read_id : null;
		if (this.#readTo === null || this.#firstUnread) return;
		const isUnread = (m) => compareIds(m.id, this.#readTo) > 0;
		if (has_more && (!messages.length || isUnread(messages[0]))) return;
		this.#firstUnread = messages.find((m) => m.sender_id !== store.me.id && isUnread(m))?.id;
	}

	// Scrolls to the first unread message, else to the end. Waits until the first unread one is
	// known.
	#place(store, c) {
		this.#isAtEnd = true;
		this.#stick();
		if (this.#isReaching && !store.reachesUnread(c.id)) return;
		this.#isPlaced = true;
		const line = find("messages").querySelector(".unread");
		if (line && line.offsetTop < find("log").scrollTop) find("log").scrollTop = line.offsetTop - NEAR_PX;
		this.#seen = store.windows.get(c.id).messages.at(-1)?.seq ?? 0;
		this.#onScroll();
	}

	#stick() {
		if (this.#isAtEnd) find("log").scrollTop = find("log").scrollHeight;
	}

	#toEnd() {
		this.#isAtEnd = true;
		this.#stick();
		find("text").focus();
		this.#client.onChange();
	}

	#onScroll() {
		if (!this.#id || !this.#isPlaced) return;
		const log = find("log");
		const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_PX;
		if (isAtEnd !== this.#isAtEnd) this.#client.onChange();
		this.#isAtEnd = isAtEnd;
		if (log.scrollTop < EARLY_PX) this.#loadOlder();
	}

	async #loadOlder() {
		const id = this.#id;
		const window = this.#client.store.windows.get(id);
		if (this.#isLoading || !window?.loaded || !window.has_more || this.#client.connection !== "live") return;
		this.#isLoading = true;
		try {
			await this.#client.older(id);
		} catch (problem) {
			// the next scrolling tries again
			if (!("status" in problem)) throw problem;
		} finally {
			this.#isLoading = false;
			this.#client.onChange();
		}
	}

	// Marks messages as read only when they were visible: the conversation is open, the tab
	// visible, the end of the log reached.
	#renderEnd(store, c, { messages, loaded }) {
		const last = messages.at(-1);
		if (loaded && this.#isPlaced && this.#isAtEnd) {
			this.#seen = last?.seq ?? 0;
			if (document.visibilityState === "visible") this.#client.read(c.id);
		}
		const unseen = this.#seen === null ? 0 : messages.filter((m) => m.seq > this.#seen && m.sender_id !== store.me.id).length;
		find("jump").hidden = !loaded || this.#isAtEnd;
		setText("jump-text", unseen ? counted(unseen, "new message") : "Latest");
	}

	// ---- writing ----

	#send() {
		const field = find("text");
		const text = field.value.trim();
		if (!text || !this.#id) return;
		field.value = "";
		this.#drafts.delete(this.#id);
		this.#grow();
		this.#readTo = this.#firstUnread = null;
		this.#isAtEnd = true;
		this.#client.send(this.#id, text);
	}

	#onInput() {
		this.#grow();
		this.#keepDraft();
		if (find("text").value.trim()) this.#client.typing(this.#id);
	}

	#keepDraft() {
		if (!this.#id) return;
		const text = find("text").value;
		if (text.trim()) this.#drafts.set(this.#id, text);
		else this.#drafts.delete(this.#id);
	}

	#grow() {
		const field = find("text");
		field.style.height = "auto";
		field.style.height = `${field.scrollHeight}px`;
	}
}

const make = (item) => el("li", { className: item.kind });
