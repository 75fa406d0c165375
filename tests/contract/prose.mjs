// The documents that people read: their tables, examples, links and names.
// SPDX-License-Identifier: MIT
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { api, eventMisfit } from "./document.mjs";

const read = (path) => fs.readFileSync(path, "utf8");
const documents = ["README.md", "SECURITY.md", "CHANGELOG.md", ...fs.readdirSync("docs").filter((f) => f.endsWith(".md")).map((f) => `docs/${f}`)];

/* The rows of all tables whose first heading is this word, as lists of cells. */
export function tableRows(path, heading) {
	const rows = [];
	let inside = false;
	for (const line of read(path).split("\n")) {
		const cells = line.startsWith("|") ? line.split("|").slice(1, -1).map((c) => c.trim()) : null;
		if (!cells) inside = false;
		else if (inside && !cells[0].startsWith("---")) rows.push(cells);
		else if (!inside && cells[0] === heading) inside = true;
	}
	return rows;
}

const bare = (cell) => cell.replaceAll("`", "");

/* The fenced blocks of one language. */
function blocks(path, language) {
	return [...read(path).matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm"))].map((m) => m[1]);
}

export function eventTypes() {
	return tableRows("docs/events.md", "type").map(([type]) => bare(type));
}

export function closeCodes() {
	return tableRows("docs/events.md", "code").map(([code, reason]) => `${code} ${bare(reason)}`);
}

export function events() {
	const answers = ["message.sent", "error"];
	const written = eventTypes().filter((t) => !answers.includes(t));
	const schemas = Object.values(api.components.schemas).filter((s) => s.properties?.data && s.properties?.type?.const).map((s) => s.properties.type.const);
	return [
		...schemas.filter((t) => !written.includes(t)).map((t) => `docs/events.md lacks ${t}`),
		...written.filter((t) => !schemas.includes(t)).map((t) => `openapi.yaml lacks ${t}`),
	];
}

export function examples() {
	const wrong = [], shown = new Set();
	for (const block of blocks("docs/events.md", "json")) {
		const event = JSON.parse(block), misfit = eventMisfit(event);
		shown.add(event.type);
		if (misfit) wrong.push(`${event.type}: ${misfit}`);
	}
	for (const schema of Object.values(api.components.schemas)) {
		const type = schema.properties?.data && schema.properties?.type?.const;
		if (type && !shown.has(type)) wrong.push(`${type} has no example`);
	}
	return wrong;
}

export function javascript() {
	const wrong = [];
	for (const path of documents)
		for (const block of blocks(path, "js")) {
			try {
				execFileSync(process.execPath, ["--input-type=module", "--check"], { input: block, stdio: ["pipe", "ignore", "pipe"] });
			} catch (error) {
				wrong.push(`${path}: ${error.stderr}`);
			}
		}
	return wrong;
}

const anchor = (heading) => heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-");

export function links() {
	const wrong = [];
	for (const path of documents) {
		const text = read(path).replace(/^```[\s\S]*?^```/gm, "");
		for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
			if (/^https?:/.test(target)) continue;
			const [file, fragment] = target.split("#");
			const full = file ? new URL(file, `file:///${path}`).pathname.slice(1) : path;
			if (!fs.existsSync(full)) wrong.push(`${path}: ${target}`);
			else if (fragment && full.endsWith(".md") && ![...read(full).matchAll(/^#+ (.*)$/gm)].some((m) => anchor(m[1]) === fragment)) wrong.push(`${path}: ${target}`);
		}
	}
	return wrong;
}

const folders = ["api", "bench", "docs", "lib", "push", "scripts", "sql", "tests", "web"];
const files = folders.flatMap((folder) => fs.readdirSync(folder, { recursive: true }).map((file) => `${folder}/${file}`));
/* The log names what was there once. */
const current = documents.filter((path) => path !== "docs/performance-log.md");

/* The words between backticks, without code blocks, and without the NAMEs that stand for any. */
function* quoted(path) {
	for (const [, word] of read(path).replace(/^```[\s\S]*?^```/gm, "").matchAll(/`([^`\s]+)`/g))
		if (!/[A-Z]{3}/.test(word)) yield word.replaceAll('"', "");
}

export function paths() {
	const named = /^(?:(?:api|bench|docs|lib|push|scripts|sql|tests|web)\/.*\w|[\w.-]+\.(?:[ch]|sql|mjs|js|bash|bats|md|py))$/;
	return current.flatMap((path) => [...quoted(path)].filter((word) => named.test(word))
		.filter((word) => !fs.existsSync(word) && !files.some((file) => file.endsWith(`/${word}`))).map((word) => `${path}: ${word}`));
}

/* Names of code in the documents about the code. */
export function names() {
	const code = files.filter((file) => !file.startsWith("docs/") && /\.([ch]|sql|mjs|js|bash|bats|py)$/.test(file)).map(read).join("\n");
	const words = new Set(code.match(/\w+/g));
	/* A setting of PostgreSQL, and patterns. */
	const others = ["commit_delay", "noun_verb", "verb_noun"];
	return ["architecture", "contributing", "conventions", "glossary"].map((page) => `docs/${page}.md`).flatMap((path) => [...quoted(path)]
		.filter((word) => /^[a-z][a-z0-9]*(_[a-z0-9]+)+$/.test(word) && !words.has(word) && !others.includes(word)).map((word) => `${path}: ${word}`));
}

/* README.md and the first entry of CHANGELOG.md name the version of the file VERSION. */
export function version() {
	const now = read("VERSION").trim(), [, newest] = /^## (\S+?),? /m.exec(read("CHANGELOG.md")) ?? [];
	return [
		...(read("README.md").includes(`version ${now}`) ? [] : [`README.md does not name version ${now}`]),
		...(newest === now ? [] : [`CHANGELOG.md begins with ${newest}, VERSION is ${now}`]),
	];
}

/* The table of promises: its last column names a file and a test in it. */
export function promises() {
	const rows = tableRows("README.md", "#"), wrong = rows.length ? [] : ["README.md has no table of promises"];
	for (const [number, , proof] of rows) {
		const [, file, name] = /^`([^`]+)`: (.+)$/.exec(proof ?? "") ?? [];
		if (!file || !fs.existsSync(file)) wrong.push(`${number}: no file in "${proof}"`);
		else if (!read(file).includes(`@test "${name}" {`)) wrong.push(`${number}: no test "${name}" in ${file}`);
	}
	return wrong;
}
