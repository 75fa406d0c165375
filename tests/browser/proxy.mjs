// A proxy on loopback that serves one Banter under several paths of one host, as a host with two of
// them does.
// SPDX-License-Identifier: MIT
import { createServer, request } from "node:http";

/*
 * const proxy = await startProxy("http://127.0.0.1:8080", ["/chat", "/other"]);
 *   proxy.site("/chat")   where the page is
 *   proxy.strays          the paths outside of these that were asked for
 *   proxy.sockets         the paths under which a WebSocket was opened
 *   proxy.stop()
 */
export async function startProxy(target, paths) {
	const { hostname, port } = new URL(target);
	const strays = [], sockets = [], open = new Set();

	// Passes a request on without the path of the proxy. Returns nothing for a stray.
	const pass = ({ method, url, headers }) => {
		const path = paths.find((one) => url.startsWith(`${one}/`));
		if (path) return request({ hostname, port, method, headers, path: url.slice(path.length) });
		strays.push(url);
		return undefined;
	};

	const server = createServer((asked, reply) => {
		const on = pass(asked);
		if (!on) return reply.writeHead(404).end();
		on.on("response", (answer) => {
			reply.writeHead(answer.statusCode, answer.headers);
			answer.pipe(reply);
		});
		on.on("error", () => reply.destroy());
		reply.on("close", () => on.destroy());
		return asked.pipe(on);
	});

	server.on("upgrade", (asked, client) => {
		const on = pass(asked);
		if (!on) return client.destroy();
		sockets.push(asked.url.split("?")[0]);
		on.on("upgrade", (answer, far, first) => {
			const lines = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}\r\n`);
			client.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join("")}\r\n`);
			client.write(first);   // frames that came together with the answer
			far.on("error", () => client.destroy()).on("close", () => client.destroy());
			client.on("error", () => far.destroy()).on("close", () => far.destroy());
			far.pipe(client).pipe(far);
		});
		on.on("response", () => client.destroy());
		on.on("error", () => client.destroy());
		return on.end();
	});

	server.on("connection", (socket) => {
		open.add(socket);
		socket.on("close", () => open.delete(socket));
	});
	await new Promise((done) => server.listen(0, "127.0.0.1", done));
	return {
		strays,
		sockets,
		site: (path) => `http://127.0.0.1:${server.address().port}${path}`,
		stop: () => {
			for (const socket of open) socket.destroy();
			return new Promise((done) => server.close(done));
		},
	};
}
