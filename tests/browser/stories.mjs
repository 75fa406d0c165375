// The stories: what people do with the page, on a server that is killed and restarted under them.
// SPDX-License-Identifier: MIT
import { edges } from "./edges.mjs";
import { paths } from "./paths.mjs";
import { assert, outage, Person, screenshots, stack, start, stop, takeFaults, until } from "./people.mjs";

const numbered = (word, count) => Array.from({ length: count }, (_, i) => `${word} ${i + 1}`);
const stories = [];
const story = (name, tell) => stories.push({ name, tell });

let alice, bob, carol;

story("signing up names mistakes, then signs in", async () => {
	alice = await Person.arrive("Alice");
	await alice.screenshot("01-sign-in");
	await alice.page.click("#sign-in-switch");
	await alice.page.fill("#name", "No Blanks Please");
	await alice.page.fill("#password", "correct horse battery");
	await alice.page.click("#sign-in-button");
	await alice.page.waitForSelector("#sign-in-error:has-text('2 to 32')");
	assert.equal(await alice.page.getAttribute("#name", "aria-invalid"), "true");
	await alice.page.click("#sign-in-switch");
	await alice.signUp();
	await alice.page.waitForSelector("#inbox-empty:not([hidden])");
	await alice.screenshot("02-empty");
	bob = await (await Person.arrive("Bob")).signUp();
	const twin = await Person.arrive("Bob");
	await outage(async () => {
		await twin.page.click("#sign-in-switch");
		await twin.signIn();
		await twin.page.waitForSelector("#sign-in-error:has-text('has this name')");
	});
	await twin.leave();
});

story("a first message to a found user shows badge and title on the other side", async () => {
	await alice.startWith([bob]);
	await alice.page.waitForSelector("#log-top:has-text('Say hello')");
	await alice.say("Hello, Bob");
	await bob.hasUnread("Alice", 1);
	await until(async () => (await bob.page.title()) === "(1) Banter", () => "the title has the count");
	await bob.open("Alice");
	await bob.reads(["Hello, Bob"]);
	await bob.hasUnread("Alice", 0);
	await until(async () => (await bob.page.title()) === "Banter", () => "the title is plain again");
});

story("messages in both directions have the same order on both sides", async () => {
	await bob.say("Hello, Alice", "How are you?");
	await alice.reads(["Hello, Bob", "Hello, Alice", "How are you?"]);
	await Promise.all([alice.say(...numbered("a", 10)), bob.say(...numbered("b", 10))]);
	const all = async (one) => (await one.texts()).length === 23;
	await until(async () => (await all(alice)) && (await all(bob)), () => "all 23 are there");
	const settled = (one) => one.page.waitForFunction(() => !document.querySelector(".message.own:is([data-state=sending], [data-state=stored], [data-state=waiting])"));
	await Promise.all([settled(alice), settled(bob)]);
	const seen = await alice.texts();
	assert.equal(new Set(seen).size, 23);
	assert.deepEqual(seen.filter((text) => text.startsWith("a ")), numbered("a", 10));
	await bob.reads(seen);
});

story("presence and typing are shown", async () => {
	await alice.page.waitForSelector("#conversation-state[data-status=online]");
	await bob.page.locator("#text").pressSequentially("thinking");
	await alice.page.waitForSelector("#typing:has-text('Bob is typing')");
	await alice.screenshot("03-conversation");
	await bob.say("thought");
	await alice.reads(["thought"]);
	await until(async () => !(await alice.page.textContent("#typing")), () => "typing ends with the message");
});

story("ticks move from sent to delivered to read", async () => {
	carol = await (await Person.arrive("Carol")).signUp();
	await alice.startWith([carol]);
	await carol.row("Alice").waitFor();
	await carol.page.goto("about:blank");
	await alice.say("Are you there?");
	await alice.hasTick("Are you there?", "sent");
	await carol.page.goBack();
	await carol.hasUnread("Alice", 1);
	await alice.hasTick("Are you there?", "delivered");
	await carol.open("Alice");
	await alice.hasTick("Are you there?", "read");
	await carol.page.goBack();
});

story("a message in a hidden tab is delivered, and read only when the tab is visible", async () => {
	await alice.open("Bob");
	await bob.open("Alice");
	const look = (state) => bob.page.evaluate((value) => {
		Object.defineProperty(document, "visibilityState", { value, configurable: true });
		document.dispatchEvent(new Event("visibilitychange"));
	}, state);
	await look("hidden");
	await alice.page.waitForSelector("#conversation-state[data-status=away]");
	await alice.say("Behind your back");
	await alice.hasTick("Behind your back", "delivered");
	await bob.hasUnread("Alice", 1);
	await until(async () => (await bob.page.title()) === "(1) Banter", () => "the hidden tab's title counts");
	await look("visible");
	await alice.hasTick("Behind your back", "read");
	await alice.page.waitForSelector("#conversation-state[data-status=online]");
});

story("a message is shown as text, and its links are links", async () => {
	const nasty = "<img src=x onerror=alert(1)> <b>bold</b> https://example.org/a?b=1.";
	await alice.say(nasty);
	await bob.reads([nasty]);
	assert.equal(await bob.page.locator("#messages img, #messages .text b").count(), 0);
	assert.equal(await bob.page.locator(".message .text a").last().getAttribute("href"), "https://example.org/a?b=1");
});

story("a reload keeps the conversation and its draft, and misses nothing", async () => {
	await bob.page.locator("#text").pressSequentially("half a thought");
	await bob.page.reload();
	await alice.say(...numbered("while reloading", 3));
	await bob.reads(numbered("while reloading", 3));
	assert.equal(await bob.page.inputValue("#text"), "half a thought");
	await bob.page.fill("#text", "");

	const before = await bob.texts();
	await bob.page.goto("about:blank");
	await alice.say(...numbered("while away", 5));
	await alice.hasTick("while away 5", "sent");
	await bob.page.goBack();
	await bob.reads([...before.slice(-20), ...numbered("while away", 5)]);
});

story("a send whose reply was lost is repeated and stored once", async () => {
	let lost = 0;
	await alice.page.route("**/messages", async (route) => {
		if (route.request().method() !== "POST" || lost++) return route.continue();
		await route.fetch();
		await route.abort();
	});
	await outage(async () => {
		await alice.say("only once", "and after it");
		await bob.reads(["only once", "and after it"]);
		await alice.hasTick("and after it", "read");
	});
	await alice.page.unroute("**/messages");
	assert.ok(lost >= 2);
	assert.equal((await alice.texts()).filter((text) => text === "only once").length, 1);
});

story("push is killed with -9 under messages: each arrives once, in order", async () => {
	await outage(async () => {
		const writing = bob.say(...numbered("through the kill", 30));
		await alice.reads(["through the kill 3"]).catch(() => {});
		await stack("kill", "push");
		await alice.isReconnecting();
		await alice.screenshot("04-reconnecting");
		await writing;
		await stack("start", "push");
		await alice.reads(numbered("through the kill", 30));
		await Promise.all([alice.isLive(), bob.isLive()]);
		await bob.reads(numbered("through the kill", 30));
	});
	const seen = await alice.texts();
	assert.equal(new Set(seen).size, seen.length, "nothing is shown twice");
	await bob.hasTick("through the kill 30", "read");
});

story("the whole server stops and starts: messages that were written meanwhile are sent", async () => {
	await outage(async () => {
		await stack("stop");
		await Promise.all([alice.isReconnecting(), bob.isReconnecting()]);
		await alice.say(...numbered("into the dark", 3));
		await alice.hasTick("into the dark 3", "sending");
		await bob.say("also in the dark");
		await bob.page.waitForSelector(".tick[data-status=waiting]");
		await stack("start");
		await Promise.all([alice.isLive(), bob.isLive()]);
		await bob.page.locator(".message .text:text-is('into the dark 3')").waitFor();
		await alice.page.locator(".message:not(.own) .text:text-is('also in the dark')").waitFor();
	});
	const seen = (await bob.texts()).slice(-4);
	assert.deepEqual(seen.filter((text) => text.startsWith("into")), numbered("into the dark", 3));
	await alice.reads(seen);
	await alice.hasTick("into the dark 3", "read");
});

story("an event that was lost on the way is fetched, and no hole is shown", async () => {
	let isLosing = false, opened = 0;
	await alice.page.routeWebSocket(/\/v1\/ws/, (socket) => {
		opened++;
		const server = socket.connectToServer();
		server.onMessage((frame) => {
			const isLost = isLosing && frame.includes("lost on the way");
			if (isLost) isLosing = false;
			else socket.send(frame);
		});
	});
	await alice.page.reload();
	await alice.isLive();
	isLosing = true;
	await bob.say("lost on the way", "and the next");
	await alice.reads(["lost on the way", "and the next"]);
	assert.equal(opened, 2);
});

story("a cursor that the server cannot resume is replaced by a snapshot", async () => {
	await alice.page.addInitScript(() => {
		const kept = JSON.parse(sessionStorage.getItem("banter.state"));
		if (!kept || sessionStorage.getItem("broken")) return;
		sessionStorage.setItem("broken", "once");
		sessionStorage.setItem("banter.state", JSON.stringify({ ...kept, state: JSON.stringify({ ...JSON.parse(kept.state), cursor: "bm90LWEtY3Vyc29y" }) }));
	});
	const snapshot = alice.page.waitForResponse((reply) => reply.url().endsWith("/v1/sync"));
	await alice.page.reload();
	await snapshot;
	await alice.isLive();
	await alice.reads(["lost on the way", "and the next"]);
	await bob.say("after the snapshot");
	await alice.reads(["lost on the way", "and the next", "after the snapshot"]);
});

story("an unsent message survives a reload during an outage", async () => {
	await outage(async () => {
		await alice.page.route("**/v1/conversations/*/messages", (route) => (route.request().method() === "POST" ? route.abort() : route.continue()));
		await alice.say("kept in the outbox");
		await alice.page.waitForSelector(".tick[data-status=waiting]");
		await alice.page.reload();
		await alice.reads(["kept in the outbox"]);
		await alice.page.unroute("**/v1/conversations/*/messages");
		await bob.reads(["kept in the outbox"]);
		await alice.hasTick("kept in the outbox", "read");
	});
});

story("a group shows names, a third member, a new title, added and leaving members", async () => {
	const dave = await (await Person.arrive("Dave")).signUp();
	await alice.startWith([bob, carol], "Lunch");
	await alice.say("Where do we go?");
	await carol.open("Lunch");
	await carol.reads(["Where do we go?"]);
	await carol.say("To the harbour");
	await bob.open("Lunch");
	await bob.reads(["Where do we go?", "To the harbour"]);
	assert.deepEqual(await bob.page.locator(".sender").allTextContents(), ["Alice", "Carol"]);
	await alice.hasTick("Where do we go?", "read");

	await alice.page.click("#conversation-about");
	await alice.page.fill("#about-name", "Supper");
	await alice.page.click("#about-save");
	await carol.page.waitForSelector("#conversation-title:has-text('Supper')");
	await alice.page.click("#about-add");
	await alice.choose([dave]);
	await alice.page.click("#people-go");
	await dave.open("Supper");
	await dave.reads(["Where do we go?", "To the harbour"]);
	await dave.say("I am in");
	await carol.reads(["I am in"]);
	await alice.page.waitForSelector("#conversation-state:has-text('4 members')");
	await alice.screenshot("05-group");

	await dave.page.click("#conversation-about");
	await dave.page.click("#about-leave");
	await dave.page.click("#question-yes");
	await dave.row("Supper").waitFor({ state: "detached" });
	await alice.page.waitForSelector("#conversation-state:has-text('3 members')");
	await alice.page.click("#conversation-about");
	await alice.page.click(`#about-members li:has-text("Carol") button`);
	await alice.page.click("#question-yes");
	await carol.page.waitForSelector("#notice:has-text('no longer in Supper')");
	await carol.row("Supper").waitFor({ state: "detached" });
	await alice.page.keyboard.press("Escape");
	await dave.leave();
});

story("history loads page by page upwards, without a jump or a gap", async () => {
	const hash = await alice.startWith([carol]);
	const id = hash.split("/")[2];
	for (const text of numbered("old", 120)) await carol.call("POST", `/v1/conversations/${id}/messages`, { client_id: text, text });
	await alice.page.evaluate(() => sessionStorage.clear());
	const fresh = await alice.tab(`/${hash}`);
	await until(async () => (await alice.texts(fresh)).at(-1) === "old 120", () => "the end is there");
	assert.ok((await alice.texts(fresh)).length < 120);
	for (let length = 0; (await fresh.textContent("#log-top")).startsWith("Loading"); length = (await alice.texts(fresh)).length) {
		await fresh.evaluate(() => (document.getElementById("log").scrollTop = 0));
		await until(async () => (await alice.texts(fresh)).length > length, () => "a page comes in");
	}
	assert.deepEqual((await alice.texts(fresh)).slice(-120), numbered("old", 120));
	await fresh.close();
});

story("above the end nothing is marked as read, and a button scrolls down", async () => {
	await alice.open("Carol");
	await alice.reads(["old 120"]);
	await alice.page.evaluate(() => (document.getElementById("log").scrollTop = 300));
	await alice.page.waitForSelector("#jump:not([hidden])");
	const id = (await alice.page.evaluate(() => location.hash)).split("/")[2];
	await carol.call("POST", `/v1/conversations/${id}/messages`, { client_id: "below", text: "below" });
	await alice.page.waitForSelector("#jump:has-text('1 new message')");
	await alice.hasUnread("Carol", 1);
	await alice.page.click("#jump");
	await alice.hasUnread("Carol", 0);
});

// Tokens expire all at once, again and again, and all tabs of `one` need a new one at the same
// moment.
async function spendTokens(one) {
	const tabs = [one.page, await one.tab(), await one.tab(), await one.tab()];
	await Promise.all(tabs.map((page) => one.isLive(page)));
	const expired = new Set(), refreshed = [];
	await one.context.route("**/v1/**", async (route) => {
		const request = route.request();
		if (request.url().endsWith("/v1/auth/refresh")) refreshed.push(request.postDataJSON().refresh_token);
		if (!expired.has(request.headers().authorization)) return route.continue();
		const body = JSON.stringify({ title: "Token expired", status: 401, code: "token_expired", request_id: "test" });
		return route.fulfill({ status: 401, contentType: "application/problem+json", body });
	});
	await outage(async () => {
		for (let round = 0; round < 5; round++) {
			expired.add(await one.page.evaluate(() => `Bearer ${JSON.parse(localStorage.getItem("banter.session")).access_token}`));
			await Promise.all(tabs.map(async (page) => {
				await page.keyboard.press("Control+k");
				await page.fill("#people-search", bob.name);
				await page.waitForSelector(`#people-found button:has-text("@${bob.name}")`);
				await page.keyboard.press("Escape");
				await page.waitForSelector("#people", { state: "hidden" });
			}));
		}
	});
	await one.context.unroute("**/v1/**");
	assert.ok(refreshed.length >= 5);
	assert.equal(new Set(refreshed).size, refreshed.length, "no refresh token is spent twice");
	await Promise.all(tabs.map((page) => one.isLive(page)));
	await Promise.all(tabs.slice(1).map((page) => page.close()));
}

story("several tabs share one refresh token without spending it twice", () => spendTokens(alice));

story("several tabs share one refresh token without Web Locks", async () => {
	const eve = await Person.arrive("Eve");
	await eve.context.addInitScript(() => Object.defineProperty(navigator, "locks", { value: undefined }));
	await eve.page.reload();
	await eve.signUp();
	await spendTokens(eve);
	await eve.leave();
});

story("an inbox longer than a page shows new messages of conversations below it", async () => {
	const frank = await (await Person.arrive("Frank")).signUp();
	const { id: me } = await bob.call("GET", "/v1/me");
	const groups = [];
	for (const title of numbered("Room", 53)) groups.push(await frank.call("POST", "/v1/conversations", { kind: "group", title, members: [me] }));
	await frank.page.evaluate(() => sessionStorage.clear());
	const fresh = await frank.tab();
	await frank.isLive(fresh);
	const titles = () => fresh.locator(".row-title").allTextContents();
	await until(async () => (await titles()).length === 50, () => "a page is shown");
	await bob.call("POST", `/v1/conversations/${groups[0].id}/messages`, { client_id: "news", text: "News" });
	await until(async () => (await titles())[0] === "Room 1", () => "the conversation comes up");
	assert.equal(await frank.row("Room 1", fresh).first().getAttribute("data-unread"), "1");
	await fresh.click("#inbox-more");
	await until(async () => (await titles()).length === 53, () => "the rest is there");
	assert.equal(new Set(await titles()).size, 53);
	await frank.leave();
});

story("on a phone: one column, nothing wider than the screen, and a back button", async () => {
	await bob.page.setViewportSize({ width: 390, height: 844 });
	await bob.open("Alice").catch(() => bob.page.click(".back").then(() => bob.open("Alice")));
	const wide = () => bob.page.evaluate(() => [...document.querySelectorAll("body *")].filter((node) => node.getBoundingClientRect().right > innerWidth + 1 && !node.closest(".unseen")).map((node) => node.id || node.className));
	assert.deepEqual(await wide(), []);
	await bob.screenshot("06-phone");
	await bob.page.click(".back");
	await bob.page.waitForSelector("#inbox", { state: "visible" });
	assert.deepEqual(await wide(), []);
	await bob.screenshot("07-phone-inbox");
	await bob.page.setViewportSize({ width: 1180, height: 760 });
});

story("every control has a name, and the keyboard reaches the conversation", async () => {
	const nameless = await bob.page.evaluate(() => [...document.querySelectorAll("button, input, textarea, a")]
		.filter((node) => !(node.ariaLabel || node.textContent.trim() || node.labels?.length)).map((node) => node.outerHTML).filter((html) => !/id="(banner-button|people-go|question-yes|sign-in)/.test(html)));
	assert.deepEqual(nameless, []);
	await bob.row("Alice").focus();
	await bob.page.keyboard.press("Enter");
	await bob.page.waitForSelector("#conversation-open:not([hidden])");
	assert.equal(await bob.page.evaluate(() => document.activeElement.id), "text");
	await bob.page.emulateMedia({ colorScheme: "dark" });
	await bob.screenshot("08-dark");
	await bob.page.emulateMedia({ colorScheme: "light" });
});

story("a device that is signed out elsewhere shows the sign-in form", async () => {
	const { devices } = await carol.call("GET", "/v1/devices");
	await outage(async () => {
		await carol.call("DELETE", `/v1/devices/${devices.find((device) => device.current).id}`);
		await carol.page.waitForSelector("#welcome:not([hidden])");
	});
	assert.deepEqual(await carol.page.evaluate(() => Object.keys(localStorage)), []);
});

story("signing out ends all tabs and deletes their data; signing in again shows everything", async () => {
	const tab = await alice.tab();
	await alice.isLive(tab);
	await alice.page.click("#sign-out");
	await Promise.all([alice.page, tab].map((page) => page.waitForSelector("#welcome:not([hidden])")));
	assert.deepEqual(await alice.page.evaluate(() => Object.keys(localStorage)), []);
	await tab.close();
	await outage(async () => {
		await alice.signIn("not the password");
		await alice.page.waitForSelector("#sign-in-error:has-text('name or the password is wrong')");
	});
	await alice.signIn();
	await alice.isLive();
	await alice.open("Bob");
	await alice.reads(["kept in the outbox"]);
});

edges(story);
paths(story);

// ---- telling them ----

const only = process.env.BANTER_ONLY;
let passed = 0, failed = 0;
await start();
for (const { name, tell } of stories) {
	if (only && !name.includes(only)) continue;
	let problem;
	try {
		await tell();
	} catch (error) {
		problem = error;
	}
	const faults = takeFaults();
	if (!problem && !faults.length) {
		console.log(`ok ${++passed + failed} ${name}`);
		continue;
	}
	console.log(`not ok ${passed + ++failed} ${name}`);
	for (const line of [problem?.stack, ...faults].filter(Boolean).join("\n").split("\n")) console.log(`# ${line}`);
	console.log(`# screens: ${await screenshots(`failed-${passed + failed}`)}`);
}
await stop();
console.log(`1..${passed + failed}`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
