// SPDX-License-Identifier: MIT
// Walks through RFC 6455 as a client with nothing but a socket, against a server that echoes.
// Prints TAP.
//
//	node tests/conformance/rfc6455.mjs ws://HOST:PORT/PATH [LIMIT]
//
// LIMIT: bytes of a message that the server takes; without it nothing is said about too large ones.
// Each case is sent in one piece, byte by byte, and cut at random (BANTER_SEED=N repeats a run).
import { createHash, randomBytes } from "node:crypto";
import { connect } from "node:net";
import { setImmediate as turn } from "node:timers/promises";

const TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10, FIN = 0x80;
const CASE_MS = 10_000, QUIET_MS = 150;

const [url, limitText] = process.argv.slice(2);
if (!url) {
	console.error("usage: rfc6455.mjs ws://HOST:PORT/PATH [LIMIT]");
	process.exit(64);
}
const target = new URL(url);
const limit = Number(limitText ?? 0);
let seed = Number(process.env.BANTER_SEED ?? Date.now() % 1e9) >>> 0;
console.log(`# seed ${seed} (BANTER_SEED)`);

// mulberry32
function chance(below) {
	seed = (seed + 0x6d2b79f5) >>> 0;
	let z = seed;
	z = Math.imul(z ^ (z >>> 15), z | 1);
	z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
	return ((z ^ (z >>> 14)) >>> 0) % below;
}

// ---- writing frames

const bytes = (payload) => (Buffer.isBuffer(payload) ? payload : Buffer.from(payload ?? "", "utf8"));
const hex = (text) => Buffer.from(text.replace(/ /g, ""), "hex");

// A header with the length in as many bytes as are wished for (7, 16 or 64 bits; the fewest without
// a wish).
function header(first, length, { masked = true, bits } = {}) {
	const size = bits ?? (length < 126 ? 7 : length < 65536 ? 16 : 64);
	const head = Buffer.alloc(size === 7 ? 2 : size === 16 ? 4 : 10);
	head[0] = first;
	head[1] = (masked ? 0x80 : 0) | (size === 7 ? length : size === 16 ? 126 : 127);
	if (size === 16) head.writeUInt16BE(length, 2);
	if (size === 64) head.writeBigUInt64BE(BigInt(length), 2);
	return head;
}

function frame(first, payload, options = {}) {
	const body = Buffer.from(bytes(payload));
	const head = header(first, body.length, options);
	if (options.masked === false) return Buffer.concat([head, body]);
	const mask = options.mask ?? randomBytes(4);
	for (let i = 0; i < body.length; i++) body[i] ^= mask[i % 4];
	return Buffer.concat([head, mask, body]);
}

const text = (payload) => frame(FIN | TEXT, payload);
const binary = (payload) => frame(FIN | BINARY, payload);
const ping = (payload) => frame(FIN | PING, payload);
const pong = (payload) => frame(FIN | PONG, payload);
const start = (payload, opcode = TEXT) => frame(opcode, payload);
const more = (payload) => frame(0, payload);
const last = (payload) => frame(FIN, payload);
const code = (number, reason = "") => Buffer.concat([Buffer.from([number >> 8, number & 255]), bytes(reason)]);
const close = (number, reason) => frame(FIN | CLOSE, number === undefined ? "" : code(number, reason));

// ---- a connection, and what the server may send over it

class Peer {
	#socket;
	#input = Buffer.alloc(0);
	#ended = false;
	#wake = () => {};

	static async open(request) {
		const peer = new Peer();
		peer.#socket = connect({ host: target.hostname, port: Number(target.port || 80), noDelay: true });
		peer.#socket.on("data", (chunk) => { peer.#input = Buffer.concat([peer.#input, chunk]); peer.#wake(); });
		peer.#socket.on("end", () => { peer.#ended = true; peer.#wake(); });
		peer.#socket.on("error", () => { peer.#ended = true; peer.#wake(); });
		await new Promise((resolve, reject) => peer.#socket.once("connect", resolve).once("error", reject));
		if (request === undefined) await peer.greet();
		return peer;
	}

	async greet() {
		const key = randomBytes(16).toString("base64");
		await this.send(Buffer.from(handshake({ "Sec-WebSocket-Key": key })));
		const head = await this.head();
		const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
		if (!/^HTTP\/1\.1 101 /.test(head)) throw new Error(`no handshake: ${head}`);
		if (!head.includes(`\r\nSec-WebSocket-Accept: ${accept}\r\n`)) throw new Error(`wrong accept: ${head}`);
	}

	// manner: "whole", "bytes" or "cuts"
	async send(data, manner = "whole") {
		for (let at = 0; at < data.length && !this.#socket.destroyed;) {
			const n = manner === "whole" ? data.length : manner === "bytes" ? 1 : 1 + chance(Math.max(2, data.length / 2));
			if (!this.#socket.write(data.subarray(at, at + n)) && !this.#ended)
				await new Promise((resolve) => { this.#socket.once("drain", resolve).once("close", resolve); });
			at += n;
			if (manner !== "whole") await turn();
		}
	}

	async #until(ready) {
		const deadline = Date.now() + CASE_MS;
		for (;;) {
			const value = ready();
			if (value !== undefined) return value;
			if (this.#ended) return "end";
			if (Date.now() > deadline) throw new Error("nothing came");
			await new Promise((resolve) => {
				const timer = setTimeout(resolve, 200);
				this.#wake = () => { clearTimeout(timer); resolve(); };
			});
		}
	}

	async head() {
		return this.#until(() => {
			const end = this.#input.indexOf("\r\n\r\n");
			if (end < 0) return undefined;
			const head = this.#input.subarray(0, end + 4).toString("latin1");
			this.#input = this.#input.subarray(end + 4);
			return head;
		});
	}

	// One frame as "opcode payload", read strictly: whatever a server must not send is an
	// error.
	async next() {
		return this.#until(() => {
			const input = this.#input;
			if (input.length < 2) return undefined;
			const length7 = input[1] & 0x7f, size = length7 === 127 ? 10 : length7 === 126 ? 4 : 2;
			if (input[0] & 0x70) throw new Error("the server set a reserved bit");
			if (input[1] & 0x80) throw new Error("the server masks");
			if (input.length < size) return undefined;
			const length = size === 10 ? Number(input.readBigUInt64BE(2)) : size === 4 ? input.readUInt16BE(2) : length7;
			if ((size === 4 && length < 126) || (size === 10 && length < 65536)) throw new Error("the server wrote a length in too many bytes");
			if (input.length < size + length) return undefined;
			const payload = input.subarray(size, size + length);
			this.#input = input.subarray(size + length);
			return { first: input[0], opcode: input[0] & 15, payload };
		});
	}

	// A whole message: fragments of the server joined.
	async message() {
		const parts = [];
		let opcode = 0;
		for (;;) {
			const part = await this.next();
			if (part === "end" || part.opcode >= CLOSE) return part;
			opcode ||= part.opcode;
			parts.push(part.payload);
			if (part.first & FIN) return { opcode, payload: Buffer.concat(parts) };
		}
	}

	quit() {
		this.#socket.destroy();
	}
}

function handshake(headers = {}, line = `GET ${target.pathname}${target.search} HTTP/1.1`) {
	const all = { Host: target.host, Upgrade: "websocket", Connection: "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", ...headers };
	const lines = Object.entries(all).filter(([, value]) => value !== null).map(([name, value]) => `${name}: ${value}\r\n`);
	return `${line}\r\n${lines.join("")}\r\n`;
}

// ---- the cases: input, output, and the end: OPEN, or the code of the server's close

const OPEN = 0;
const cases = [];
const add = (name, sent, back, end = OPEN, manners = ["whole", "bytes", "cuts"]) => cases.push({ name, sent: Buffer.concat(sent), back, end, manners });
const T = (payload) => [TEXT, bytes(payload)], B = (payload) => [BINARY, bytes(payload)], P = (payload) => [PONG, bytes(payload)];
const euro = bytes("€"), smile = bytes("😀");

for (const length of [0, 1, 125, 126, 127, 128, 65535, 65536, 65537]) {
	const payload = "*".repeat(length), manners = length < 1000 ? undefined : ["whole", "cuts"];
	add(`5.6: a text of ${length} bytes`, [text(payload)], [T(payload)], OPEN, manners);
	add(`5.6: a binary message of ${length} bytes`, [binary(randomBytes(length).fill(0xfe))], [B(Buffer.alloc(length, 0xfe))], OPEN, manners);
}
add("5.6: several messages at once", [text("a"), binary("b"), text(""), text("c")], [T("a"), B("b"), T(""), T("c")]);
add("5.7: the example", [hex("81 85 37 fa 21 3d 7f 9f 4d 51 58")], [T("Hello")]);
add("5.3: a mask of zeros", [frame(FIN | TEXT, "plain", { mask: Buffer.alloc(4) })], [T("plain")]);
add("5.3: a mask of ones", [frame(FIN | TEXT, "plain", { mask: Buffer.alloc(4, 0xff) })], [T("plain")]);

add("5.4: two fragments", [start("Hel"), last("lo")], [T("Hello")]);
add("5.4: two binary fragments", [start(hex("ff"), BINARY), last(hex("fe"))], [B(hex("fffe"))]);
add("5.4: a hundred fragments", [start("0"), ...Array.from({ length: 98 }, () => more("1")), last("2")], [T(`0${"1".repeat(98)}2`)]);
add("5.4: empty fragments", [start(""), more(""), last("")], [T("")]);
add("5.4: empty fragments around one byte", [start(""), more("x"), more(""), last("")], [T("x")]);
add("5.4: a ping between fragments", [start("a"), ping("p"), last("b")], [P("p"), T("ab")]);
add("5.4: pings between all fragments", [ping("0"), start("a"), ping("1"), more("b"), ping("2"), last("c"), ping("3")], [P("0"), P("1"), P("2"), T("abc"), P("3")]);
add("5.4: a pong between fragments", [start("a"), pong("p"), last("b")], [T("ab")]);
add("5.4: fragments, a text, fragments", [start("a"), last("b"), text("c"), start("d", BINARY), last("e")], [T("ab"), T("c"), B("de")]);
add("5.4: fragments of 64 KiB", [start("a".repeat(65536)), more("b".repeat(65536)), last("c".repeat(65536))], [T("a".repeat(65536) + "b".repeat(65536) + "c".repeat(65536))], OPEN, ["whole", "cuts"]);
add("5.4: a continuation of nothing", [last("x")], [], 1002);
add("5.4: a continuation of nothing that goes on", [more("x")], [], 1002);
add("5.4: a continuation after a message", [text("a"), last("x")], [T("a")], 1002);
add("5.4: a continuation after the last fragment", [start("a"), last("b"), last("c")], [T("ab")], 1002);
add("5.4: a text inside a text", [start("a"), text("b")], [], 1002);
add("5.4: a binary message inside a text", [start("a"), binary("b")], [], 1002);
add("5.4: a start inside a text", [start("a"), start("b")], [], 1002);

add("5.5.2: a ping", [ping("hello")], [P("hello")]);
add("5.5.2: an empty ping", [ping("")], [P("")]);
add("5.5.2: a ping of any bytes", [ping(hex("00 ff fe fd fc fb 00 ff"))], [P(hex("00 ff fe fd fc fb 00 ff"))]);
add("5.5.2: a ping of 125 bytes", [ping(Buffer.alloc(125, 0xfe))], [P(Buffer.alloc(125, 0xfe))]);
add("5.5.2: ten pings", Array.from({ length: 10 }, (_, i) => ping(`${i}`)), Array.from({ length: 10 }, (_, i) => P(`${i}`)));
add("5.5.3: a pong nobody asked for", [pong("x"), ping("y")], [P("y")]);
add("5.5.3: an empty pong nobody asked for", [pong("")], []);
add("5.5: a ping of 126 bytes", [ping("*".repeat(126))], [], 1002);
add("5.5: a pong of 126 bytes", [pong("*".repeat(126))], [], 1002);
add("5.5: a close of 126 bytes", [close(1000, "*".repeat(124))], [], 1002);
add("5.5: a fragmented ping", [frame(PING, "a"), last("b")], [], 1002);
add("5.5: a fragmented pong", [frame(PONG, "a"), last("b")], [], 1002);
add("5.5: a fragmented close", [frame(CLOSE, code(1000)), last("")], [], 1002);
add("5.5: a ping announced with 64 bits", [header(FIN | PING, 5, { bits: 64 })], [], 1002);

add("5.5.1: a close that says nothing", [close()], [], 1005);
add("5.5.1: a close with a reason of 123 bytes", [close(1000, "*".repeat(123))], [], 1000);
add("5.5.1: half a code", [frame(FIN | CLOSE, hex("03"))], [], 1002);
add("5.5.1: nothing is answered after a close", [close(1000), text("x"), ping("y")], [], 1000);
add("5.5.1: a close between fragments", [start("a"), close(1000)], [], 1000);
add("5.5.1: a reason that is not UTF-8", [close(1000, hex("ff"))], [], 1007);
add("5.5.1: a reason that ends inside a character", [close(1000, euro.subarray(0, 2))], [], 1007);
for (const number of [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999]) add(`7.4: code ${number}`, [close(number, "bye")], [], number);
for (const number of [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535]) add(`7.4: code ${number}, which nobody may send`, [close(number)], [], 1002);

for (const bits of [1, 2, 3, 4, 5, 6, 7]) add(`5.2: reserved bits ${bits} on a text`, [frame(FIN | (bits << 4) | TEXT, "x")], [], 1002);
add("5.2: a reserved bit on a ping", [frame(FIN | 0x40 | PING, "x")], [], 1002);
add("5.2: a reserved bit on a close", [frame(FIN | 0x10 | CLOSE, "")], [], 1002);
add("5.2: a reserved bit on a continuation", [start("a"), frame(FIN | 0x20, "b")], [], 1002);
add("5.2: a reserved bit after good messages", [text("a"), ping("b"), frame(FIN | 0x40 | TEXT, "x")], [T("a"), P("b")], 1002);
for (const opcode of [3, 4, 5, 6, 7, 11, 12, 13, 14, 15]) add(`5.2: opcode ${opcode}`, [frame(FIN | opcode, "x")], [], 1002);
add("5.2: a reserved opcode inside a message", [start("a"), frame(3, "b")], [], 1002);
add("5.1: a text that is not masked", [frame(FIN | TEXT, "x", { masked: false })], [], 1002);
add("5.1: a ping that is not masked", [frame(FIN | PING, "", { masked: false })], [], 1002);
add("5.1: a close that is not masked", [frame(FIN | CLOSE, code(1000), { masked: false })], [], 1002);
add("5.2: 125 in 16 bits", [frame(FIN | TEXT, "*".repeat(125), { bits: 16 })], [], 1002);
add("5.2: 125 in 64 bits", [frame(FIN | TEXT, "*".repeat(125), { bits: 64 })], [], 1002);
add("5.2: 65535 in 64 bits", [frame(FIN | BINARY, "*".repeat(65535), { bits: 64 })], [], 1002, ["whole", "cuts"]);
add("5.2: the highest bit of the length", [hex("82 ff 80 00 00 00 00 00 00 00")], [], 1002);

for (const good of ["\u0000", "\u007f", "\u0080", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\ufeff", "\ufffe", "\uffff", "\u{10000}", "\u{10ffff}", "κόσμε", "hello €😀 Grüße"]) {
	const whole = bytes(good), name = [...good].map((c) => `U+${c.codePointAt(0).toString(16)}`).slice(0, 3).join(" ");
	add(`8.1: ${name}`, [text(good)], [T(good)]);
	add(`8.1: ${name}, each byte a fragment`, [start(""), ...[...whole].map((byte) => more(Buffer.from([byte]))), last("")], [T(good)]);
}
for (const bad of ["80", "bf", "c0 80", "c1 bf", "c0 af", "c3", "c3 28", "e0 80 80", "e0 9f bf", "ed a0 80", "ed ad bf", "ed ae 80", "ed bf bf", "ed a0 80 ed b0 80", "e2 82", "e2 28 a1", "f0 80 80 80", "f0 8f bf bf",
	"f0 9f 98", "f4 90 80 80", "f5 80 80 80", "f8 88 80 80 80", "fc 84 80 80 80 80", "fe", "ff", "ce ba e1 bd b9 cf 83 ed a0 80 65", "68 65 6c 6c 6f 20 77 6f 72 6c 64 ff 68 65 6c 6c 6f"]) {
	const whole = hex(bad);
	add(`8.1: not UTF-8: ${bad}`, [text(whole)], [], 1007);
	add(`8.1: not UTF-8, each byte a fragment: ${bad}`, [start(""), ...[...whole].map((byte) => more(Buffer.from([byte]))), last("")], [], 1007);
	add(`8.1: any bytes as binary: ${bad}`, [binary(whole)], [B(whole)]);
}
add("8.1: a ping inside a character", [start(smile.subarray(0, 2)), ping(hex("80")), last(smile.subarray(2))], [P(hex("80")), T("😀")]);
add("8.1: a fragment that spoils the text is not waited with", [start("a"), more(hex("ff"))], [], 1007);
add("8.1: a good text after binary noise", [binary(hex("ff fe")), text("ok")], [B(hex("fffe")), T("ok")]);

if (limit) {
	const most = Buffer.alloc(limit, 0x61), half = most.subarray(0, limit / 2);
	add("10.4: a message as large as may be", [text(most)], [T(most)], OPEN, ["whole", "cuts"]);
	add("10.4: as large as may be, in fragments", [start(half), last(half)], [T(most)], OPEN, ["whole", "cuts"]);
	add("10.4: one byte more is refused by its header", [header(FIN | TEXT, limit + 1)], [], 1009);
	add("10.4: one byte more in fragments is refused by its header", [start(half), header(FIN, limit / 2 + 1)], [], 1009, ["whole", "cuts"]);
	add("10.4: 1 GiB", [header(FIN | BINARY, 1 << 30)], [], 1009);
	add("10.4: 2^63 - 1 bytes", [header(FIN | BINARY, 0x7fffffffffffffffn, { bits: 64 })], [], 1009);
}

// ---- running

const show = (got) => (got === "end" ? "the end" : `opcode ${got.opcode}, ${got.payload.length} bytes ${got.payload.subarray(0, 20).toString("hex")}`);

async function expectEnd(peer, end) {
	if (end === OPEN) {
		await peer.send(ping("still there?"));
		const got = await peer.message();
		if (got === "end" || got.opcode !== PONG || got.payload.toString() !== "still there?") throw new Error(`it should stay open, but: ${show(got)}`);
		return;
	}
	const got = await peer.message();
	if (got === "end" || got.opcode !== CLOSE) throw new Error(`a close ${end} should come, but: ${show(got)}`);
	const said = got.payload.length === 0 ? 1005 : got.payload.readUInt16BE(0);
	if (said !== end) throw new Error(`a close ${end} should come, but ${said}`);
	const behind = await peer.message();
	if (behind !== "end") throw new Error(`the server should hang up (7.1.1), but: ${show(behind)}`);
}

async function runCase({ sent, back, end }, manner) {
	const peer = await Peer.open();
	try {
		const sending = peer.send(sent, manner);
		for (const [opcode, payload] of back) {
			const got = await peer.message();
			if (got === "end" || got.opcode !== opcode || !got.payload.equals(payload)) throw new Error(`opcode ${opcode} with ${payload.length} bytes should come, but: ${show(got)}`);
		}
		if (end === OPEN) await sending;
		await expectEnd(peer, end);
		await sending;
	} finally {
		peer.quit();
	}
}

// The handshake (4.2): what is sent, and the status that comes.
const key16 = (n) => randomBytes(n).toString("base64");
const greetings = [
	["4.2.1: a handshake", handshake(), 101],
	["4.2.1: names and tokens in any case", handshake({ Host: null, hOST: target.host, Connection: null, CONNECTION: "keep-alive, upgrade", Upgrade: "WebSocket" }), 101],
	["4.2.1: more headers", handshake({ Origin: "https://a.example", Cookie: "a=b", "Sec-WebSocket-Extensions": "permessage-deflate" }), 101],
	["4.2.1: no key", handshake({ "Sec-WebSocket-Key": null }), 400],
	["4.2.1: a short key", handshake({ "Sec-WebSocket-Key": key16(8) }), 400],
	["4.2.1: no Upgrade", handshake({ Upgrade: null }), 400],
	["4.2.1: another Upgrade", handshake({ Upgrade: "websockets" }), 400],
	["4.2.1: no Connection", handshake({ Connection: null }), 400],
	["4.2.1: another Connection", handshake({ Connection: "keep-alive" }), 400],
	["4.2.1: HTTP/1.0", handshake({}, `GET ${target.pathname} HTTP/1.0`), 400],
	["4.2.1: no Host", handshake({ Host: null }), 400],
	["4.4: another version", handshake({ "Sec-WebSocket-Version": "8" }), 426],
	["4.4: no version", handshake({ "Sec-WebSocket-Version": null }), 426],
	["4.2.1: POST", handshake({}, `POST ${target.pathname} HTTP/1.1`), 405],
];

async function runGreeting([, request, status], manner) {
	const peer = await Peer.open(request);
	try {
		await peer.send(Buffer.from(request), manner);
		const head = await peer.head();
		if (!new RegExp(`^HTTP/1\\.1 ${status} `).test(head)) throw new Error(`${status} should come, but: ${head.split("\r\n")[0]}`);
		if (status === 426 && !/\r\nSec-WebSocket-Version: 13\r\n/i.test(head)) throw new Error("426 does not name the version");
		if (status === 101) {
			if (!head.includes("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n")) throw new Error(`wrong accept: ${head}`);
			if (/\r\nSec-WebSocket-Extensions:/i.test(head)) throw new Error("the server took up an extension");
			await expectEnd(peer, OPEN);
		} else if (await peer.next() !== "end") throw new Error("the server should hang up");
	} finally {
		peer.quit();
	}
}

// Frames right behind the request, in the same packet.
async function runEager() {
	const peer = await Peer.open("");
	try {
		await peer.send(Buffer.concat([Buffer.from(handshake()), text("early"), ping("bird")]));
		await peer.head();
		for (const [opcode, payload] of [T("early"), P("bird")]) {
			const got = await peer.message();
			if (got === "end" || got.opcode !== opcode || !got.payload.equals(payload)) throw new Error(`not echoed: ${show(got)}`);
		}
	} finally {
		peer.quit();
	}
}

// Nothing comes unasked while a message is open.
async function runQuiet() {
	const peer = await Peer.open();
	try {
		await peer.send(Buffer.concat([start("a"), header(FIN, 5), Buffer.alloc(4)]));
		const got = await Promise.race([peer.message(), new Promise((resolve) => setTimeout(resolve, QUIET_MS, "quiet"))]);
		if (got !== "quiet") throw new Error(`it should wait, but: ${show(got)}`);
	} finally {
		peer.quit();
	}
}

let number = 0, failed = 0;
async function report(name, run) {
	let why = "";
	try {
		await run();
	} catch (error) {
		why = error.message;
		failed++;
	}
	console.log(`${why ? "not ok" : "ok"} ${++number} - ${name}`);
	if (why) console.log(`# ${why.replace(/\n/g, "\n# ")}`);
	if (failed && number === 1) {
		console.log("Bail out! No handshake, no frames.");
		process.exit(1);
	}
}

for (const greeting of greetings) for (const manner of ["whole", "bytes"]) await report(`${greeting[0]} (${manner})`, () => runGreeting(greeting, manner));
await report("4.2.2: frames right behind the request", runEager);
await report("5.4: half a message is waited for", runQuiet);
for (const one of cases) for (const manner of one.manners) await report(`${one.name} (${manner})`, () => runCase(one, manner));
console.log(`1..${number}`);
process.exit(failed ? 1 : 0);
