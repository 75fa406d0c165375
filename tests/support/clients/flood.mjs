// Hostile clients: opens COUNT connections to push, or to the front door, and attacks in one way on
// each. Prints a JSON line when the number of open or closed connections changes, with the
// server's WebSocket close codes.
// SPDX-License-Identifier: MIT
//
//	node flood.mjs HOW PORT COUNT [TOKEN [ADDRESS]]
//
// It runs until it is killed. ADDRESS is the local address of the connections.
//
//	silent      sends nothing
//	half        a request whose head does not end
//	trickle     a request, one byte every 250 ms
//	frames      heartbeats on a WebSocket, as fast as the server reads them
//	pings       10,000 pings on a WebSocket at once
//	gigabyte    a frame of 1 GiB by its header, and its first bytes
//	many        a request for an event stream, at once
//	heavy       texts of 128 KB that are slow to parse, 90 a second on each WebSocket
//	eager       the handshake, with a megabyte of pings right behind it
//	stranger    a WebSocket without credentials, and a first frame of 128 KB
//	deaf        a WebSocket that is never read after the handshake, so no ping is answered
import net from "node:net";
import { randomBytes } from "node:crypto";

const [how, port, count, token, address] = process.argv.slice(2);
const state = { open: 0, ready: 0, ended: 0, codes: {} };
let told = "";

setInterval(() => {
	const line = JSON.stringify(state);
	if (line !== told) console.log((told = line));
}, 50);

const greeting = `GET /v1/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
	`Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}\r\n`;
const request = `${greeting}Authorization: Bearer ${token}\r\n\r\n`;

// A masked frame, by a mask of zeros.
function frame(opcode, text) {
	const payload = Buffer.from(text), long = Buffer.alloc(8);
	long.writeBigUInt64BE(BigInt(payload.length));
	const length = payload.length < 126 ? [payload.length] : payload.length < 65536 ? [126, ...long.subarray(6)] : [127, ...long];
	return Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | length[0], ...length.slice(1), 0, 0, 0, 0]), payload]);
}

const many = (one, n) => Buffer.concat(Array(n).fill(one));

const acts = {
	silent: () => {},
	half: (socket) => socket.write("GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "),
	trickle: (socket) => {
		let at = 0;
		const timer = setInterval(() => socket.write(request[at++ % request.length]), 250);
		socket.on("close", () => clearInterval(timer));
	},
	frames: (socket) => {
		const block = many(frame(1, '{"type":"heartbeat"}'), 1000);
		const more = () => { while (!socket.destroyed && socket.write(block)); };
		socket.on("drain", more);
		more();
	},
	pings: (socket) => socket.write(many(frame(9, "x"), 10000)),
	gigabyte: (socket) => socket.write(Buffer.concat([Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0]), Buffer.alloc(65536)])),
	heavy: (socket) => {
		const text = frame(1, `{"type":"typing","q":[${"1,".repeat(64000)}1]}`);
		const timer = setInterval(() => socket.write(text), 1000 / 90);
		socket.on("close", () => clearInterval(timer));
	},
	eager: (socket) => socket.write(Buffer.concat([Buffer.from(request), many(frame(9, "x"), 140000)])),
	many: (socket) => socket.write(`GET /v1/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`),
	stranger: (socket) => socket.write(Buffer.concat([Buffer.from(`${greeting}\r\n`), frame(1, `{"type":"auth","token":"${"x".repeat(128000)}"}`)])),
	deaf: (socket) => socket.pause(),
};
// not only when the stream is open
const atOnce = ["silent", "half", "trickle", "many", "eager", "stranger"];

// Counts the close codes by searching all received bytes for a code and its reason. On these
// streams nothing else contains those bytes.
function note(socket, data) {
	socket.heard = Buffer.concat([socket.heard, data]).subarray(-65536);
	for (const [code, bytes] of [[4503, "\x11\x97protocol"], [1009, "\x03\xf1too_big"], [4006, "\x0f\xa6idle"]])
		if (!socket.code && socket.heard.includes(Buffer.from(bytes, "latin1"))) {
			socket.code = code;
			state.codes[code] = (state.codes[code] ?? 0) + 1;
		}
}

function open() {
	const socket = net.connect({ port: Number(port), host: address?.includes(":") ? "::1" : "127.0.0.1", localAddress: address });
	socket.heard = Buffer.alloc(0);
	socket.on("connect", () => {
		state.open++;
		if (atOnce.includes(how)) acts[how](socket);
		else socket.write(request);
	});
	socket.on("data", (data) => {
		note(socket, data);
		if (socket.isReady || !socket.heard.includes("stream.ready")) return;
		socket.isReady = true;
		state.ready++;
		acts[how](socket);
	});
	socket.on("error", () => {});
	socket.on("close", () => state.ended++);
}

for (let i = 0; i < Number(count); i++) open();
