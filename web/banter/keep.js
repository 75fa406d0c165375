// Storage of one user in this browser: unsent messages and drafts. Other users of the browser do
// not see them.
// Two servers on one host do not share it either: each has its own path.
// SPDX-License-Identifier: MIT

/*
 * const kept = new Keep("outbox", user_id, { base });
 * `base` is the path of the page, "" at the root of the host.
 * kept.set(key, text) returns false when the browser has no room left, or keeps nothing at all.
 */
export class Keep {
	#prefix;
	#storage;

	constructor(kind, user_id, { base = "", storage = localStorage } = {}) {
		// No path has a "#" in it, so no prefix is the beginning of another one.
		this.#prefix = `banter.${kind}${base && `${base}#`}.${user_id}.`;
		this.#storage = storage;
	}

	keys() {
		return Object.keys(this.#storage).filter((name) => name.startsWith(this.#prefix)).map((name) => name.slice(this.#prefix.length));
	}

	get(key) {
		return this.#storage.getItem(this.#prefix + key);
	}

	set(key, text) {
		try {
			this.#storage.setItem(this.#prefix + key, text);
			return true;
		} catch {
			return false;
		}
	}

	delete(key) {
		this.#storage.removeItem(this.#prefix + key);
	}

	clear() {
		for (const key of this.keys()) this.delete(key);
	}
}
