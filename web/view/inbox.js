// The inbox: every conversation with its last message, unread count and presence.
// SPDX-License-Identifier: MIT
import { avatar, el, fillNode, find, icon, renderList, setText } from "./dom.js";
import { presenceText, shortTime, typingText } from "./words.js";

export function renderInbox(client, current, drafts) {
	const { store, connection } = client;
	const conversations = store.inbox();
	renderList(find("conversations"), conversations.map((c) => row(client, c, current, drafts)), make, fill);
	find("inbox-loading").hidden = Boolean(store.cursor);
	find("inbox-empty").hidden = !store.cursor || conversations.length > 0;
	find("inbox-more").hidden = !store.has_more;

	const { me } = store;
	const user = store.users.get(me.id);
	if (find("me-name").textContent !== user.display_name || !find("me-avatar").firstChild) {
		find("me-avatar").replaceChildren(avatar(me.id, user.display_name));
		setText("me-name", user.display_name);
		setText("my-handle", `@${user.name}`);
	}
	find("me-state").dataset.state = connection;
	setText("me-state", `@${user.name} · ${CONNECTION[connection]}`);
}

const CONNECTION = { connecting: "connecting …", live: "live", waiting: "offline", ended: "disconnected" };

// Returns what a row shows. `content` is all of it as text, so that an unchanged row is left alone.
function row(client, c, current, drafts) {
	const { store, outbox } = client;
	const pending = outbox.of(c.id).at(-1);
	const draft = c.id !== current && drafts.get(c.id);
	const item = {
		key: c.id,
		face: c.peer?.id ?? c.id,
		title: store.title(c),
		kind: c.kind === "group" ? "group" : "person",
		status: c.peer && client.presenceOf(c.peer.id)?.status,
		time: pending?.created_at ?? c.last_message?.created_at ?? c.created_at,
		typing: c.kind === "group" ? typingText(store.typists(c.id)) : store.typists(c.id).length && "Typing",
		draft,
		...snippet(store, c, pending),
		unread: c.unread_count,
		mentioned: c.mention_count > 0,
		isCurrent: c.id === current,
	};
	item.when = shortTime(item.time);
	item.content = JSON.stringify(item);
	return item;
}

function snippet(store, c, pending) {
	const message = c.last_message;
	if (pending) return { tick: pending.state, text: pending.text };
	if (!message) return { text: c.kind === "group" ? "A new group" : "No messages yet" };
	const text = message.deleted_at ? "Message deleted" : message.text || "Attachment";
	if (message.sender_id === store.me.id) return { tick: store.receiptsOf(message).status, text };
	return { text: c.kind === "group" ? `${store.users.get(message.sender_id)?.display_name ?? "Somebody"}: ${text}` : text };
}

const make = () => el("li", {}, el("a"));

function fill(node, item) {
	const link = node.firstElementChild;
	link.href = `#/c/${item.key}`;
	link.ariaCurrent = item.isCurrent ? "page" : null;
	link.dataset.unread = item.unread;
	fillNode(link,
		avatar(item.face, item.title, { kind: item.kind, status: item.status }),
		el("span", { className: "row-title" }, item.title, item.status && el("span", { className: "unseen" }, `, ${presenceText(item)}`)),
		el("time", { className: "row-time", dateTime: item.time }, item.when),
		preview(item),
		item.unread > 0 && badge(item),
	);
}

function preview(item) {
	if (item.typing) return el("span", { className: "row-text typing" }, `${item.typing} …`);
	if (item.draft) return el("span", { className: "row-text" }, el("em", {}, "Draft: "), item.draft);
	return el("span", { className: "row-text" }, item.tick && tick(item.tick), item.text.slice(0, 200));
}

const badge = ({ unread, mentioned }) =>
	el("span", { className: "badge" }, `${mentioned ? "@ " : ""}${unread > 99 ? "99+" : unread}`, el("span", { className: "unseen" }, " unread"));

// Makes the status of a message: a sign, and a word for screen readers.
const TICKS = {
	sending: ["clock", "sending"],
	waiting: ["clock", "waiting for the network"],
	refused: ["alert", "not sent"],
	stored: ["check", "sent"],
	sent: ["check", "sent"],
	delivered: ["checks", "delivered"],
	read: ["checks", "read"],
};

export function tick(state) {
	const [name, word] = TICKS[state];
	return el("span", { className: "tick", "data-status": state === "stored" ? "sent" : state }, icon(name), el("span", { className: "unseen" }, word));
}
