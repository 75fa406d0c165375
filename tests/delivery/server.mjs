// The REST side of a Banter: calls that wait as the server says, and calls whose answer is thrown
// away.
// SPDX-License-Identifier: MIT
import http from "node:http";
import https from "node:https";

const CALL_MS = 20_000;
const IDLE_MS = 3000; // of a kept connection; the front ends one after 5 s
export const LATE = `no answer within ${CALL_MS / 1000} s`;

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

export class Server {
	constructor(url) {
		const { Agent, request } = url.startsWith("https:") ? https : http;

		this.url = url;
		this.request = request;
		this.agent = new Agent({ keepAlive: true, maxSockets: 64, timeout: IDLE_MS });
		this.waits = 0; // how often it asked to wait
	}

	/*
	 * Calls a route. Returns {status, body, headers}, or {status: 0, why} without an answer.
	 * why is LATE, or the code of the error that ended the connection. lost: the answer is
	 * thrown away, at the latest as soon as it begins. Then it is unknown whether the call was
	 * carried out.
	 */
	call(method, path, { token, body, lost } = {}) {
		return new Promise((done) => {
			let answered = false, why;
			const text = body === undefined ? "" : JSON.stringify(body);
			const headers = { ...(token && { Authorization: `Bearer ${token}` }), ...(body !== undefined && { "Content-Type": "application/json" }) };
			if (method !== "GET" && method !== "DELETE")
				headers["Content-Length"] = Buffer.byteLength(text);
			const request = this.request(new URL(path, this.url), { method, headers, agent: this.agent, timeout: CALL_MS }, (reply) => {
				if (lost)
					return request.destroy();
				answered = true;
				readAll(reply).then((got) => done({ status: reply.statusCode, headers: reply.headers, body: got }), (error) => done({ status: 0, why: error.code }));
			});
			request.on("timeout", () => {
				why = LATE;
				request.destroy();
			});
			request.on("error", (error) => done({ status: 0, why: why ?? error.code }));
			request.on("close", () => answered || done({ status: 0, why }));
			request.end(text);
			if (lost?.after !== undefined)
				setTimeout(() => request.destroy(), lost.after);
		});
	}

	/*
	 * The same; waits and calls again while the server says so (429, 503), at most for so long.
	 */
	async patient(method, path, options, seconds = 120) {
		for (const end = Date.now() + seconds * 1000;;) {
			const reply = await this.call(method, path, options);
			const wait = waitOf(reply);
			if (wait === undefined || Date.now() + wait > end)
				return reply;
			this.waits++;
			await sleep(wait);
		}
	}

	/* The body of a call that has to succeed. */
	async must(method, path, options) {
		const reply = await this.patient(method, path, options);

		if (!(reply.status >= 200 && reply.status < 300))
			throw new Error(`${method} ${path}: ${reply.status || reply.why} ${JSON.stringify(reply.body) ?? ""}`);
		return reply.body;
	}
}

/* Returns the ms to wait before the same call, as the server asks; undefined without a request. */
export function waitOf(reply) {
	if (reply.status !== 429 && reply.status !== 503)
		return undefined;
	return Math.max(0.1, Number(reply.headers["retry-after"]) || 0) * 1000 + Math.random() * 200;
}

async function readAll(reply) {
	let text = "";

	reply.setEncoding("utf8");
	for await (const part of reply)
		text += part;
	try {
		return text && JSON.parse(text);
	} catch {
		return text;
	}
}
