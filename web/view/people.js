// Two dialogs: finding users (for a new conversation, or to add to a group), and the details of a
// conversation.
// SPDX-License-Identifier: MIT
import { avatar, confirmed, el, fillNode, find, icon, renderList, setMessage, setText } from "./dom.js";
import { sentence } from "./problems.js";
import { counted, presenceText } from "./words.js";

const SEARCH_MS = 150;

// Runs an action of the user, and shows a refusal in its place. Returns whether it succeeded.
async function attempt(place, work) {
	setMessage(place, "");
	try {
		await work();
		return true;
	} catch (problem) {
		if (!("status" in problem)) throw problem;
		setMessage(place, sentence(problem));
		return false;
	}
}

/*
 * findPeople({ client, title, action(count) -> text of the button, isGroup(count), exclude: ids,
 * onChosen(users, name) }) `onChosen` may throw a Problem; the dialog then stays and shows it.
 */
export function findPeople({ client, title, action, isGroup, exclude, onChosen }) {
	const dialog = find("people");
	const search = find("people-search");
	const chosen = new Map();
	let found = [], asked = 0, timer;

	const render = () => {
		const item = (user) => ({ key: user.id, user, content: `${user.display_name} ${user.name} ${chosen.has(user.id)}` });
		renderList(find("people-chosen"), [...chosen.values()].map(item), () => el("li"), (node, { user }) =>
			fillNode(node, el("button", { type: "button", ariaLabel: `Remove ${user.display_name}`, onclick: () => toggle(user) }, user.display_name, icon("close"))));
		renderList(find("people-found"), found.map(item), () => el("li"), (node, { user }) =>
			fillNode(node, el("button", { type: "button", ariaPressed: String(chosen.has(user.id)), onclick: () => toggle(user) },
				avatar(user.id, user.display_name), el("b", {}, user.display_name), el("small", {}, `@${user.name}`), icon("check", "chosen"))));
		find("people-group").hidden = !isGroup(chosen.size);
		find("people-go").disabled = !chosen.size;
		setText("people-go", action(chosen.size));
	};

	const toggle = (user) => {
		if (!chosen.delete(user.id)) chosen.set(user.id, user);
		if (search.value) {
			search.value = "";
			look();
		}
		render();
		search.focus();
	};

	// Only the reply to the latest query counts.
	const look = async () => {
		const question = ++asked;
		const prefix = search.value.trim().toLowerCase().replace(/^@/, "");
		await attempt("people-error", async () => {
			const { users } = await client.api.users(prefix);
			if (question !== asked) return;
			found = users.filter((user) => user.id !== client.store.me.id && !exclude.includes(user.id));
			setText("people-note", found.length ? "" : prefix ? `No name begins with “${prefix}”.` : "There are no other users yet.");
		});
		if (question === asked) render();
	};

	const finish = async () => {
		const name = find("people-name").value.trim();
		if (isGroup(chosen.size) && !name) {
			setMessage("people-error", "Please enter a name for the group.");
			return find("people-name").focus();
		}
		find("people-go").disabled = true;
		if (await attempt("people-error", () => onChosen([...chosen.values()], name))) dialog.close();
		else find("people-go").disabled = false;
	};

	search.oninput = () => {
		clearTimeout(timer);
		timer = setTimeout(look, SEARCH_MS);
	};
	// Enter in the search chooses the first result; in an empty search it continues.
	search.onkeydown = (event) => {
		if (event.key !== "Enter") return;
		event.preventDefault();
		const first = found.find((user) => !chosen.has(user.id));
		if (search.value && first) toggle(first);
		else if (chosen.size) finish();
	};
	dialog.querySelector("form").onsubmit = (event) => {
		event.preventDefault();
		finish();
	};

	setText("people-title", title);
	search.value = find("people-name").value = "";
	for (const id of ["people-found", "people-chosen"]) find(id).replaceChildren();
	setText("people-note", "");
	render();
	dialog.showModal();
	search.focus();
	look();
}

export function newConversation(client, onOpened) {
	findPeople({
		client,
		title: "New conversation",
		exclude: [],
		isGroup: (count) => count > 1,
		action: (count) => (count > 1 ? `Create a group of ${count + 1}` : "Start conversation"),
		onChosen: async (users, name) => {
			const ids = users.map((user) => user.id);
			onOpened(ids.length > 1 ? await client.group(name, ids) : await client.direct(ids[0]));
		},
	});
}

// The dialog about a conversation: its members and actions.
// onLeft() is called when the user has left it.
export function aboutConversation(client, id, onLeft) {
	const { api, store } = client;
	const dialog = find("about");
	const c = () => store.conversations.get(id);

	const render = () => {
		if (!c()) return dialog.close();
		const { kind, peer, role, member_count } = c();
		const mayManage = kind === "group" && role !== "member";
		setText("about-title", store.title(c()));
		setText("about-text", peer ? `@${peer.name} · ${presenceText(client.presenceOf(peer.id) ?? peer)}` : counted(member_count, "member"));
		find("about-rename").hidden = find("about-add").hidden = !mayManage;
		find("about-actions").hidden = kind !== "group";
		find("about-members").hidden = kind !== "group";
		const members = [...(store.members.get(id)?.values() ?? [])].filter((member) => !member.isPartial);
		renderList(find("about-members"), members.map((member) => describe(member, mayManage)), () => el("li"), fill);
	};

	const describe = ({ user_id, display_name, name, role }, mayManage) => {
		const isMe = user_id === store.me.id;
		const status = isMe ? undefined : client.presenceOf(user_id)?.status;
		const item = { key: user_id, display_name, name, role, isMe, status, mayRemove: mayManage && !isMe && role === "member" };
		return { ...item, content: JSON.stringify(item) };
	};

	const fill = (node, { key, display_name, name, role, isMe, status, mayRemove }) =>
		fillNode(node,
			avatar(key, display_name, { status }),
			el("b", {}, display_name + (isMe ? " (you)" : "")),
			el("small", {}, `@${name}${role === "member" ? "" : ` · ${role}`}${status ? ` · ${status}` : ""}`),
			mayRemove && el("button", { type: "button", className: "link", ariaLabel: `Remove ${display_name}`, onclick: () => remove(key, display_name) }, "Remove"),
		);

	const remove = async (user_id, display_name) => {
		const question = { title: `Remove ${display_name}?`, text: `${display_name} will get no new messages in ${store.title(c())}.`, yes: "Remove" };
		if (await confirmed(question)) attempt("about-error", () => api.removeMember(id, user_id));
	};

	find("about-save").onclick = () => {
		const name = find("about-name").value.trim();
		if (!name) return setMessage("about-error", "A group needs a name.");
		attempt("about-error", () => api.rename(id, name));
	};
	find("about-name").onkeydown = (event) => {
		if (event.key !== "Enter") return;
		event.preventDefault();
		find("about-save").click();
	};
	find("about-leave").onclick = async () => {
		const question = { title: `Leave ${store.title(c())}?`, text: "You will not see it again unless somebody adds you.", yes: "Leave group" };
		if (!(await confirmed(question)) || !(await attempt("about-error", () => api.leave(id)))) return;
		dialog.close();
		onLeft();
	};
	find("about-add").onclick = () => {
		dialog.close();
		findPeople({
			client,
			title: `Add people to ${store.title(c())}`,
			exclude: [...(store.members.get(id)?.keys() ?? [])],
			isGroup: () => false,
			action: (count) => (count ? `Add ${counted(count, "person").replace("persons", "people")}` : "Add people"),
			onChosen: (users) => api.addMembers(id, users.map((user) => user.id)),
		});
	};

	find("about-name").value = c().title ?? "";
	setMessage("about-error", "");
	render();
	dialog.showModal();
	return render;   // to be called again when something has changed
}
