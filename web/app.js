// The page: which of its faces is shown, and what happens when something changes.
// SPDX-License-Identifier: MIT
import { Api } from "./banter/api.js";
import { Client } from "./banter/client.js";
import { Session } from "./banter/session.js";
import { Keep } from "./banter/keep.js";
import { announce, confirmed, find, notify, setText } from "./view/dom.js";
import { ConversationView } from "./view/conversation.js";
import { renderInbox } from "./view/inbox.js";
import { sentence } from "./view/problems.js";
import { counted } from "./view/words.js";
import { aboutConversation, newConversation } from "./view/people.js";
import { signIn } from "./view/sign_in.js";

// The folder of the page: a proxy may serve Banter under a path of its own. Each path of a host has
// its own session.
const base = new URL(".", location.href).pathname.replace(/\/$/, "");
const session = new Session(`banter.session${base}`);
const api = new Api({ base, session });
let client = null, view = null, renderAbout = null, isDue = false, retryAt = 0;
let drafts = null;   // what the user has typed and not sent, by conversation; it outlives the tab

// ---- signed in, signed out ----

function begin() {
	if (client) return;
	if (!session.get()) return showFace("welcome");
	client = new Client({
		api,
		base,
		onChange: renderSoon,
		onConnection: renderConnection,
		onMessage: announceMessage,
		onNotice: notify,
		onSignedOut: () => signedOut("You were signed out on this device. Unsent messages and drafts are kept here until you sign in again."),
	});
	drafts = new Keep("draft", session.get().user.id, { base });
	client.start();
	view = new ConversationView(client, drafts);
	showFace("chat");
	follow();
	appear();
}

// Ends the session of this device, unless another user has signed in meanwhile in another tab.
// Unsent messages stay in the browser for this user, because a device may be signed out by others.
function signedOut(text) {
	const isOurs = client?.isCurrent();
	leave();
	if (text) notify(text);
	if (!isOurs) return;
	localStorage.removeItem(`banter.away${base}`);
	session.clear();
}

// Signs out and deletes all data of the user. Asks before it deletes unsent messages.
async function signOut() {
	const { unsent } = client.outbox;
	const text = `${counted(unsent, "message")} ${unsent === 1 ? "has" : "have"} not been sent yet. Signing out deletes ${unsent === 1 ? "it" : "them"}.`;
	if (unsent && !(await confirmed({ title: "Sign out?", text, yes: "Delete and sign out" }))) return;
	if (!client) return;
	client.outbox.clear();
	drafts.clear();
	client.stop();
	await api.logout().catch(() => {});   // without the server the token expires by itself
	signedOut();
}

// Ends what this tab shows.
function leave() {
	if (!client) return;
	client.stop();
	view.stop();
	client = view = renderAbout = drafts = null;
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

// All tabs are one device, and it is away when no tab is visible. A visible tab holds a shared
// lock. The last one to be hidden writes to the storage, whose event the other tabs receive.
// Without Web Locks (plain http) no device is ever away.
let hide = () => {}, hidden = Promise.resolve();
async function appear() {
	if (!navigator.locks || !client) return;
	const isVisible = () => document.visibilityState === "visible";
	hide();
	await hidden;
	if (isVisible()) {
		hidden = navigator.locks.request(`banter.visible${base}`, { mode: "shared" }, () => new Promise((done) => (hide = done)));
		setAway(false);
	} else await navigator.locks.request(`banter.visible${base}`, { ifAvailable: true }, (lock) => lock && !isVisible() && setAway(true));
}

function setAway(isAway) {
	localStorage.setItem(`banter.away${base}`, isAway ? "1" : "");
	client?.setAway(isAway);
}

// ---- rendering: once for all changes of a moment. Animation frames would not do: a hidden tab
	// has none, and still has a title. ----

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

function renderConnection(state, { until, problem, reason, health, isSuspect } = {}) {
	retryAt = state === "waiting" && navigator.onLine ? until : 0;
	const text = {
		connecting: client?.store.cursor ? "Connecting …" : "",
		waiting: navigator.onLine ? "Reconnecting" : OFFLINE,
		live: isSuspect ? OFFLINE : troubles(health),
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

const OFFLINE = "You are offline. Your messages are sent when the network is back.";

function troubles({ database, redis } = {}) {
	if (database === "degraded") return "The server does not answer. Your messages are sent when it is back.";
	return redis === "degraded" ? "The server is slow at the moment. Messages may be some seconds late." : "";
}

function countDown() {
	if (!retryAt) return;
	const seconds = Math.ceil((retryAt - Date.now()) / 1000);
	setText("banner-text", seconds > 0 ? `Reconnecting in ${seconds} s` : "Reconnecting …");
}

function announceMessage(message) {
	const { store } = client;
	const c = store.conversations.get(message.conversation_id);
	const name = store.users.get(message.sender_id)?.display_name ?? "Somebody";
	announce(`${name}${c.id === view.id && c.kind === "direct" ? "" : ` in ${store.title(c)}`}: ${message.text}`);
}

// ---- what the user does ----

// Opens the conversation in the page's address, so that back, reload and bookmarks work.
function follow() {
	if (!client) return;
	view.show(location.hash.match(/^#\/c\/(\d+)$/)?.[1] ?? null);
	renderSoon();
}

// After the user has left a conversation there is nothing to see in it.
const leaveOpen = () => (location.hash = "#");

const openPeople = () => newConversation(client, (id) => (location.hash = `#/c/${id}`));

signIn(api, begin);
find("new-conversation").onclick = openPeople;
document.querySelector("[data-opens=people]").onclick = openPeople;
find("inbox-more").onclick = () => client.moreConversations().catch((problem) => notify(sentence(problem)));
find("conversation-about").onclick = () => (renderAbout = aboutConversation(client, view.id, leaveOpen));
find("banner-button").onclick = () => (client.connection === "ended" ? location.reload() : client.wake());
find("sign-out").onclick = signOut;

for (const button of document.querySelectorAll("[data-closes]")) button.onclick = () => button.closest("dialog").close();

addEventListener("hashchange", follow);
addEventListener("online", () => client?.wake());
addEventListener("offline", () => client?.offline());
addEventListener("beforeunload", (event) => client?.outbox.isAtRisk && event.preventDefault());
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
// Handles a change by another tab: it was shown or hidden, or has signed in or out.
addEventListener("storage", ({ key, newValue }) => {
	if (key === `banter.away${base}` && newValue !== null) client?.setAway(newValue === "1");
	if (key !== session.name && key !== null) return;
	if (client && !client.isCurrent()) leave();
	if (!client && session.get()) begin();
});
// Updates what changes with time: "5 minutes ago", typing, the seconds until the next attempt.
setInterval(() => (countDown(), renderSoon()), 1_000);

begin();
