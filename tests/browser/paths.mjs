// Stories of how a Banter is set up: under a path of a host, two of them on one host, without new
// accounts.
// SPDX-License-Identifier: MIT
import { assert, outage, Person, stackWith, until } from "./people.mjs";
import { startProxy } from "./proxy.mjs";

const keys = (one, storage) => one.page.evaluate((storage) => Object.keys(globalThis[storage]), storage);

export function paths(story) {
	story("below a path of a host: nothing outside of the path is requested", async () => {
		const proxy = await startProxy(process.env.BANTER_URL, ["/chat"]);
		try {
			const site = proxy.site("/chat");
			const amy = await (await Person.arrive("Amy", { site })).signUp();
			const ben = await (await Person.arrive("Ben", { site })).signUp();
			await amy.startWith([ben]);
			await amy.say("to the path");
			await ben.open("Amy");
			await ben.reads(["to the path"]);
			await ben.say("and back");
			await amy.reads(["to the path", "and back"]);
			await amy.hasTick("to the path", "read");

			await amy.page.reload();
			await amy.isLive();
			await amy.reads(["to the path", "and back"]);
			await ben.say("after the reload");
			await amy.reads(["to the path", "and back", "after the reload"]);
			await amy.page.click("#sign-out");
			await amy.page.waitForSelector("#welcome:not([hidden])");
			assert.equal(new URL(amy.page.url()).pathname, "/chat/");
			await amy.signIn();
			await amy.isLive();
			await Promise.all([amy.leave(), ben.leave()]);
			assert.deepEqual(proxy.strays, []);
			assert.deepEqual([...new Set(proxy.sockets)], ["/chat/v1/ws"]);
		} finally {
			await proxy.stop();
		}
	});

	story("two servers on one host do not share sessions, drafts and unsent messages", async () => {
		const proxy = await startProxy(process.env.BANTER_URL, ["/chat", "/other"]);
		try {
			const eva = await (await Person.arrive("Eva", { site: proxy.site("/chat") })).signUp();
			const fay = await (await Person.arrive("Fay", { site: proxy.site("/chat") })).signUp();
			await eva.startWith([fay]);
			await eva.say("first");
			await eva.hasTick("first", "delivered");

			// The same user in the other one, as two servers may give two people the
			// same id.
			const twin = Object.assign(new Person(), { ...eva, site: proxy.site("/other") });
			twin.page = await twin.tab("/");
			await twin.page.waitForSelector("#welcome:not([hidden])");
			await twin.signIn();
			await twin.isLive();
			await eva.isLive();

			let sent = 0;
			await twin.page.route("**/messages", (route) => (route.request().method() === "POST" ? sent++ && route.abort() : route.continue()));
			await eva.context.route("**/chat/v1/conversations/*/messages", (route) => (route.request().method() === "POST" ? route.abort() : route.continue()));
			await outage(async () => {
				await eva.say("not yet sent");
				await eva.page.waitForSelector(".tick[data-status=waiting]");
				await eva.page.locator("#text").pressSequentially("a draft of the first");
				await twin.page.reload();
				await twin.isLive();
				await twin.open("Fay");
				await twin.reads(["first"]);
				assert.equal(await twin.page.inputValue("#text"), "");
				assert.equal(sent, 0);

				// A tab that goes from one to the other takes nothing along.
				await twin.page.goto(`${proxy.site("/chat")}/`);
				await twin.isLive();
				await twin.page.goto(`${proxy.site("/other")}/`);
				await twin.isLive();
				assert.deepEqual((await keys(twin, "sessionStorage")).filter((name) => !/^banter\.state\/(chat|other)$/.test(name)), []);
				assert.deepEqual((await keys(twin, "localStorage")).filter((name) => !/^banter\.[a-z]+\/(chat|other)(#|$)/.test(name)), []);

				await twin.page.click("#sign-out");
				await twin.page.waitForSelector("#welcome:not([hidden])");
				assert.deepEqual((await keys(twin, "localStorage")).filter((name) => name.includes("/other")), []);
				await eva.context.unroute("**/chat/v1/conversations/*/messages");
				await fay.open("Eva");
				await fay.reads(["first", "not yet sent"]);
			});
			await eva.page.reload();
			await eva.isLive();
			assert.equal(await eva.page.inputValue("#text"), "a draft of the first");
			await Promise.all([eva.leave(), fay.leave()]);
			assert.deepEqual(proxy.strays, []);
		} finally {
			await proxy.stop();
		}
	});

	story("with registration closed the page offers no new account", async () => {
		// The page asks before, and is told by the server after the restart.
		const early = await Person.arrive("Early");
		await early.page.click("#sign-in-switch");
		await outage(() => stackWith({ BANTER_REGISTRATION: "closed" }, "restart", "api"));
		try {
			await outage(async () => {
				await early.page.fill("#name", early.name);
				await early.page.fill("#password", "correct horse battery");
				await early.page.click("#sign-in-button");
				await early.page.waitForSelector("#sign-in-error:has-text('New accounts are closed here')");
			});
			const late = await Person.arrive("Late");
			await late.page.waitForSelector("#sign-in-switch", { state: "hidden" });
			await late.page.waitForSelector("#sign-in-button:has-text('Sign in')");
			assert.equal(await late.page.isVisible("#display-name"), false);
			await late.screenshot("14-registration-closed");
			await late.leave();
		} finally {
			await outage(() => stackWith({ BANTER_REGISTRATION: "open" }, "restart", "api"));
		}
		await early.page.reload();
		await early.page.waitForSelector("#sign-in-switch", { state: "visible" });
		await early.signUp();
		await early.leave();
	});

	story("too many sign-ins with a name: the page explains it, and when to try again", async () => {
		const gus = await Person.arrive("Gus");
		await gus.page.route("**/v1/auth/login", (route) => route.fulfill({ status: 429, contentType: "application/problem+json", headers: { "retry-after": "42" },
			body: JSON.stringify({ title: "Too many requests", status: 429, code: "rate_limited", request_id: "test" }) }));
		await outage(async () => {
			await gus.signIn();
			await gus.page.waitForSelector("#sign-in-error:has-text('Too many attempts. Please try again in 42 seconds.')");
		});
		await gus.leave();
	});
}
