// The options of verify-delivery: one table, for parsing and for --help.
// SPDX-License-Identifier: MIT
import { randomInt } from "node:crypto";

const OPTIONS = [
	["users", 6, "users (at least 3)"],
	["devices", 3, "devices of each user"],
	["transports", "ws,sse,poll", "their transports, in turn; each reconnect picks one at random"],
	["groups", 3, "groups, in each of which one member joins and leaves; with the direct conversations at most 40"],
	["directs", 3, "direct conversations"],
	["rate", 20, "messages a second, in all"],
	["socket", 0.4, "share of them that is sent by WebSocket"],
	["lose", 0.2, "share of them whose reply is discarded, so that the send is repeated"],
	["drop", 4, "connections cut a second"],
	["reads", 4, "messages marked as read a second"],
	["members", 1, "changes of membership a second"],
	["revoke", 1, "devices revoked on each transport; 0: and none signs in late"],
	["seconds", 30, "duration of the run"],
	["settle", 30, "how long late events may take after that"],
	["streams", "", "addresses for the streams, in turn, when they are not the server's own"],
	["seed", 0, "seed of all random choices; 0: another each time"],
];
const FLAGS = [
	["json", "the verdict as JSON on the last line; a line {\"state\":\"running\"} when all streams are open"],
	["keep", "keep the conversations for inspection"],
	["lossy", "the database may lose its last messages once, as an asynchronous failover does; then no --members and no --revoke"],
];

const USAGE = `usage: scripts/verify-delivery URL [OPTION…]

Signs up users of its own on the Banter at URL, opens streams on all transports, sends, cuts connections, discards replies, adds and removes members,
revokes devices. Then it checks every device against docs/events.md: no loss, no repeat, one order, receipts that only move forward, no leak.
It obeys the server's limits, and signs its users out at the end. SIGTERM ends the sending early. Exits with 0 when every promise held, 1 when not, 64 for wrong arguments.

${OPTIONS.map(([name, value, what]) => `  --${`${name} ${value === "" ? "URL,…" : value}`.padEnd(24)}${what}`).join("\n")}
${FLAGS.map(([name, what]) => `  --${name.padEnd(24)}${what}`).join("\n")}

Times decide too, so a seed gives the same choices, not the same run.`;

function leave(status, text) {
	(status ? console.error : console.log)(text);
	process.exit(status);
}

function readValue(name, fallback, text) {
	const value = typeof fallback === "number" ? Number(text) : text;

	if (text === undefined || (typeof fallback === "number" && !(value >= 0)))
		leave(64, `verify-delivery: --${name} needs ${typeof fallback === "number" ? "a number" : "a value"} (see --help)`);
	return value;
}

export function readOptions(argv) {
	const options = Object.fromEntries(OPTIONS);

	for (let rest = [...argv]; rest.length;) {
		const word = rest.shift();
		const row = OPTIONS.find(([name]) => word === `--${name}`);
		if (word === "--help")
			leave(0, USAGE);
		else if (row)
			options[row[0]] = readValue(row[0], row[1], rest.shift());
		else if (FLAGS.some(([name]) => word === `--${name}`))
			options[word.slice(2)] = true;
		else if (word.startsWith("--") || options.url)
			leave(64, `verify-delivery: unknown argument ${word} (see --help)`);
		else
			options.url = word;
	}
	if (!options.url || !URL.canParse(options.url))
		leave(64, USAGE);
	options.transports = options.transports.split(",");
	options.streams = options.streams ? options.streams.split(",") : [options.url];
	if (options.users < 3)
		leave(64, "verify-delivery: at least 3 users");
	if (options.groups + options.directs > 40)
		leave(64, "verify-delivery: at most 40 conversations, because a cursor of more may repeat (docs/events.md, section 14)");
	if (options.lossy)
		options.members = options.revoke = 0;
	options.seed ||= randomInt(1, 2 ** 31);
	return options;
}
