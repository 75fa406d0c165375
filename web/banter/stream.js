// The live stream: a WebSocket that reconnects by itself and resumes. docs/events.md has the
// protocol.
// SPDX-License-Identifier: MIT

const HANDSHAKE_MS = 15_000;   // from the first byte to stream.ready
const PROBE_MS = 10_000;       // the answer to a probe
const SUSPECT_MS = 2_000;      // the answer to a probe when the browser reports no network
const STEADY_MS = 10_000;      // a stream that lived this long was a success

/*
 * new Stream({
 *   base,      where the server is, an URL or a path of the page's origin; "" for its root
 *   ticket,    async () => a one-time ticket: browsers cannot set headers on a WebSocket, and a
 *              token must not be in a URL
 *   cursor,    async () => the cursor to resume from
 *   onEvent,   (event) => false when this stream is of no more use: it is opened again
 *   onState,   (state, detail), see below
 *   probe,     () => a frame that the server answers
 * })
 *
 * States: "connecting"; "live"; "waiting" {until}, for the next attempt; "ended" {problem | code},
 * for good: only `start` opens it again.
 */
export class Stream {
	#socket = null;
	#failures = 0;
	#running = 0;
	#hurry = () => {};
	#suspect = () => {};

	constructor(options) {
		Object.assign(this, { base: "", probe: () => null }, options);
	}

	start() {
		this.#run(++this.#running);
	}

	stop() {
		this.#running++;
		this.#hurry();
		const socket = this.#socket;
		this.#socket = null;
		if (!socket) return;
		socket.onmessage = null;
		socket.close(1000);
	}

	// Sends a frame. Drops it without a live stream, because ack, typing and presence are
	// ephemeral.
	send(frame) {
		if (frame && this.state === "live" && this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
	}

	// Reconnects at once when the network is back or the device has woken up, and probes a live
	// stream.
	wake() {
		this.#hurry();
	}

	// Probes the stream when the browser reports no network, and waits for a short time only.
	// The browser may be wrong, for instance about a server on this machine.
	suspect() {
		this.#suspect();
	}

	async #run(running) {
		while (running === this.#running) {
			this.#enter("connecting");
			const began = Date.now();
			const end = await this.#once(running).catch((problem) => ({ problem }));
			if (running !== this.#running) return;
			if (isFinal(end)) return this.#enter("ended", end);
			if (Date.now() - began > STEADY_MS) this.#failures = 0;
			const delay = end.retry_after_ms ?? backoff(this.#failures++, end.problem?.retryAfter);
			this.#enter("waiting", { until: Date.now() + delay });
			await this.#pause(delay);
		}
	}

	#enter(state, detail = {}) {
		this.state = state;
		this.onState(state, detail);
	}

	#pause(ms) {
		return new Promise((done) => {
			const timer = setTimeout(done, ms);
			this.#hurry = () => (clearTimeout(timer), done());
		});
	}

	// Runs one connection, from its ticket to its end. The promise returns {code,
	// retry_after_ms?}.
	async #once(running) {
		const since = await this.cursor();
		const ticket = await this.ticket();
		if (running !== this.#running) return {};
		const socket = new WebSocket(`${socketBase(this.base)}/v1/ws?${new URLSearchParams({ ticket, since })}`, "banter.v1");
		this.#socket = socket;
		return new Promise((ended) => this.#attend(socket, ended));
	}

	#attend(socket, ended) {
		let bye = {};
		let quiet = setTimeout(() => giveUp("no handshake"), HANDSHAKE_MS);
		// A dead network never confirms a close, so this does not wait for it.
		const giveUp = (reason) => {
			finish({ code: 4006, reason });
			socket.close(4000, reason);
		};
		const finish = (end) => {
			clearTimeout(quiet);
			this.#hurry = this.#suspect = () => {};
			socket.onmessage = socket.onclose = null;
			ended({ ...end, ...bye });
		};
		// Browsers do not show pings. So a probe is sent when nothing has arrived for a
		// while, and no answer means that the server is unreachable.
		const ask = (limit_ms = PROBE_MS) => {
			clearTimeout(quiet);
			quiet = setTimeout(() => giveUp("no answer"), limit_ms);
			this.send(this.probe());
		};

		let heartbeat = HANDSHAKE_MS;
		socket.onmessage = (message) => {
			const event = JSON.parse(message.data);
			if (event.type === "stream.ready") {
				heartbeat = event.data.heartbeat_s * 1000;
				this.#hurry = () => ask();
				this.#suspect = () => ask(SUSPECT_MS);
				this.#enter("live");
			}
			if (event.type === "stream.bye") bye = event.data;
			clearTimeout(quiet);
			quiet = setTimeout(() => ask(), heartbeat);
			if (this.onEvent(event) === false) giveUp("begin again");
		};
		socket.onclose = ({ code, reason }) => finish({ code, reason });
	}
}

// Codes from 4500 on are final, except for a ticket that was too old: the request for the next
// ticket shows the reason.
const isFinal = ({ code, problem }) => (problem ? !problem.isTemporary : code >= 4500 && code !== 4502);

// A random part of 0.5 s, 1 s, 2 s … 30 s: clients that were cut off together do not come back
// together.
const backoff = (failures, retryAfter = 0) => retryAfter * 1000 + Math.random() * Math.min(30_000, 500 * 2 ** failures);

const socketBase = (base) => new URL(`${base}/`, location.origin).href.replace(/^http/, "ws").replace(/\/$/, "");
