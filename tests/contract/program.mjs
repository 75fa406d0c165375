// Compares what the programs print about themselves with the documents.
// SPDX-License-Identifier: MIT
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { operations, statusOf } from "./document.mjs";
import { closeCodes as writtenCloseCodes, eventTypes as writtenEventTypes, tableRows } from "./prose.mjs";

const build = process.env.BANTER_BUILD;

/* The lines that a program prints; null when it is not built. */
function ask(name, argument) {
	const path = `${build}/${name}`;
	if (!fs.existsSync(path)) return null;
	return execFileSync(path, [argument], { encoding: "utf8", timeout: 20000 }).split("\n").filter(Boolean);
}

/* Compares two lists in both directions. */
function difference(written, real, where, what) {
	if (!real) return null;
	const a = new Set(written), b = new Set(real);
	return [
		...[...b].filter((x) => !a.has(x)).map((x) => `${where} lacks ${what} ${x}`),
		...[...a].filter((x) => !b.has(x)).map((x) => `${where} has ${what} ${x}, the program has not`),
	];
}

export function routes() {
	const bare = (path) => path.replace(/\{\w+\}|:\w+/g, ":");
	const written = operations.filter((o) => o.operation["x-served-by"] !== "push").map((o) => `${o.method} ${bare(o.path)}`);
	return difference(written, ask("banter-api", "--routes")?.map((line) => bare(line.trim().split(/\s+/).slice(0, 2).join(" "))), "openapi.yaml", "the route");
}

export function errors() {
	const written = Object.entries(statusOf).map(([code, status]) => `${code} ${status}`);
	return difference(written, ask("banter-api", "--errors")?.map((line) => line.trim().split(/\s+/).slice(0, 2).join(" ")), "openapi.yaml", "the code");
}

/* All files with this ending in a folder and the folders below it. */
function sources(folder, ending) {
	return fs.readdirSync(folder, { recursive: true }).filter((f) => f.endsWith(ending)).map((f) => fs.readFileSync(`${folder}/${f}`, "utf8"));
}

/* The types of events that C and SQL write, wherever they stand: in JSON, or as an argument. */
export function events() {
	const inJson = /"type":"([a-z]+(?:\.[a-z]+)?)"/g, inC = /\bconn_notice\([^,;]+, "([a-z.]+)"/g, inSql = /'([a-z]+\.[a-z]+)'/g;
	const found = (texts, ...patterns) => texts.flatMap((text) => patterns.flatMap((p) => [...text.matchAll(p)].map((m) => m[1])));
	const real = [
		...found(["push", "lib"].flatMap((folder) => sources(folder, ".c")).map((text) => text.replaceAll('\\"', '"')), inJson, inC),
		...found(sources("sql/functions", ".sql"), inJson, inSql),
	];
	return difference(writtenEventTypes(), real.length ? real : null, "docs/events.md", "the type");
}

export function closeCodes() {
	return difference(writtenCloseCodes(), ask("banter-push", "--close-codes")?.map((line) => line.trim().split(/\s+/).slice(0, 2).join(" ")), "docs/events.md", "the close code");
}

const operationsPage = "docs/operations.md";

/* The events of the log, as the sources name them, and as the table explains them. */
export function logLines() {
	const real = ["api", "push", "lib"].flatMap((dir) => fs.readdirSync(dir, { recursive: true }).filter((f) => f.endsWith(".c")).flatMap((f) =>
		[...fs.readFileSync(`${dir}/${f}`, "utf8").matchAll(/log_line\(LOG_[^;]*?;|log_line\([a-z][^;]*?LOG_[^;]*?;/g)].flatMap(([call]) =>
			[...call.split(/"\w+=%/)[0].matchAll(/"([a-z_]+)"/g)].map((m) => m[1]))));
	const written = tableRows(operationsPage, "program").flatMap((cells) => [...cells[1].matchAll(/`([a-z_]+)`/g)].map((m) => m[1]));
	return difference(written, real.length ? real : null, operationsPage, "the log line");
}

const begin = "<!-- settings: tests/contract/run --settings -->\n", end = "<!-- end of settings -->\n";

/* The table that --help prints, as Markdown. Its columns are as wide as its headings stand. */
function settingsTable() {
	const help = ask("banter-api", "--help");
	if (!help) return null;
	const from = help.findIndex((line) => /^setting\s+default\s+unit\s+meaning/.test(line));
	const columns = ["setting", "default", "unit", "meaning"].map((word) => help[from].indexOf(word));
	const cells = (line) => {
		const [name, fallback, ...unit] = line.slice(0, columns[3]).trim().split(/\s+/);
		return [name, fallback, unit.join(" "), line.slice(columns[3]).trim()];
	};
	const rows = help.slice(from + 1).filter((line) => line.startsWith("BANTER_")).map(cells);
	const text = ([name, fallback, unit, meaning]) =>
		`| \`${name}\` | ${fallback === "-" ? "" : `\`${fallback}\``} | ${unit.replaceAll("|", " or ")} | ${meaning.replaceAll("|", "\\|")} |\n`;
	return `| setting | default | unit | meaning |\n|---|---|---|---|\n${rows.map(text).join("")}`;
}

function settingsPlace() {
	const page = fs.readFileSync(operationsPage, "utf8");
	const from = page.indexOf(begin), to = page.indexOf(end);
	if (from < 0 || to < from) throw new Error(`${operationsPage} has no place for the settings`);
	return { page, from: from + begin.length, to };
}

export function settings() {
	const table = settingsTable();
	if (table === null) return null;
	const { page, from, to } = settingsPlace();
	return page.slice(from, to) === table ? [] : ["the table is not that of banter-api --help; update it: tests/contract/run --settings"];
}

export function writeSettings() {
	const { page, from, to } = settingsPlace();
	fs.writeFileSync(operationsPage, page.slice(0, from) + settingsTable() + page.slice(to));
}
