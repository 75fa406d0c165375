// The limits of lib/base/limits.h and of a message's fields, where SQL says them again and where
// GET /v1/server returns them: the same numbers.
// SPDX-License-Identifier: MIT
import fs from "node:fs";
import { api } from "./document.mjs";

const tables = "sql/migrations/0001_tables.sql";
const named = (name) => `sql/functions/${name}.sql`;

/*
 * The places where SQL repeats a limit: the files, and the text around the number. `less` is the
 * difference there.
 */
const places = {
	LIMIT_TEXT_BYTES: [[named("messages_send"), /octet_length\(i\.text\) > (\d+)/g], [tables, /message_text as text check \(octet_length\(value\) <= (\d+)\)/g]],
	LIMIT_DATA_BYTES: [[named("messages_send"), /i\.data(?:::text)?\) > (\d+)/g]],
	LIMIT_CLIENT_ID_BYTES: [
		[named("messages_send"), /octet_length\(i\.client_id\) not between 1 and (\d+)/g],
		[tables, /message_client_id as .*octet_length\(value\) between 1 and (\d+)/g],
	],
	LIMIT_MENTIONS: [[named("mentions_limit"), /select (\d+)/g]],
	LIMIT_MENTION_ALL_MEMBERS: [[named("mention_all_limit"), /select (\d+)/g]],
	LIMIT_NAME_BYTES: [
		[named("user_register"), /\[a-z0-9_.-\]\{0,(\d+)\}/g, { less: 2 }],
		[named("user_register"), /a name is 2 to (\d+) of/g],
		[named("message_names"), /length\(n\.name\) between 2 and (\d+)/g],
		[tables, /name ~ '\^\[a-z0-9_.-\]\{2,(\d+)\}\$'/g],
	],
	LIMIT_DISPLAY_NAME_BYTES: [
		[named("user_register"), /label_require\(.*?, (\d+), 'display_name'/g],
		[named("user_update"), /label_require\(.*?, (\d+), 'display_name'/g],
		[tables, /octet_length\(display_name\) between 1 and (\d+)/g],
	],
	LIMIT_DEVICE_NAME_BYTES: [[named("device_create"), /label_require\(.*?, (\d+), 'device_name'/g], [tables, /octet_length\(name\) between 1 and (\d+)/g]],
	LIMIT_TITLE_BYTES: [[named("title_require"), /label_require\(.*?, (\d+), 'title'/g], [tables, /conversation_title as .*octet_length\(value\) between 1 and (\d+)/g]],
	LIMIT_MEMBERS: [[named("group_limit"), /select (\d+)/g]],
	LIMIT_MEMBERS_NAMED: [[named("names_limit"), /select (\d+)/g]],
	LIMIT_CONVERSATIONS: [[named("conversations_limit"), /select (\d+)/g]],
	LIMIT_MEMBERS_BATCH: [[named("member_add"), /cardinality\(in_members\) > (\d+)/g], [named("member_add"), /'up to (\d+) members/g]],
	LIMIT_PAGE_BYTES: [[named("page_bytes"), /select (\d+)/g]],
	LIMIT_DEVICES: [[named("devices_evict"), /offset (\d+)/g, { less: 1 }]],
};

/* SQL knows nothing of these: the programs hold them alone. */
const programsAlone = [
	"LIMIT_MESSAGE_BYTES", "LIMIT_DATA_DEPTH", "LIMIT_NUMBER_BYTES", "LIMIT_EXPONENT_DIGITS", "LIMIT_PASSWORD_MIN_BYTES", "LIMIT_PASSWORD_BYTES",
	"LIMIT_RECEIPTS_BATCH", "LIMIT_PRESENCE_USERS", "LIMIT_PAGE", "LIMIT_PAGE_DEFAULT", "LIMIT_CURSOR_BYTES", "LIMIT_REQUEST_ID_BYTES",
	"LIMIT_TYPING_SECONDS", "LIMIT_TYPING_INTERVAL_MS", "LIMIT_TYPING_ELSEWHERE_MS",
];

/* Not in GET /v1/server: no client has to plan for them. */
const unpublished = [
	"LIMIT_MESSAGE_BYTES", "LIMIT_DATA_DEPTH", "LIMIT_NUMBER_BYTES", "LIMIT_EXPONENT_DIGITS", "LIMIT_REQUEST_ID_BYTES", "LIMIT_TYPING_ELSEWHERE_MS",
];

const headers = ["lib/base/limits.h", "lib/chat/message_draft.h"];

/* The limits as {name: number}. A limit is a product of numbers and KIB. */
function limits() {
	const text = headers.map((header) => fs.readFileSync(header, "utf8")).join("\n").replaceAll(/\bKIB\b(?= *\*)|(?<=\* *)\bKIB\b/g, "1024");
	const found = [...text.matchAll(/^(?:#define |\t)(LIMIT_\w+)(?: =)? ([\d *]+)/gm)];
	return Object.fromEntries(found.map(([, name, product]) => [name, product.split("*").map(Number).reduce((a, b) => a * b)]));
}

function wrongAt(name, value, [file, form, { less = 0 } = {}]) {
	const said = [...fs.readFileSync(file, "utf8").matchAll(form)].map((m) => Number(m[1]));
	if (said.length === 0) return [`${file} does not say ${name} where it did: ${form}`];
	return said.filter((number) => number !== value - less).map((number) => `${file} has ${number}, ${name} is ${value}`);
}

export function sql() {
	const all = limits();
	return [
		...Object.keys(all).filter((name) => !places[name] && !programsAlone.includes(name)).map((name) => `${name}: tests/contract/limits.mjs does not say where SQL has it`),
		...[...Object.keys(places), ...programsAlone].filter((name) => !(name in all)).map((name) => `${headers.join(" and ")} have no ${name}`),
		...Object.entries(places).flatMap(([name, list]) => list.flatMap((place) => wrongAt(name, all[name], place))),
	];
}

/*
 * Checks GET /v1/server: every limit except the unpublished ones, by its name in lower case, in the
 * program and in the document.
 */
export function published() {
	const names = Object.keys(limits()).filter((name) => !unpublished.includes(name));
	const program = fs.readFileSync("api/routes/server.c", "utf8"), document = api.components.schemas.Limits;
	const fields = fs.readFileSync("lib/chat/message_draft.c", "utf8").split("\n");
	const isField = (field, name) => fields.some((row) => row.includes(`{ "${field.replace(/_bytes$/, "")}", FIELD_`) && row.includes(` ${name}, `));
	return names.flatMap((name) => {
		const field = name.slice("LIMIT_".length).toLowerCase();
		return [
			...(program.includes(`{ "${field}", ${name} }`) || isField(field, name) ? [] : [`GET /v1/server lacks ${name} as ${field}`]),
			...(document.required.includes(field) && document.properties[field] ? [] : [`openapi.yaml: Limits lacks ${field}`]),
		];
	});
}
