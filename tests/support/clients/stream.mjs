#!/usr/bin/env node
// One stream client on the command line: opens a stream on any transport and prints what it hears,
// one JSON line each.
// SPDX-License-Identifier: MIT
import { createReadStream, constants, openSync, readFileSync, writeFileSync, writeSync, renameSync } from "node:fs";
import { Socket } from "node:net";
import { createInterface } from "node:readline";
import { Stream } from "./streams.mjs";

const USAGE = `usage: stream.mjs ws|sse|poll|eventsource BASE-URL [OPTION…]

  --token JWT         in the Authorization header          --ticket TICKET     in the query
  --cookie JWT        as the cookie banter_access          --auth JWT          in a first frame (ws)
  --origin ORIGIN     the Origin header                    --protocol NAME     subprotocol (default banter.v1; "" for none)
  --since CURSOR      where to go on (in the query; with --last-event-id in that header; with --auth in the frame)
  --path PATH         another path than the transport's    --header 'N: V'     a further header
  --first FRAME       sent up as soon as the socket is open (ws)
  --wait SECONDS      of a long-poll (default 25)          --once              poll once
  --cursor-file FILE  where the last cursor is kept; read when it is there
  --reconnect         come back with the cursor after every end but those from 4500
  --hold              read no more once the stream is open, until !resume; long texts are printed cut
  --out FILE          print there instead of standard output
  --in FILE           a fifo: each line is sent up as a frame; !close [CODE], !drop, !shut, !ping, !pause, !resume, !binary HEX, !raw HEX are orders
  --until TYPE        leave after an event of this type    --count N           leave after N events with a seq
  --for SECONDS       leave with 3 when it takes longer

What is printed: each event as it came, with _at (milliseconds); and the client's own notes {"client":"open|closed|refused|pong|comment|…"}.
Leaves with 0 when the condition was met or the stream ended by itself, 3 when time was up, 4 when it was refused.`;

const FLAGS = new Set(["reconnect", "once", "last-event-id", "hold"]);
const CUT = 100;

function readArguments(argv) {
	const [transport, url, ...rest] = argv;
	const options = { transport, url, headers: {}, protocol: "banter.v1", wait: 25 };

	if (!transport || !url || transport === "--help") {
		console.error(USAGE);
		process.exit(transport === "--help" ? 0 : 64);
	}
	while (rest.length) {
		const name = rest.shift().replace(/^--/, "");
		if (FLAGS.has(name)) {
			options[name] = true;
		} else if (name === "header") {
			const [key, ...value] = rest.shift().split(":");
			options.headers[key] = value.join(":").trim();
		} else {
			options[name] = rest.shift();
		}
	}
	return options;
}

const options = readArguments(process.argv.slice(2));
const out = options.out ? openSync(options.out, "a") : 1;
const stop = (status) => process.exit(status);

function print(line) {
	if (options.hold && line.data?.text?.length > CUT)
		line = { ...line, data: { ...line.data, text: line.data.text.slice(0, CUT) } };
	writeSync(out, JSON.stringify({ ...line, _at: Date.now() }) + "\n");
}

function remember(cursor) {
	if (!options["cursor-file"])
		return;
	writeFileSync(options["cursor-file"] + ".new", cursor);
	renameSync(options["cursor-file"] + ".new", options["cursor-file"]);
}

function remembered() {
	try {
		return readFileSync(options["cursor-file"], "utf8") || undefined;
	} catch {
		return undefined;
	}
}

let counted = 0;
const stream = new Stream({
	...options,
	lastEventId: options["last-event-id"],
	since: options.since ?? (options["cursor-file"] && remembered()),
	onEvent(event) {
		print(event);
		if (options.hold && event.type === "stream.ready")
			stream.order("!pause");
		if (event.seq !== undefined)
			counted++;
		if (event.type === options.until || (options.count && counted >= Number(options.count)))
			setImmediate(stop, 0);
	},
	onCursor: remember,
	onNote: print,
	onEnd: (refused) => stop(refused ? 4 : 0),
});

// A fifo opened for reading and writing never ends, whoever writes to it comes and goes.
function readOrders(path) {
	const input = path === "-" ? createReadStream("/dev/stdin")
		: new Socket({ fd: openSync(path, constants.O_RDWR | constants.O_NONBLOCK), readable: true, writable: false });

	createInterface({ input }).on("line", (line) => stream.order(line));
}

if (options.in)
	readOrders(options.in);
if (options.for)
	setTimeout(stop, Number(options.for) * 1000, 3);
process.on("SIGTERM", () => stop(0));
process.on("SIGINT", () => stop(0));
stream.open();
