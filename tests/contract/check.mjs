// The checks of the contract, as a table; each gives the list of what is wrong, or null when there
// is nothing to hold it against.
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
	["every $ref leads somewhere, and everything that can be referred to is", document.references],
	["operationIds are unique, verb_noun, and each operation has one known tag", document.names],
	["every schema compiles", document.schemas],
	["every example fits its schema", document.examples],
	["each operation's codes and statuses agree", document.codes],
	["requests and replies admit no unknown fields", document.closed],
	["no field of a request or a reply has a default", document.defaults],
	["the program's routes are the document's", program.routes],
	["the program's error table is the document's", program.errors],
	["SQL has the limits of lib/base/limits.h", limits.sql],
	["GET /v1/server tells the limits of lib/base/limits.h", limits.told],
	["docs/events.md has the event types of the program", program.events],
	["docs/events.md has the close codes of the program", program.closeCodes],
	["docs/operations.md has the settings of the program", program.settings],
	["docs/operations.md explains every line that the programs log", program.logLines],
	["docs/events.md and openapi.yaml have the same event types", prose.events],
	["the examples of docs/events.md are events", prose.examples],
	["the JavaScript of the documents can be read", prose.javascript],
	["links between the documents lead somewhere", prose.links],
	["README.md names tests that are there", prose.promises],
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
	if (wrong === null && complete) wrong = ["nothing to hold it against: the program or the record is not there"];
	if (wrong === null) {
		console.log(`ok ${number} - ${name} # skip nothing to hold it against`);
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
