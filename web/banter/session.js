// The signed-in user of this device and the tokens. All tabs of a browser are one device.
// SPDX-License-Identifier: MIT

const LOCK_MS = 40_000;   // longer than a request may take

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/*
 * The record is {user, device_id, access_token, expires_at, refresh_token}. It is kept in
 * IndexedDB, whose transactions all tabs see in one order. localStorage would not do: a browser
 * copies it between its processes some time after it was written, so a tab could read, and spend, a
 * refresh token that another tab has spent already; the server takes that for theft and revokes the
 * device. What localStorage has is a copy without the refresh token: it can be read without
 * waiting, and its changes are an event in the other tabs.
 */
export class Session {
	#database;

	constructor(name = "banter.session", storage = localStorage) {
		Object.assign(this, { name, storage });
	}

	// The copy: null when no user is signed in. Another tab may have just replaced its access
	// token.
	get() {
		return JSON.parse(this.storage.getItem(this.name));
	}

	// The record itself.
	read() {
		return this.#transact("readonly", (records) => records.get("session"));
	}

	// Takes a reply of register, login or refresh. The last has no user: the rest of the record
	// stays.
	async set({ expires_in, ...reply }) {
		const record = { ...(await this.read()), ...reply, expires_at: Date.now() + expires_in * 1000 };
		await this.#transact("readwrite", (records) => records.put(record, "session"));
		this.storage.setItem(this.name, JSON.stringify({ ...record, refresh_token: undefined }));
		return record;
	}

	async clear() {
		this.storage.removeItem(this.name);
		await this.#transact("readwrite", (records) => records.clear());
	}

	// Runs `work` while no other tab does. Web Locks exist on https and on localhost. On plain
	// http a record with a deadline does the same.
	exclusively(work) {
		return globalThis.navigator?.locks ? navigator.locks.request(this.name, work) : this.#withLockRecord(work);
	}

	async #withLockRecord(work) {
		const mine = Math.random();
		while (!(await this.#takeLock(mine))) await pause(50 + 50 * Math.random());
		try {
			return await work();
		} finally {
			await this.#transact("readwrite", (records) => records.delete("lock"));
		}
	}

	// Reading and writing in one transaction, so only one tab finds it free.
	async #takeLock(mine) {
		const lock = await this.#transact("readwrite", (records) => {
			const request = records.get("lock");
			request.onsuccess = () => {
				if (!(request.result?.until > Date.now())) records.put({ mine, until: Date.now() + LOCK_MS }, "lock");
			};
			return request;
		});
		return !(lock?.until > Date.now());
	}

	// Reopens the database when the browser has closed it: the user cleared the data, or its
	// process died.
	async #transact(mode, act) {
		try {
			return await this.#attempt(mode, act);
		} catch {
			this.#database = null;
			return this.#attempt(mode, act);
		}
	}

	async #attempt(mode, act) {
		this.#database ??= new Promise((done, fail) => {
			const request = indexedDB.open(this.name, 1);
			request.onupgradeneeded = () => request.result.createObjectStore("records");
			request.onsuccess = () => done(request.result);
			request.onerror = () => fail(request.error);
		});
		const transaction = (await this.#database).transaction("records", mode, { durability: "strict" });
		return new Promise((done, fail) => {
			const request = act(transaction.objectStore("records"));
			transaction.oncomplete = () => done(request.result ?? null);
			transaction.onabort = () => fail(transaction.error ?? new Error("the transaction was aborted"));
		});
	}
}
