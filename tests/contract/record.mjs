// Real replies, recorded by the suite, held against the document.
// SPDX-License-Identifier: MIT
import fs from "node:fs";
import { api, codesOf, eventMisfit, misfit, operations, resolve, statusOf } from "./document.mjs";

const file = process.env.BANTER_RECORD;
const lines = file && fs.existsSync(file)
	? fs.readFileSync(file, "utf8").split("\n").filter(Boolean).map(lineOf)
	: null;

/* Parses a line of the record. The record holds bodies unchanged, so an invalid line means that the
 * server's reply was not JSON. */
function lineOf(text) {
	try {
		return JSON.parse(text);
	} catch (error) {
		return { method: "", path: "/v1", status: 0, invalid: error.message, body: text };
	}
}

/* "/v1/users/{user_id}" as an expression. A literal beats a parameter. */
const templates = Object.keys(api.paths)
	.map((path) => ({ path, match: new RegExp(`^${path.replaceAll(".", "\\.").replace(/\{\w+\}/g, "[^/]+")}$`) }))
	.sort((a, b) => a.path.split("{").length - b.path.split("{").length);

/* As the server sees it: without the query, decoded (so a %2F makes another path). */
function plainPath(url) {
	const path = url.replace(/[?#].*/, "");
	try {
		return decodeURIComponent(path);
	} catch {
		return path;
	}
}

const pathOf = (url) => templates.find((t) => t.match.test(plainPath(url)))?.path;
const find = (method, path) => operations.find((o) => o.method === method && o.path === path);
const isProblem = (type) => type?.startsWith("application/problem+json");

/* Replies that belong to no operation: a path or a method that is not there, a preflight. */
function outside(line, path) {
	if (line.method === "OPTIONS" && line.status === 204 && path) return null;
	const expect = path ? 405 : 404, code = path ? "method_not_allowed" : "route_not_found";
	if (line.status !== expect && line.status !== 400) return `status ${line.status}, but there is no such ${path ? "method" : "route"}`;
	return problem(line, [code, "bad_request"]);
}

function problem(line, allowed) {
	if (!isProblem(line.content_type)) return `content type ${line.content_type}`;
	const body = parse(line);
	const wrong = misfit(api.components.schemas.Problem, body);
	if (wrong) return wrong;
	if (body.status !== line.status || statusOf[body.code] !== line.status) return `code ${body.code} with status ${line.status} (${body.status})`;
	return allowed.includes(body.code) ? null : `code ${body.code} is not documented here`;
}

const parse = (line) => (typeof line.body === "string" ? JSON.parse(line.body) : line.body);

/* Events are checked one by one, so that a complaint is about the one that is wrong. */
function events(list) {
	return list.map(eventMisfit).find(Boolean) ?? null;
}

function success(line, response) {
	if (!response.content) return line.body === "" || line.body === null || line.body === undefined ? null : "a body where there is none";
	const type = line.content_type?.split(";")[0].trim();
	const media = response.content[type];
	if (!media) return `content type ${line.content_type}`;
	if (type !== "application/json") return null;
	const body = parse(line);
	if (Array.isArray(body?.events)) {
		const wrong = events(body.events);
		if (wrong) return `event: ${wrong}`;
	}
	return misfit(media.schema, body);
}

/*
 * Replies of lighttpd itself: the page and its files, and refusals of requests that it does not
 * pass on (info.description of openapi.yaml).
 */
function isFrontDoor(line) {
	if (!/^\/(v1(\/|$)|healthz$|readyz$)/.test(plainPath(line.path))) return true;
	return [400, 411, 413, 431, 503].includes(line.status) && line.content_type?.startsWith("text/html");
}

function check(line) {
	if (line.invalid) return line.invalid;
	if (isFrontDoor(line)) return null;
	const path = pathOf(line.path), found = find(line.method === "HEAD" ? "GET" : line.method, path);
	if (!found) return outside(line, path);
	const response = resolve(found.operation.responses[String(line.status)]);
	if (!response) return `status ${line.status} is not documented`;
	if (line.method === "HEAD") return null;
	if (line.status >= 400 && isProblem(line.content_type)) return problem(line, codesOf(found));
	return success(line, response);
}

export function replies() {
	if (!lines) return null;
	const wrong = new Map();
	for (const line of lines) {
		let why;
		try {
			why = check(line);
		} catch (error) {
			why = error.message;
		}
		if (!why) continue;
		const key = `${line.method} ${pathOf(line.path) ?? line.path} ${line.status}: ${why}`;
		wrong.set(key, { times: (wrong.get(key)?.times ?? 0) + 1, body: JSON.stringify(line.body) ?? "" });
	}
	console.log(`# ${lines.length} replies`);
	return [...wrong].map(([key, { times, body }]) => `${key} (${times} times)\n  ${body.slice(0, 400)}`);
}

/* Streams have tests of their own; a reply in the record is checked, but need not be there. */
export function coverage() {
	if (!lines) return null;
	const seen = new Set(), codes = new Set();
	for (const line of lines) {
		const id = find(line.method, pathOf(line.path))?.operation.operationId;
		seen.add(`${id} ${line.status}`);
		if (isProblem(line.content_type)) codes.add(`${id} ${parse(line)?.code}`);
	}
	const own = operations.filter((o) => o.operation["x-served-by"] !== "push");
	const listed = own.flatMap((o) => (o.operation["x-codes"] ?? []).map((code) => `${o.operation.operationId} ${code}`));
	const missing = listed.filter((c) => !codes.has(c));
	console.log(`# ${listed.length - missing.length} of ${listed.length} errors of operations seen${missing.length ? `; not seen: ${missing.join(", ")}` : ""}`);
	return own.flatMap((o) => Object.keys(o.operation.responses)
		.filter((status) => status.startsWith("2") && !seen.has(`${o.operation.operationId} ${status}`))
		.map((status) => `${o.operation.operationId} ${status} was never seen`));
}
