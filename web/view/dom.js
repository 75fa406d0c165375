// Making and changing the page: nodes from text (never from HTML), and lists that change as little
// as they can.
// SPDX-License-Identifier: MIT

export const find = (id) => document.getElementById(id);

// el("p", { className: "hint" }, "text", node): properties where the node has them, attributes (and
// data-…) else. Empty children are left out.
export function el(tag, properties = {}, ...children) {
	const node = document.createElement(tag);
	for (const [name, value] of Object.entries(properties)) {
		if (value === undefined || value === false) continue;
		if (name in node) node[name] = value;
		else node.setAttribute(name, value);
	}
	return fillNode(node, ...children);
}

// Replaces the children of a node.
export function fillNode(node, ...children) {
	node.replaceChildren(...children.flat().filter((child) => child || child === 0));
	return node;
}

export function icon(name, className = "") {
	const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
	const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
	use.setAttribute("href", `#icon-${name}`);
	svg.setAttribute("class", className);
	svg.setAttribute("aria-hidden", "true");
	svg.append(use);
	return svg;
}

/*
 * Makes the children of `parent` those of `items`, in their order. A node stays as long as its
 * `key` does, so that focus, selection and scrolling survive; it is filled again only when its
 * `content` (any text) is different.
 *   make(item) -> node      fill(node, item)
 */
export function renderList(parent, items, make, fill) {
	const nodes = new Map([...parent.children].map((node) => [node.dataset.key, node]));
	let at = parent.firstElementChild;
	for (const item of items) {
		const node = nodes.get(item.key) ?? make(item);
		nodes.delete(item.key);
		if (node.content !== item.content) {
			node.content = item.content;
			node.dataset.key = item.key;
			fill(node, item);
		}
		if (node === at) at = at.nextElementSibling;
		else parent.insertBefore(node, at);
	}
	for (const node of nodes.values()) node.remove();
}

export const setText = (id, text) => {
	const node = find(id);
	if (node.textContent !== text) node.textContent = text;
};

// Shows a sentence in its place, or hides the place.
export const setMessage = (id, text) => {
	setText(id, text ?? "");
	find(id).hidden = !text;
};

// Announces a text to screen readers.
export const announce = (text) => setText("announcer", text);

// Asks the user to confirm an action that cannot be undone. Returns whether they did.
export function confirmed({ title, text, yes }) {
	const dialog = find("question");
	setText("question-title", title);
	setText("question-text", text);
	setText("question-yes", yes);
	dialog.returnValue = "";
	dialog.showModal();
	return new Promise((done) => dialog.addEventListener("close", () => done(dialog.returnValue === "yes"), { once: true }));
}

let noticeTimer;
export function notify(text) {
	setMessage("notice", text);
	clearTimeout(noticeTimer);
	noticeTimer = setTimeout(() => setMessage("notice", ""), 6_000);
}

// Makes the small picture of a user or a group: initials on one of eight colours, and a dot for
// presence.
export function avatar(id, name, { kind = "person", status } = {}) {
	const words = name.trim().split(/\s+/);
	const initials = [words[0], words.length > 1 ? words.at(-1) : ""].map((word) => [...word][0] ?? "").join("");
	const dot = status && el("i", { className: "dot", "data-status": status });
	return el("span", { className: `avatar ${kind}`, "data-hue": Number(id.slice(-6)) % 8, ariaHidden: "true" }, initials.toUpperCase(), dot);
}
