// The participants: users, their devices, their conversations, and the strangers who must receive
// nothing.
// SPDX-License-Identifier: MIT
import { randomBytes } from "node:crypto";
import { Device } from "./device.mjs";

const SIGN_UPS_AT_ONCE = 2; // a password's hash is slow on purpose

async function inGroupsOf(n, list, work) {
	const results = [];

	for (let i = 0; i < list.length; i += n)
		results.push(...await Promise.all(list.slice(i, i + n).map((item, k) => work(item, i + k))));
	return results;
}

/* Signs a person up; the device that comes with it is `device`. */
async function signUp(run, label) {
	const user = { label, name: `verify-${run.mark}-${label}`, password: randomBytes(18).toString("base64url"), devices: [] };
	const signed = await run.server.must("POST", "/v1/auth/register", { body: { name: user.name, password: user.password, device_name: "device 0" } });

	user.id = signed.user.id;
	user.device = addDevice(run, user, signed);
	return user;
}

function addDevice(run, user, signed) {
	const device = new Device(run, user, `${user.label}'s device ${user.devices.length}`, signed);

	user.devices.push(device);
	return device;
}

export async function signIn(run, user) {
	const body = { name: user.name, password: user.password, device_name: `device ${user.devices.length}` };

	return addDevice(run, user, await run.server.must("POST", "/v1/auth/login", { body }));
}

/*
 * People with their devices, all listening, before there is any conversation; a stranger with a
 * device on each transport; those to be revoked.
 */
export async function gather(run) {
	const { options } = run;
	const { transports } = options;

	run.mark = randomBytes(4).toString("hex");
	run.users = await inGroupsOf(SIGN_UPS_AT_ONCE, Array(options.users).fill("user"), (what, i) => signUp(run, `${what}-${i}`));
	run.stranger = await signUp(run, "stranger");
	await inGroupsOf(SIGN_UPS_AT_ONCE, run.users.flatMap((u) => Array(Math.max(0, options.devices - 1)).fill(u)), (user) => signIn(run, user));
	for (const user of run.users)
		run.devices.push(...user.devices);

	await inGroupsOf(SIGN_UPS_AT_ONCE, transports.slice(1), () => signIn(run, run.stranger));
	run.strangers = run.stranger.devices;
	run.revocable = await inGroupsOf(SIGN_UPS_AT_ONCE, Array(options.revoke * transports.length).fill(), (_, i) => signIn(run, run.users[i % options.users]));
	for (const device of [...run.strangers, ...run.revocable])
		device.staysOn = true;
	for (const device of run.strangers)
		device.isStranger = true;
	for (const list of [run.devices, run.revocable, run.strangers])
		await inGroupsOf(8, list, (device, i) => device.listen(transports[i % transports.length]));
}

/* Groups, each with a guest who will come and go, and direct conversations. */
export async function converse(run) {
	const { users, options, ledger, random } = run;

	for (let g = 0; g < options.groups; g++) {
		const owner = users[g % users.length];
		const others = users.filter((u) => u !== owner && (g === 0 || random.chance(0.6)));
		const guest = others.length > 1 ? random.pick(others) : users[(g + 1) % users.length];
		const members = [...new Set([...others, guest])];
		await open(run, `group ${g}`, owner, members, guest, { kind: "group", title: `group ${g}`, members: members.map((u) => u.id) });
	}
	for (let d = 0; d < options.directs; d++) {
		const [owner, peer] = [users[d % users.length], users[(d + 1 + Math.floor(d / users.length)) % users.length]];
		if (owner !== peer && ![...ledger.conversations.values()].some((c) => c.direct?.includes(owner) && c.direct.includes(peer)))
			await open(run, `direct ${d}`, owner, [peer], undefined, { kind: "direct", user_id: peer.id });
	}
}

async function open(run, title, owner, others, guest, body) {
	const { id } = await run.server.must("POST", "/v1/conversations", { token: owner.device.token, body });
	const members = new Set([owner, ...others]);

	run.ledger.conversations.set(id, {
		id, title, owner, members, guest, guestIn: true, direct: body.kind === "direct" ? [owner, ...others] : undefined, initial: new Set([...members].map((u) => u.id)),
	});
}

/* Deletes groups and signs devices out. Only users with unknown passwords are left. */
export async function disperse(run) {
	const { ledger, server, options } = run;

	for (const device of [...run.devices, ...run.revocable, ...run.strangers])
		device.end();
	if (options.keep)
		return;
	for (const c of ledger.conversations.values())
		if (!c.direct)
			await server.patient("DELETE", `/v1/conversations/${c.id}`, { token: c.owner.device.token }, 10);
	await inGroupsOf(8, [...run.devices, ...run.strangers], (device) => server.patient("POST", "/v1/auth/logout", { token: device.token }, 10));
}
