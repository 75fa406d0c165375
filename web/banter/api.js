// The REST calls of a client: errors as Problem, and the access token of a Session, refreshed when
// it has expired.
// SPDX-License-Identifier: MIT
import { Session } from "./session.js";

// A reply that is not a success (RFC 9457). Programs read `code`, people read `message`. Status 0:
// there was no reply.
export class Problem extends Error {
	constructor({ status = 0, code = "no_answer", title, detail, field }, retryAfter = 0) {
		super(detail ?? title ?? "The server cannot be reached.");
		Object.assign(this, { status, code, field, retryAfter });
	}

	// Returns whether the same request may succeed later.
	get isTemporary() {
		return this.status === 0 || this.status === 429 || this.status >= 500;
	}

	// Returns whether this device has to sign in again.
	get isSignedOut() {
		return ["signed_out", "device_revoked", "invalid_refresh_token", "refresh_token_reused"].includes(this.code);
	}
}

const signedOut = () => new Problem({ status: 401, code: "signed_out", detail: "Please sign in." });
export class Api {
	constructor({ base = "", session = new Session() } = {}) {
		Object.assign(this, { base, session });
	}

	// ---- one request ----

	async #fetch(method, path, body, token) {
		const headers = {};
		if (token) headers.authorization = `Bearer ${token}`;
		if (body) headers["content-type"] = "application/json";
		let reply, data;
		try {
			reply = await fetch(this.base + path, { method, headers, body: body && JSON.stringify(body), signal: AbortSignal.timeout(30_000) });
			if (reply.status === 204) return null;
			data = await reply.json();
		} catch {
			// No reply, a part of one, or an error page of a proxy.
			throw new Problem({ status: reply && !reply.ok ? reply.status : 0 });
		}
		if (!reply.ok) throw new Problem({ ...data, status: reply.status }, Number(reply.headers.get("retry-after")));
		return data;
	}

	// Sends a request of the user. When the server refuses the token, refreshes it once and
	// repeats the request.
	async request(method, path, body) {
		const token = await this.#token();
		try {
			return await this.#fetch(method, path, body, token);
		} catch (problem) {
			if (problem.status !== 401 || problem.isSignedOut) throw problem;
			return this.#fetch(method, path, body, await this.#token(token));
		}
	}

	// Returns an access token that is valid for some seconds and is not the refused one.
	async #token(refused) {
		const isGood = (record) => record.access_token !== refused && record.expires_at > Date.now() + 10_000;
		const session = this.session.get();
		if (!session) throw signedOut();
		return isGood(session) ? session.access_token : this.session.exclusively(() => this.#refresh(isGood));
	}

	// Refreshes the tokens. A refresh token works once, so one tab at a time runs this, and
	// first looks for the new tokens of another tab.
	async #refresh(isGood) {
		const record = await this.session.read();
		if (!record) throw signedOut();
		if (isGood(record)) return record.access_token;
		const reply = await this.#fetch("POST", "/v1/auth/refresh", { refresh_token: record.refresh_token });
		return (await this.session.set(reply)).access_token;
	}

	// ---- auth ----

	async register(name, password, display_name) {
		const body = { name, password, device_name: deviceName() };
		if (display_name) body.display_name = display_name;
		return this.session.set(await this.#fetch("POST", "/v1/auth/register", body));
	}

	async login(name, password) {
		return this.session.set(await this.#fetch("POST", "/v1/auth/login", { name, password, device_name: deviceName() }));
	}

	server = () => this.#fetch("GET", "/v1/server");
	logout = () => this.request("POST", "/v1/auth/logout");

	// ---- the rest, by noun ----

	sync = () => this.request("GET", "/v1/sync");
	ticket = () => this.request("POST", "/v1/stream/tickets");

	users = (prefix, limit = 20) => this.request("GET", `/v1/users${query({ prefix, limit })}`);
	user = (id) => this.request("GET", `/v1/users/${id}`);

	conversations = (last) => this.request("GET", `/v1/conversations${query({ before: last?.activity_id, before_id: last?.id })}`);
	conversation = (id) => this.request("GET", `/v1/conversations/${id}`);
	direct = (user_id) => this.request("POST", "/v1/conversations", { kind: "direct", user_id });
	group = (title, members) => this.request("POST", "/v1/conversations", { kind: "group", title, members });
	rename = (id, title) => this.request("PATCH", `/v1/conversations/${id}`, { title });
	leave = (id) => this.request("POST", `/v1/conversations/${id}/leave`);

	members = (id, after) => this.request("GET", `/v1/conversations/${id}/members${query({ after, limit: 200 })}`);
	addMembers = (id, user_ids) => this.request("POST", `/v1/conversations/${id}/members`, { user_ids });
	removeMember = (id, user_id) => this.request("DELETE", `/v1/conversations/${id}/members/${user_id}`);

	messages = (id, before, limit = 50) => this.request("GET", `/v1/conversations/${id}/messages${query({ before, limit })}`);
	send = (id, message) => this.request("POST", `/v1/conversations/${id}/messages`, message);
	read = (id, message_id) => this.request("POST", `/v1/conversations/${id}/read`, { message_id });
}

const query = (parameters) => {
	const given = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== "");
	return given.length ? `?${new URLSearchParams(given)}` : "";
};

// Returns the name of this device in the user's list of devices.
const deviceName = () => {
	const agent = globalThis.navigator?.userAgent ?? "";
	const browser = ["Edg", "Firefox", "Chrome", "Safari"].find((name) => agent.includes(name)) ?? "Browser";
	const system = ["Android", "iPhone", "iPad", "Windows", "Mac", "Linux"].find((name) => agent.includes(name));
	return `${browser.replace("Edg", "Edge")}${system ? ` on ${system}` : ""}`;
};
