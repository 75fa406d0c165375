// The checks of the contract, as a table; each returns the list of mistakes, or null when there
// is nothing to compare with.
// SPDX-License-Identifier: MIT
import * as document from "./document.mjs";
import { lint } from "./lint.mjs";
import * as limits from "./limits.mjs";
import * as program from "./program.mjs";
import * as record from "./record.mjs";
import * as prose from "./prose.mjs";

const checks = [
	["openapi.yaml is an OpenAPI 3.1 document", document.shape],
	["a linter finds nothing in openapi.yaml", lint],
	["every $ref is resolved, and every component is referred to", document.references],
	["operationIds are unique, verb_noun, and each operation has one known tag", document.names],
	["every schema compiles", document.schemas],
	["every example fits its schema", document.examples],
	["each operation's codes and statuses agree", document.codes],
	["requests and replies allow no unknown fields", document.closed],
	["no field of a request or a reply has a default", document.defaults],
	["openapi.yaml has the routes of the program", program.routes],
	["openapi.yaml has the error codes of the program", program.errors],
	["SQL has the limits of lib/base/limits.h", limits.sql],
	["GET /v1/server returns the limits of lib/base/limits.h", limits.published],
	["docs/events.md has the event types of the program", program.events],
	["docs/events.md has the close codes of the program", program.closeCodes],
	["docs/operations.md has the settings of the program", program.settings],
	["docs/operations.md explains every line that the programs log", program.logLines],
	["docs/events.md and openapi.yaml have the same event types", prose.events],
	["the examples of docs/events.md are events", prose.examples],
	["the JavaScript of the documents parses", prose.javascript],
	["links between the documents are resolved", prose.links],
	["paths that the documents name exist", prose.paths],
	["names of code that the documents about the code name exist", prose.names],
	["README.md names tests that exist", prose.promises],
	["README.md and CHANGELOG.md name the version", prose.version],
	["every recorded reply fits the document", record.replies],
	["every operation and each of its successes is in the record", record.coverage],
];

if (process.argv[2] === "--settings") {
	program.writeSettings();
	process.exit(0);
}

// With a record this is the suite's own call, and there everything must be at hand.
const complete = Boolean(process.env.BANTER_RECORD);

let passed = 0, failed = 0, number = 0;
console.log(`1..${checks.length}`);
for (const [name, check] of checks) {
	let wrong;
	try {
		wrong = await check();
	} catch (error) {
		wrong = [error.stack];
	}
	number++;
	if (wrong === null && complete) wrong = ["nothing to compare with: the program or the record is missing"];
	if (wrong === null) {
		console.log(`ok ${number} - ${name} # skip nothing to compare with`);
	} else if (wrong.length === 0) {
		passed++;
		console.log(`ok ${number} - ${name}`);
	} else {
		failed++;
		console.log(`not ok ${number} - ${name}`);
		for (const line of wrong.slice(0, 40)) console.log(`  ${String(line).replaceAll("\n", "\n  ")}`);
		if (wrong.length > 40) console.log(`  … and ${wrong.length - 40} more`);
	}
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
