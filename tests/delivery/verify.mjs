#!/usr/bin/env node
// verify-delivery: lets people of its own talk on a Banter while their connections are cut, and
// holds it to its promises.
// SPDX-License-Identifier: MIT
import { Gaps } from "./gaps.mjs";
import { judge, lacksAnything, readEnds } from "./judge.mjs";
import { FAULTS, Ledger, PROMISES } from "./ledger.mjs";
import { live } from "./life.mjs";
import { readOptions } from "./options.mjs";
import { converse, disperse, gather } from "./people.mjs";
import { Random } from "./random.mjs";
import { Server, sleep } from "./server.mjs";

const options = readOptions(process.argv.slice(2));
const say = (text) => console.log(text);

const run = {
	options, random: new Random(options.seed), server: new Server(options.url), ledger: new Ledger(options),
	users: [], devices: [], revocable: [], strangers: [], reads: new Map(), waiting: new Set(), sending: true, noted: noteDevice, gaps: new Gaps(),
	counts: { said: 0, rest: 0, socket: 0, repeated: 0, thrown: 0, again: 0, twins: 0, others: 0, out: 0, reads: 0, cuts: 0, handshakes: 0, returns: 0,
		removed: 0, added: 0, revoked: 0, knocks: 0, refused: 0 },
};

function noteDevice(device, note) {
	if (!device.staysOn)
		run.gaps.note(device, note);
	if (note.client === "closed" && !device.revokedAt)
		run.counts.returns++;
	if (note.client === "refused" && !device.revokedAt)
		run.counts.refused++;
}

async function until(seconds, condition) {
	for (const end = Date.now() + seconds * 1000; !condition() && Date.now() < end;)
		await sleep(50);
	return condition();
}

/* ---- output */

const number = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, ",");

function percentile(list, share) {
	return list.length ? list[Math.min(list.length - 1, Math.floor(list.length * share))] : 0;
}

function summary(counts) {
	const { ledger, devices } = run;
	const { delays } = ledger;
	const heard = Object.fromEntries(["ws", "sse", "poll"].map((t) => [t, devices.reduce((sum, d) => sum + d.events[t], 0)]));

	return [
		["messages", `${number(ledger.stored.size)} stored: ${number(counts.rest)} replies by REST, ${number(counts.socket)} by WebSocket; ${number(counts.thrown)} replies discarded, `
			+ `${number(counts.again)} sent again, ${number(counts.twins)} sent twice at once; ${number(counts.repeated)} answered as repeated, ${number(counts.others)} with another text`],
		["connections", `${number(counts.cuts)} cuts, ${number(counts.handshakes)} of them in handshakes; ${number(counts.returns)} reconnects; ${number(counts.refused)} refused for a while`],
		["members", `${number(counts.removed)} removed, ${number(counts.added)} added, ${number(counts.out)} sends of removed members refused; ${number(counts.knocks)} requests of strangers`],
		["devices", `${number(counts.revoked)} revoked; the server asked to wait ${number(run.server.waits)} times`],
		["received", `${number(heard.ws + heard.sse + heard.poll)} events on ${devices.length} devices (ws ${number(heard.ws)}, sse ${number(heard.sse)}, poll ${number(heard.poll)})`],
		["delay", `median ${percentile(delays, 0.5)} ms, p99 ${percentile(delays, 0.99)} ms, longest ${delays.at(-1) ?? 0} ms from send to delivery, with cuts and repeats`],
		...(options.lossy ? [["lost", `${number(ledger.lost.length)} acknowledged messages; ${number(ledger.resets.length)} streams began again after stream.reset`]] : []),
		["receipts", `${number(counts.reads)} messages marked as read`],
	];
}

function verdict() {
	const { ledger, counts } = run;

	return {
		ok: ledger.isGood && ledger.stored.size > 0, seed: options.seed, acknowledged: ledger.stored.size, unacknowledged: run.waiting.size, lost: ledger.lost.length, resets: ledger.resets.length, ...counts, faults: ledger.counts, first_faults: ledger.faults,
		gaps: run.gaps.summary(),
		delay_ms: { median: percentile(ledger.delays, 0.5), p99: percentile(ledger.delays, 0.99) },
	};
}

function report() {
	const { ledger } = run;
	ledger.delays.sort((a, b) => a - b);
	const result = verdict();

	for (const [name, text] of summary(run.counts))
		say(`  ${name.padEnd(12)} ${text}`);
	for (const promise of PROMISES) {
		const kinds = Object.keys(FAULTS).filter((kind) => FAULTS[kind] === promise && ledger.counts[kind]);
		say(`  ${promise.padEnd(12)} ${kinds.length ? `BROKEN: ${kinds.map((k) => `${ledger.counts[k]} × ${k}`).join(", ")}` : "held"}`);
	}
	for (const { kind, where, what } of ledger.faults)
		say(`    ${kind}: ${where}: ${what}`);
	say(result.ok ? `verdict: good (seed ${options.seed})` : `verdict: NOT GOOD${ledger.stored.size ? "" : ", no message was stored"} (again with: --seed ${options.seed})`);
	if (options.json)
		say(JSON.stringify(result));
	return result.ok;
}

/* ---- the run */

async function settle() {
	const { ledger, devices, waiting } = run;

	if (!await until(options.settle, () => waiting.size === 0))
		ledger.fault("broken", "sends", `${waiting.size} never got a reply: ${[...waiting].slice(0, 5).join(", ")}`);
	await readEnds(run);
	await until(options.settle, () => devices.every((d) => !lacksAnything(ledger, d)));
	await sleep(500); // time for what should not come any more
}

async function main() {
	say(`verify-delivery: ${options.url}, seed ${options.seed}`);
	await gather(run);
	if (!await until(30, () => [...run.devices, ...run.revocable, ...run.strangers].every((d) => d.isReady)))
		throw new Error("not all streams open within 30 s");
	await converse(run);
	say(`  ${options.users} users with ${options.devices} devices each, ${run.revocable.length} more to be revoked, a stranger with ${run.strangers.length}; `
		+ `${run.ledger.conversations.size} conversations; ${options.rate} messages and ${options.drop} cuts a second for ${options.seconds} s`);
	if (options.json)
		say(JSON.stringify({ state: "running", conversations: [...run.ledger.conversations.keys()] }));
	const stop = () => { run.sending = false; };
	const timer = setTimeout(stop, options.seconds * 1000);
	process.on("SIGTERM", stop).on("SIGINT", stop);
	await live(run);
	clearTimeout(timer);
	await settle();
	await judge(run);
	const good = report();
	await disperse(run);
	process.exit(good ? 0 : 1);
}

main().catch((error) => {
	console.log(`verdict: NOT GOOD, could not be carried out: ${error.message} (seed ${options.seed})`);
	process.exit(1);
});
