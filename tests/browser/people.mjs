// People with browsers: what they do on the page and what they see there. Every wait is for a
// condition, with a limit.
// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync } from "node:fs";
import { promisify } from "node:util";
import { chromium } from "playwright-core";

const LIMIT_MS = 30_000;
const url = process.env.BANTER_URL;
const stackTool = process.env.BANTER_STACK ?? "scripts/stack";
const screens = process.env.BANTER_STATE ? `${process.env.BANTER_STATE}/screens` : "/tmp/banter-screens";
// names of this run: the server may have seen others
const run = Math.random().toString(36).slice(2, 7);
const flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";

let browser;
const everybody = [];
const faults = [];      // what no page may ever say
let isOutage = false;   // then requests may fail, and browsers write that down as an error

export async function start() {
	mkdirSync(screens, { recursive: true });
	browser = await chromium.launch({ executablePath: process.env.BANTER_CHROMIUM ?? "/usr/bin/chromium", args: flags.split(" ") });
}

export const stop = () => browser?.close();

export const stack = (...args) => stackWith({}, ...args);

// The same, with other settings.
export const stackWith = (settings, ...args) => promisify(execFile)(stackTool, args, { timeout: 120_000, env: { ...process.env, ...settings } });

// In the page: whether the people shown are those of the prefix, so that the list moves no more.
const onlyFound = (prefix) => {
	const names = [...document.querySelectorAll("#people-found small")];
	return names.length > 0 && names.every((name) => name.textContent.startsWith(`@${prefix}`));
};

// Runs `work` while the server is away, or refuses on purpose.
export async function outage(work) {
	isOutage = true;
	try {
		return await work();
	} finally {
		isOutage = false;
	}
}

// Script errors, console errors, violations of the content security policy: none is allowed, but
// for failed requests in an outage.
export function takeFaults() {
	return faults.splice(0);
}

function note(who, text, place = "") {
	if (isOutage && /^(Failed to load resource|WebSocket connection to)/.test(text)) return;
	faults.push(`${who}: ${text} ${place}`);
}

// until(condition, what): polls an async condition until it gives something true.
export async function until(condition, what) {
	const deadline = Date.now() + LIMIT_MS;
	for (;;) {
		const result = await condition();
		if (result) return result;
		if (Date.now() > deadline) throw new Error(`waited in vain until ${what()}`);
		await new Promise((next) => setTimeout(next, 20));
	}
}

export async function screenshots(name) {
	for (const one of everybody) await one.page.screenshot({ path: `${screens}/${name}-${one.name}.png` }).catch(() => {});
	return `${screens}/${name}-*.png`;
}

export class Person {
	// `site` is where the page is, when it is not at the root of the server.
	static async arrive(name, { site = url, ...options } = {}) {
		const one = new Person();
		one.site = site;
		one.display = name;
		one.name = `${name.toLowerCase()}-${run}`;
		one.context = await browser.newContext({ viewport: { width: 1180, height: 760 }, locale: "en-GB", ...options });
		one.page = await one.tab();
		everybody.push(one);
		return one;
	}

	// Another tab of the same browser.
	async tab(path = "/") {
		const page = await this.context.newPage();
		page.setDefaultTimeout(LIMIT_MS);
		page.on("pageerror", (error) => note(this.display, error.stack || `${error.name} ${error.message}`));
		page.on("console", (message) => message.type() === "error" && note(this.display, message.text(), message.location().url));
		await page.goto(this.site + path);
		return page;
	}

	async signUp() {
		await this.page.click("#sign-in-switch");
		await this.page.fill("#name", this.name);
		await this.page.fill("#display-name", this.display);
		await this.page.fill("#password", "correct horse battery");
		await this.page.click("#sign-in-button");
		await this.isLive();
		return this;
	}

	async signIn(password = "correct horse battery") {
		await this.page.fill("#name", this.name);
		await this.page.fill("#password", password);
		await this.page.click("#sign-in-button");
	}

	async leave() {
		if (!everybody.includes(this)) return;
		everybody.splice(everybody.indexOf(this), 1);
		await this.context.close();
	}

	screenshot(name) {
		return this.page.screenshot({ path: `${screens}/${name}.png` });
	}

	isLive(page = this.page) {
		return page.waitForSelector("#me-state[data-state=live]");
	}

	async isReconnecting() {
		await this.page.waitForSelector("#banner:not([hidden])");
	}

	// ---- conversations ----

	// Finds people by the beginning of their names, and starts a conversation with them.
	async startWith(others, groupName) {
		await this.page.click("#new-conversation");
		await this.choose(others);
		if (groupName) await this.page.fill("#people-name", groupName);
		await this.page.click("#people-go");
		await this.page.waitForSelector("#people", { state: "hidden" });
		await this.page.waitForSelector("#conversation-open:not([hidden])");
		return this.page.evaluate(() => location.hash);
	}

	async choose(others) {
		for (const other of others) {
			const prefix = other.name.slice(0, -1);
			await this.page.fill("#people-search", prefix);
			await this.page.waitForFunction(onlyFound, prefix);
			await this.page.click(`#people-found button:has-text("@${other.name}")`);
		}
	}

	row(title, page = this.page) {
		return page.locator(`#conversations a:has(.row-title:has-text("${title}"))`);
	}

	async open(title, page = this.page) {
		await this.row(title, page).click();
		await page.waitForSelector("#conversation-open:not([hidden])");
	}

	async hasUnread(title, count) {
		await this.row(title).and(this.page.locator(`[data-unread="${count}"]`)).waitFor();
	}

	// ---- messages ----

	async say(...texts) {
		for (const text of texts) {
			await this.page.fill("#text", text);
			await this.page.press("#text", "Enter");
		}
	}

	texts(page = this.page) {
		return page.locator("#messages .message .text").allTextContents();
	}

	// Sees exactly these messages at the end of the conversation, each once, in this order.
	async reads(texts, page = this.page) {
		let seen;
		await until(async () => (seen = (await this.texts(page)).slice(-texts.length)).join("\n") === texts.join("\n"), () => `${this.display} reads ${JSON.stringify(texts)}: ${JSON.stringify(seen)}`);
	}

	// How far the message has come: the state of its tick.
	async hasTick(text, state) {
		await this.page.locator(`.message:has(.text:text-is("${text}")) .tick[data-status=${state}]`).waitFor();
	}

	// ---- REST in the name of this person, as another client of theirs would ----

	async call(method, path, body) {
		return this.page.evaluate(async ([method, path, base, body]) => {
			const { access_token } = JSON.parse(localStorage.getItem(`banter.session${base}`));
			const headers = { authorization: `Bearer ${access_token}`, ...(body && { "content-type": "application/json" }) };
			const reply = await fetch(base + path, { method, headers, body: body && JSON.stringify(body) });
			if (!reply.ok) throw new Error(`${method} ${path}: ${reply.status} ${await reply.text()}`);
			return reply.status === 204 ? null : reply.json();
		}, [method, path, new URL(this.site).pathname.replace(/\/$/, ""), body]);
	}
}

export { assert };
