// The page: which of its faces is shown, and what happens when something changes.
// SPDX-License-Identifier: MIT
import { Api } from "./banter/api.js";
import { Client } from "./banter/client.js";
import { Session } from "./banter/session.js";
import { announce, find, notify, setText } from "./view/dom.js";
import { ConversationView } from "./view/conversation.js";
import { renderInbox } from "./view/inbox.js";
import { aboutConversation, newConversation } from "./view/people.js";
import { signIn } from "./view/sign_in.js";

const session = new Session();
const api = new Api({ session });
let client = null, view = null, renderAbout = null, isDue = false, retryAt = 0;

// What was typed and not sent, by conversation; it outlives the tab.
const drafts = {
	get: (id) => localStorage.getItem(`banter.draft.${id}`),
	set: (id, text) => localStorage.setItem(`banter.draft.${id}`, text),
	delete: (id) => localStorage.removeItem(`banter.draft.${id}`),
};

// ---- signed in, signed out ----

function begin() {
	if (client) return;
	if (!session.get()) return showFace("welcome");
	client = new Client({
		api,
		onChange: renderSoon,
		onConnection: renderConnection,
		onMessage: heard,
		onNotice: notify,
		onSignedOut: () => signedOut("You were signed out on this device."),
	});
	client.start();
	view = new ConversationView(client, drafts);
	showFace("chat");
	follow();
	appear();
}

// This device is signed out: nothing of its user stays. Unless somebody else has signed in meanwhile, in another tab.
function signedOut(text) {
	const isOurs = client?.isCurrent();
	leave();
	if (text) notify(text);
	if (!isOurs) return;
	for (const name of Object.keys(localStorage).filter((key) => key.startsWith("banter."))) localStorage.removeItem(name);
	session.clear();
}

// Ends what this tab shows.
function leave() {
	if (!client) return;
	client.stop();
	view.stop();
	client = view = renderAbout = null;
	for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
	for (const id of ["conversations", "messages", "me-avatar"]) find(id).replaceChildren();
	history.replaceState(null, "", location.pathname);
	document.title = "Banter";
	find("banner").hidden = true;
	showFace("welcome");
}

function showFace(face) {
	find("welcome").hidden = face !== "welcome";
	find("chat").hidden = face !== "chat";
	if (face === "welcome") find("name").focus();
	else renderSoon();
}

// All tabs are one device, and it is away when none of them is in sight. A tab in sight holds a shared lock; the last one to go says so,
// and the others hear it by the storage. Without Web Locks (plain http) nobody is ever away.
let hide = () => {}, hidden = Promise.resolve();
async function appear() {
	if (!navigator.locks || !client) return;
	const isVisible = () => document.visibilityState === "visible";
	hide();
	await hidden;
	if (isVisible()) {
		hidden = navigator.locks.request("banter.visible", { mode: "shared" }, () => new Promise((done) => (hide = done)));
		setAway(false);
	} else await navigator.locks.request("banter.visible", { ifAvailable: true }, (lock) => lock && !isVisible() && setAway(true));
}

function setAway(isAway) {
	localStorage.setItem("banter.away", isAway ? "1" : "");
	client?.setAway(isAway);
}

// ---- rendering: once for however many changes came together. Not by animation frames, for a hidden tab has none and still has a title. ----

function renderSoon() {
	if (isDue) return;
	isDue = true;
	setTimeout(render);
}

function render() {
	isDue = false;
	if (!client) return;
	view.render();
	renderInbox(client, view.id, drafts);
	if (find("about").open) renderAbout?.();
	document.body.dataset.view = view.id ? "conversation" : "inbox";
	const unread = client.store.unreadTotal();
	document.title = unread ? `(${unread}) Banter` : "Banter";
}

function renderConnection(state, { until, problem, reason, health } = {}) {
	retryAt = state === "waiting" ? until : 0;
	const text = {
		connecting: client?.store.cursor ? "Connecting …" : "",
		waiting: "Reconnecting",
		live: troubles(health),
		ended: `Disconnected. ${problem?.message ?? reason ?? ""}`,
	}[state];
	find("banner").dataset.state = state;
	find("banner").hidden = !text;
	find("banner-button").hidden = state === "connecting" || state === "live";
	setText("banner-text", text ?? "");
	setText("banner-button", state === "ended" ? "Reload" : "Try now");
	countDown();
	renderSoon();
}

function troubles({ database, redis } = {}) {
	if (database === "degraded") return "The server has trouble. What you send waits until it answers again.";
	return redis === "degraded" ? "The server has trouble. Messages may be some seconds late." : "";
}

function countDown() {
	if (!retryAt) return;
	const seconds = Math.ceil((retryAt - Date.now()) / 1000);
	setText("banner-text", seconds > 0 ? `Reconnecting in ${seconds} s` : "Reconnecting …");
}

function heard(message) {
	const { store } = client;
	const c = store.conversations.get(message.conversation_id);
	const name = store.users.get(message.sender_id)?.display_name ?? "Somebody";
	announce(`${name}${c.id === view.id && c.kind === "direct" ? "" : ` in ${store.title(c)}`}: ${message.text}`);
}

// ---- what the user does ----

// The open conversation is part of the address, so that back, reload and bookmarks do what they should.
function follow() {
	if (!client) return;
	view.show(location.hash.match(/^#\/c\/(\d+)$/)?.[1] ?? null);
	renderSoon();
}

const openPeople = () => newConversation(client, (id) => (location.hash = `#/c/${id}`));

signIn(api, begin);
find("new-conversation").onclick = openPeople;
document.querySelector("[data-opens=people]").onclick = openPeople;
find("inbox-more").onclick = () => client.moreConversations().catch((problem) => notify(problem.message));
find("conversation-about").onclick = () => (renderAbout = aboutConversation(client, view.id));
find("banner-button").onclick = () => (client.connection === "ended" ? location.reload() : client.wake());
find("sign-out").onclick = async () => {
	client.stop();
	await api.logout().catch(() => {});   // when the server cannot be told, its token ends by itself
	signedOut();
};

for (const button of document.querySelectorAll("[data-closes]")) button.onclick = () => button.closest("dialog").close();

addEventListener("hashchange", follow);
addEventListener("online", () => client?.wake());
addEventListener("pagehide", () => client?.save());
addEventListener("keydown", (event) => {
	if (!client || event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || document.querySelector("dialog[open]")) return;
	event.preventDefault();
	openPeople();
});
document.addEventListener("visibilitychange", () => {
	if (!client) return;
	appear();
	if (document.visibilityState === "visible") client.wake();
	else client.save();
	renderSoon();
});
// Another tab has come into sight or gone, has signed in or out.
addEventListener("storage", ({ key, newValue }) => {
	if (key === "banter.away" && newValue !== null) client?.setAway(newValue === "1");
	if (key !== session.name && key !== null) return;
	if (client && !client.isCurrent()) leave();
	if (!client && session.get()) begin();
});
// Times like "5 minutes ago", who is still typing, and the seconds to the next attempt go on by themselves.
setInterval(() => (countDown(), renderSoon()), 1_000);

begin();
