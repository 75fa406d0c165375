// openapi.yaml: read, resolved, compiled, and held against itself.
// SPDX-License-Identifier: MIT
import fs from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.env.NODE_MODULES}/`);
const Ajv = require("ajv/dist/2020.js").default;
const formats = require("ajv-formats").default;
const YAML = require("yaml");

export const api = YAML.parse(fs.readFileSync("openapi.yaml", "utf8"), { maxAliasCount: -1 });

const methods = ["get", "put", "post", "delete", "patch"];
const base = "banter:/";

/* Returns the target of a reference (#/a/b), or undefined. */
function at(ref) {
	return ref.slice(2).split("/").reduce((o, key) => o?.[key.replaceAll("~1", "/").replaceAll("~0", "~")], api);
}

/* A thing or what it refers to. */
export function resolve(thing) {
	return thing?.$ref ? resolve(at(thing.$ref)) : thing;
}

/* Every operation with its place: {method, path, operation, parameters}. */
export const operations = Object.entries(api.paths).flatMap(([path, item]) =>
	methods.filter((m) => item[m]).map((m) => ({
		method: m.toUpperCase(),
		path,
		operation: item[m],
		parameters: [...(item.parameters ?? []), ...(item[m].parameters ?? [])].map(resolve),
	})));

/* Calls visit(object, path) for every object below. */
function walk(thing, visit, path = "#") {
	if (thing === null || typeof thing !== "object") return;
	visit(thing, path);
	for (const [key, value] of Object.entries(thing)) walk(value, visit, `${path}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`);
}

/*
 * A schema as ajv takes it: references to components become absolute, the words of OpenAPI that are
 * not JSON Schema go.
 */
function plain(schema) {
	if (Array.isArray(schema)) return schema.map(plain);
	if (schema === null || typeof schema !== "object") return schema;
	const { example, examples, "x-status": _, ...rest } = schema;
	return Object.fromEntries(Object.entries(rest).map(([key, value]) =>
		key === "$ref" ? [key, value.replace("#/components/schemas/", base)] : [key, plain(value)]));
}

const ajv = new Ajv({ allErrors: false, strict: true, strictTypes: false, strictRequired: false });
formats(ajv);
for (const [name, schema] of Object.entries(api.components.schemas)) ajv.addSchema({ $id: base + name, ...plain(schema) });

const compiled = new Map();

/*
 * Returns the first fault of a value by a schema of the document, as one line; null when it fits.
 */
export function misfit(schema, value) {
	if (!compiled.has(schema)) compiled.set(schema, ajv.compile(plain(schema)));
	const validate = compiled.get(schema);
	if (validate(value)) return null;
	return validate.errors.map((e) => `${e.instancePath || "/"} ${e.message} ${JSON.stringify(e.params)}`).join("; ");
}

/*
 * A value that must be one of several: the alternative is chosen by its type, so that the complaint
 * is about that one.
 */
export function eventMisfit(event) {
	const found = Object.values(api.components.schemas).find((s) => s.properties?.type?.const === event?.type && s.properties?.data);
	return found ? misfit(found, event) : `unknown type ${event?.type}`;
}

/* All codes that an operation can give. */
export function codesOf({ operation, parameters }) {
	const common = api["x-common-codes"];
	return [
		...common.always,
		...((operation.security ?? api.security).length ? common.security : []),
		...(operation.requestBody ? common.body : []),
		...(parameters.length ? common.parameters : []),
		...(operation["x-codes"] ?? []),
	];
}

/* code -> status */
export const statusOf = Object.fromEntries(Object.entries(api.components.schemas.Code["x-status"])
	.flatMap(([status, codes]) => codes.map((code) => [code, Number(status)])));

export function shape() {
	const wrong = [];
	const want = (condition, what) => condition || wrong.push(what);
	want(/^3\.1\.\d+$/.test(api.openapi), "openapi is not 3.1");
	want(api.info?.title && api.info?.version, "info lacks title or version");
	const known = ["openapi", "info", "servers", "tags", "security", "paths", "components"];
	for (const key of Object.keys(api)) want(known.includes(key) || key.startsWith("x-"), `unknown field ${key}`);
	walk(api, (o, path) => {
		for (const [key, value] of Object.entries(o)) want(value !== null, `${path}: ${key} has no value (a comma in an unquoted text?)`);
	});
	const kinds = ["securitySchemes", "parameters", "headers", "responses", "schemas", "examples", "requestBodies"];
	for (const key of Object.keys(api.components)) want(kinds.includes(key), `unknown field components/${key}`);
	for (const path of Object.keys(api.paths)) want(/^(\/[a-z0-9]+|\/\{[a-z_]+\})+$/.test(path), `odd path ${path}`);
	for (const { method, path, operation, parameters } of operations) {
		const name = `${method} ${path}`;
		const inPath = parameters.filter((p) => p.in === "path").map((p) => p.name).sort();
		const inTemplate = [...path.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort();
		want(inPath.join() === inTemplate.join(), `${name}: parameters ${inPath} for ${inTemplate}`);
		for (const p of parameters) want(p.name && p.schema && ["path", "query", "header"].includes(p.in), `${name}: parameter ${p.name}`);
		for (const p of parameters) want(p.in !== "path" || p.required, `${name}: path parameter ${p.name} must be required`);
		want(operation.summary, `${name}: no summary`);
		for (const [status, response] of Object.entries(operation.responses))
			want(/^[1-5]\d\d$/.test(status) && resolve(response)?.description, `${name}: response ${status} has no description`);
		for (const need of operation.security ?? []) for (const scheme of Object.keys(need))
			want(api.components.securitySchemes[scheme], `${name}: no security scheme ${scheme}`);
	}
	return wrong;
}

export function references() {
	const wrong = [], used = new Set();
	walk(api, (o, path) => {
		if (typeof o.$ref !== "string") return;
		used.add(o.$ref);
		if (!o.$ref.startsWith("#/") || at(o.$ref) === undefined) wrong.push(`${path}: ${o.$ref}`);
	});
	for (const kind of ["parameters", "headers", "responses", "schemas"])
		for (const name of Object.keys(api.components[kind]))
			if (!used.has(`#/components/${kind}/${name}`) && name !== "EventEphemeral") wrong.push(`#/components/${kind}/${name} is not used`);
	return wrong;
}

export function names() {
	const wrong = [], seen = new Set(), tags = new Set(api.tags.map((t) => t.name)), used = new Set();
	for (const { method, path, operation } of operations) {
		const id = operation.operationId;
		if (!/^[a-z]+_[a-z_]+$/.test(id ?? "")) wrong.push(`${method} ${path}: operationId ${id}`);
		if (seen.has(id)) wrong.push(`operationId ${id} twice`);
		seen.add(id);
		if (operation.tags?.length !== 1 || !tags.has(operation.tags[0])) wrong.push(`${id}: tags ${operation.tags}`);
		used.add(operation.tags?.[0]);
	}
	for (const tag of tags) if (!used.has(tag)) wrong.push(`tag ${tag} is not used`);
	return wrong;
}
export function schemas() {
	const wrong = [];
	const attempt = (name, schema) => {
		try {
			misfit(schema, null);
		} catch (error) {
			wrong.push(`${name}: ${error.message}`);
		}
	};
	for (const [name, schema] of Object.entries(api.components.schemas)) attempt(name, schema);
	for (const { operation, parameters } of operations) {
		for (const p of parameters) attempt(`${operation.operationId} ${p.name}`, p.schema);
		for (const [type, media] of Object.entries(operation.requestBody?.content ?? {})) attempt(`${operation.operationId} ${type}`, media.schema);
		for (const [status, response] of Object.entries(operation.responses))
			for (const media of Object.values(resolve(response).content ?? {})) attempt(`${operation.operationId} ${status}`, media.schema);
	}
	return wrong;
}

export function examples() {
	const wrong = [];
	walk(api.paths, (o, path) => {
		if (!o.schema) return;
		const values = ["example" in o ? [o.example] : [], Object.values(o.examples ?? {}).map((e) => e.value)].flat();
		for (const value of values) {
			const misfits = misfit(o.schema, value);
			if (misfits) wrong.push(`${path}: ${misfits}`);
		}
	});
	return wrong;
}

export function codes() {
	const wrong = [];
	const all = api.components.schemas.Code.enum;
	for (const code of all) if (!statusOf[code]) wrong.push(`${code} has no status`);
	for (const code of Object.keys(statusOf)) if (!all.includes(code)) wrong.push(`${code} is not in the enum`);
	const possible = new Set(["route_not_found", "method_not_allowed"]);
	for (const o of operations) {
		const id = o.operation.operationId, given = codesOf(o);
		given.forEach((code) => possible.add(code));
		if (o.operation["x-served-by"] === "push") continue;
		const statuses = new Set(given.map((code) => String(statusOf[code])));
		for (const status of statuses) if (!o.operation.responses[status]) wrong.push(`${id}: ${status} is missing`);
		for (const status of Object.keys(o.operation.responses))
			if (status >= "400" && !statuses.has(status)) wrong.push(`${id}: no code gives ${status}`);
	}
	for (const code of all) if (!possible.has(code)) wrong.push(`no operation gives ${code}`);
	return wrong;
}

export function closed() {
	const wrong = [];
	const free = ["#/components/schemas/MessageInput/properties/data", "#/components/schemas/Message/properties/data"];
	walk(api, (o, path) => {
		if (o.type === "object" && o.additionalProperties === undefined && !free.includes(path)) wrong.push(path);
	});
	return wrong;
}

/* A generated client makes a field with a default a required one. */
export function defaults() {
	const wrong = [];
	walk(api, (o, path) => {
		for (const [name, field] of Object.entries(o.properties ?? {}))
			if (field?.default !== undefined) wrong.push(`${path}/properties/${name}`);
	});
	return wrong;
}
