// A stream as a client author would write it, for each transport: events, cursor, coming back.
// SPDX-License-Identifier: MIT
import http from "node:http";
import https from "node:https";

const PATHS = { ws: "/v1/ws", sse: "/v1/stream", eventsource: "/v1/stream", poll: "/v1/events" };
const COME_BACK_MS = 100;

/*
 * options: url, transport, token | ticket | cookie | auth, since, origin, protocol, headers, path,
 * wait, reconnect, patient, once, lastEventId
 *          patient: comes back when the server says (stream.bye, Retry-After), and not at once
 * calls:   onEvent(event), onCursor(text), onNote({client: …}), onEnd(refused)
 * The cursor moves after onEvent has returned, so whoever stores both in this order loses nothing
 * and sees nothing twice.
 */
export class Stream {
	constructor(options) {
		Object.assign(this, { onEvent() {}, onCursor() {}, onNote() {}, onEnd() {}, headers: {}, wait: 25, protocol: "banter.v1" }, options);
		this.cursor = this.since;
		this.ended = false;
		this.opened = 0;
	}

	open() {
		this.opened++;
		this.isOpen = true;
		this.bye = undefined;
		({ ws: openWebSocket, sse: openEventStream, eventsource: openEventSource, poll: openPoll })[this.transport](this);
	}

	/* Ends for good, without a word to the server. */
	end() {
		this.ended = true;
		this.drop?.();
	}

	address(query = {}) {
		const url = new URL(this.path ?? PATHS[this.transport], this.url);

		if (this.ticket)
			url.searchParams.set("ticket", this.ticket);
		if (this.cursor && !this.lastEventId && !this.auth)
			url.searchParams.set("since", this.cursor);
		for (const [name, value] of Object.entries(query))
			url.searchParams.set(name, value);
		return url;
	}

	allHeaders() {
		const headers = { ...this.headers };

		if (this.token)
			headers.Authorization = `Bearer ${this.token}`;
		if (this.cookie)
			headers.Cookie = `theme=dark; banter_access=${this.cookie}`;
		if (this.origin)
			headers.Origin = this.origin;
		if (this.lastEventId && this.cursor)
			headers["Last-Event-ID"] = this.cursor;
		return headers;
	}

	heard(event) {
		if (event.type === "stream.bye")
			this.bye = event.data;
		this.onEvent(event);
		this.move(event.cursor ?? (event.type === "stream.ready" ? event.data.cursor : undefined));
	}

	move(cursor) {
		if (!cursor || cursor === this.cursor)
			return;
		this.cursor = cursor;
		this.onCursor(cursor);
	}

	refused(reply, body) {
		this.onNote({ client: "refused", status: reply.statusCode, headers: reply.headers, body });
		this.closed({ status: reply.statusCode, retry_after: Number(reply.headers["retry-after"]) || undefined });
	}

	/*
	 * The one place where a connection has ended. code: the WebSocket's close code, or that of
	 * stream.bye.
	 */
	closed(note) {
		const code = note.code ?? this.bye?.code;

		if (this.ended || !this.isOpen)
			return;
		this.isOpen = false;
		this.onNote({ client: "closed", ...note });
		if (this.reconnect && !(code >= 4500) && !(note.status >= 400 && note.status < 500 && note.status !== 429))
			setTimeout(() => this.ended || this.open(), this.pause(note));
		else
			this.onEnd(note.status >= 400);
	}

	pause(note) {
		const asked = Math.max(this.bye?.retry_after_ms ?? 0, (note.retry_after ?? 0) * 1000);

		return this.patient ? Math.max(COME_BACK_MS, asked) : COME_BACK_MS;
	}

	order(line) {
		const [word, value] = line.split(" ");
		const orders = {
			"!close": () => this.socket.close(Number(value ?? 1000)),
			"!drop": () => this.drop(),
			"!shut": () => this.socket._socket.end(),
			"!ping": () => this.socket.ping("are you there"),
			"!pause": () => this.socket._socket.pause(),
			"!resume": () => this.socket._socket.resume(),
			"!binary": () => this.socket.send(Buffer.from(value ?? "", "hex"), { binary: true }),
			"!raw": () => this.socket._socket.write(Buffer.from(value, "hex")),
		};

		if (orders[word])
			orders[word]();
		else
			this.socket.send(line);
	}
}

async function openWebSocket(s) {
	const { WebSocket } = await import("ws");
	const address = s.address();
	address.protocol = address.protocol.replace("http", "ws");
	const socket = new WebSocket(address, s.protocol ? s.protocol.split(",") : [], { headers: s.allHeaders(), perMessageDeflate: s.deflate ?? true });
	let failure;

	s.socket = socket;
	s.drop = () => socket.terminate();
	socket.on("open", () => {
		s.onNote({ client: "open", protocol: socket.protocol, extensions: socket.extensions });
		if (s.auth)
			socket.send(JSON.stringify({ type: "auth", token: s.auth, ...(s.cursor && { cursor: s.cursor }) }));
		if (s.first)
			socket.send(s.first);
	});
	socket.on("message", (data, binary) => binary ? s.onNote({ client: "binary", bytes: data.length }) : s.heard(JSON.parse(data)));
	socket.on("ping", () => s.onNote({ client: "ping" }));
	socket.on("pong", (data) => s.onNote({ client: "pong", text: String(data) }));
	socket.on("unexpected-response", (request, reply) => readReply(reply, (body) => {
		s.refused(reply, body);
		request.destroy();
	}));
	socket.on("error", (error) => { failure = error.code ?? error.message; });
	socket.on("close", (code, reason) => s.closed({ code: code === 1006 ? undefined : code, reason: String(reason), failure }));
}

function readReply(reply, then) {
	let text = "";

	reply.setEncoding("utf8");
	reply.on("data", (part) => { text += part; });
	reply.on("end", () => {
		let body = text;
		try {
			body = JSON.parse(text);
		} catch { /* shown as it is */ }
		then(body);
	});
}

/* A plain GET; calls back once with the reply, or once with what went wrong. */
function get(s, address, headers, onReply, onFailure) {
	const { Agent, get: open } = address.protocol === "https:" ? https : http;
	const request = open(address, { headers, agent: new Agent({ keepAlive: false }) }, onReply);
	let failed = false;

	s.drop = () => request.destroy();
	request.on("error", (error) => {
		if (!failed)
			onFailure(error.code ?? error.message);
		failed = true;
	});
}

function openEventStream(s) {
	get(s, s.address(), { Accept: "text/event-stream", ...s.allHeaders() }, (reply) => {
		if (reply.statusCode !== 200) {
			readReply(reply, (body) => {
				s.refused(reply, body);
			});
			return;
		}
		s.onNote({ client: "open", headers: reply.headers });

		let text = "", over = false;
		const finish = (failure) => {
			if (!over)
				s.closed({ failure });
			over = true;
		};
		s.socket = { _socket: reply.socket };
		reply.setEncoding("utf8");
		reply.on("data", (part) => {
			const blocks = (text + part).split("\n\n");
			text = blocks.pop();
			for (const block of blocks)
				hearBlock(s, block);
		});
		reply.on("end", () => finish());
		reply.on("error", (error) => finish(error.code ?? error.message));
		reply.on("aborted", () => finish("aborted"));
	}, (failure) => s.closed({ failure }));
}

/*
 * One block of an event stream (WHATWG HTML, section 9.2.6): data and id, or a comment, or retry.
 */
function hearBlock(s, block) {
	const fields = {};

	for (const line of block.split("\n")) {
		const [, name, value] = /^([^:]*):? ?(.*)$/s.exec(line);
		fields[name] = name === "data" && fields.data !== undefined ? `${fields.data}\n${value}` : value;
	}
	if (fields[""] !== undefined)
		s.onNote({ client: "comment" });
	if (fields.retry !== undefined)
		s.onNote({ client: "retry", ms: Number(fields.retry) });
	if (fields.event !== undefined)
		s.onNote({ client: "event-line", value: fields.event });
	if (fields.data === undefined)
		return;
	const event = JSON.parse(fields.data);
	if (fields.id !== undefined && fields.id !== (event.cursor ?? event.data.cursor))
		s.onNote({ client: "id-differs", id: fields.id });
	if (event.cursor !== undefined && fields.id === undefined)
		s.onNote({ client: "id-missing" });
	s.heard(event);
	s.move(fields.id);
}

/* The way of browsers: one onmessage, and the library comes back by itself with Last-Event-ID. */
async function openEventSource(s) {
	const { EventSource } = await import("eventsource");
	const source = new EventSource(s.address(), {
		fetch: (input, init) => fetch(input, { ...init, headers: { ...init.headers, ...s.allHeaders() } }),
	});

	s.drop = () => source.close();
	source.onopen = () => s.onNote({ client: "open" });
	source.onmessage = (message) => {
		s.heard(JSON.parse(message.data));
		s.move(message.lastEventId);
	};
	source.onerror = (error) => {
		if (source.readyState === EventSource.CLOSED || !s.reconnect) {
			source.close();
			s.closed({ status: error.code });
		} else {
			s.onNote({ client: "again" });
		}
	};
}

/* The first poll does not wait: what it answers is the place from which nothing is missed. */
function openPoll(s) {
	const ask = (wait) => get(s, s.address({ wait }), s.allHeaders(), (reply) => {
		reply.on("error", () => {});
		reply.on("aborted", () => s.closed({ failure: "aborted" }));
		readReply(reply, (body) => {
			if (!reply.complete)
				return;
			if (reply.statusCode !== 200) {
				s.refused(reply, body);
				return;
			}
			for (const event of body.events)
				s.heard(event);
			s.move(body.cursor);
			if (wait === 0 || s.once)
				s.onNote({ client: "open", events: body.events.length, cursor: body.cursor });
			if (s.bye || s.once)
				s.closed({ code: s.bye?.code });
			else if (!s.ended)
				ask(s.wait);
		});
	}, (failure) => s.closed({ failure }));

	ask(s.once ? s.wait : 0);
}
