// SPDX-License-Identifier: MIT
// POST /v1/conversations/:id/messages with fastify, pg, ioredis and fast-jwt: the same promise as
// Banter's (same SQL function, stored before 201, published after it), written as a user of node
// would. The benchmark compares with it; it is not handicapped.
// PEER_PROCESSES > 1 forks that many servers on the one port (node's cluster).
import cluster from 'node:cluster';
import { readFileSync } from 'node:fs';
import Fastify from 'fastify';
import { createVerifier } from 'fast-jwt';
import pg from 'pg';
import Redis from 'ioredis';

const env = (name, fallback) => process.env[name] ?? fallback;
const port = Number(env('PEER_PORT', '8082'));
const processes = Number(env('PEER_PROCESSES', '1'));
const prefix = env('BANTER_REDIS_PREFIX', 'banter:');

const refusals = {
	not_a_member: 403,
	client_id_reused: 409,
	text_too_long: 413,
	unknown_reply: 422,
	invalid_body: 422,
};

const id = { type: 'string', pattern: '^[1-9][0-9]{0,18}$' };
const schema = {
	params: { type: 'object', properties: { id }, required: ['id'] },
	body: {
		type: 'object',
		properties: {
			client_id: { type: 'string', minLength: 1, maxLength: 64 },
			text: { type: 'string', maxLength: 65536 },
			data: { type: 'object' },
			reply_to: id,
		},
		required: ['client_id', 'text'],
		additionalProperties: false,
	},
};

const send = {
	name: 'send',
	// one message at a time is what this endpoint does, so it has the function that is cheapest
	// for that (plain_send.sql)
	text: "select 'created' as status, message, event from plain_send($1, $2, $3, $4, $5, $6)",
};

async function serve() {
	const database = new pg.Pool({
		host: env('PEER_DATABASE_HOST', '/var/run/postgresql'),
		user: env('PEER_DATABASE_USER', 'banter'),
		database: env('PEER_DATABASE', 'banter'),
		options: '-c search_path=banter',
		max: Number(env('PEER_POOL', '10')), // of all processes together
		// the benchmark's pauses must not cost it its warm connections
		idleTimeoutMillis: 0,
	});
	const redis = new Redis(env('PEER_REDIS', '/var/run/redis/redis.sock'));
	const key = Buffer.from(readFileSync(env('PEER_KEY'), 'utf8').trim(), 'hex');
	const verify = createVerifier({ key, algorithms: ['HS256'], allowedIss: 'banter', allowedAud: 'banter', cache: 10000 });
	const app = Fastify({ bodyLimit: 96 * 1024 });

	app.addHook('onRequest', async (request, reply) => {
		const [scheme, token] = (request.headers.authorization ?? '').split(' ');
		try {
			if (scheme !== 'Bearer') throw new Error('no token');
			request.user = verify(token).sub;
		} catch {
			return reply.code(401).send({ code: 'unauthenticated' });
		}
	});

	app.post('/v1/conversations/:id/messages', { schema }, async (request, reply) => {
		const conversation = request.params.id;
		const { client_id, text, data, reply_to } = request.body;
		const { rows: [sent] } = await database.query({ ...send, values: [conversation, request.user, client_id, text, data ?? null, reply_to ?? null] });

		if (sent.status in refusals) return reply.code(refusals[sent.status]).send({ code: sent.status });
		if (sent.event) redis.publish(`${prefix}c:${conversation}`, sent.event).catch((error) => app.log.error(error));
		return reply.code(sent.status === 'created' ? 201 : 200).type('application/json; charset=utf-8').send(sent.message);
	});

	await app.listen({ host: '127.0.0.1', port });
}

if (cluster.isPrimary && processes > 1) {
	for (let i = 0; i < processes; i++) cluster.fork({ PEER_POOL: String(Math.ceil(Number(env('PEER_POOL', '10')) / processes)) });
	cluster.on('exit', () => process.exit(1));
} else {
	await serve();
}
