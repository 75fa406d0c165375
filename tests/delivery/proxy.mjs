#!/usr/bin/env node
// A bad proxy before the SSE streams: proxy.mjs URL drop|repeat|swap|alter|good does so to one
// message of each stream. Prints its own URL.
// SPDX-License-Identifier: MIT
import http from "node:http";

const [target, deed] = process.argv.slice(2);
const VICTIM = 3; // of the messages of a stream, the one that it is done to

/*
 * The manipulations of a block of an event stream, each returning what replaces it; `kept` was kept
 * back before.
 */
const deeds = {
	good: (block) => [block],
	drop: () => [],
	repeat: (block) => [block, block],
	alter: (block) => [block.replace(/ says /, " shouts ")],
	swap: (block, stream) => ((stream.kept = block), []),
};

function passOn(stream, block) {
	const isMessage = block.includes('"message.created"');
	const blocks = isMessage && ++stream.messages === VICTIM ? deeds[deed](block, stream) : [block];

	if (isMessage && stream.kept && stream.messages > VICTIM) {
		blocks.push(stream.kept);
		stream.kept = undefined;
	}
	return blocks;
}

const server = http.createServer((request, answer) => {
	const stream = { messages: 0 };
	const onward = http.get(new URL(request.url, target), { headers: request.headers }, (reply) => {
		let text = "";
		answer.writeHead(reply.statusCode, reply.headers);
		reply.setEncoding("utf8");
		reply.on("data", (part) => {
			const blocks = (text + part).split("\n\n");
			text = blocks.pop();
			for (const block of blocks)
				for (const passed of passOn(stream, block))
					answer.write(`${passed}\n\n`);
		});
		reply.on("end", () => answer.end(text));
		reply.on("error", () => answer.destroy());
	});

	onward.on("error", () => answer.destroy());
	answer.on("close", () => onward.destroy());
});

server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
