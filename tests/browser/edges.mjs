// Stories of what goes wrong on the page: phones, full storage, no network, other users of the same
// browser.
// SPDX-License-Identifier: MIT
import { assert, outage, Person, until } from "./people.mjs";

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
const numbered = (word, count) => Array.from({ length: count }, (_, i) => `${word} ${i + 1}`);
const controls = (one) => one.page.evaluate(() => [...document.querySelectorAll("button, a, input, textarea")].filter((node) => node.checkVisibility()).map((node) => node.id));

async function pair(first, second, options) {
	const one = await (await Person.arrive(first, options)).signUp();
	const two = await (await Person.arrive(second)).signUp();
	return [one, two];
}

// A group of two, made by `two`, in which `one` has not read `count` messages. Returns its id.
async function groupFor(one, two, title, count = 0) {
	const { id: me } = await one.call("GET", "/v1/me");
	const { id } = await two.call("POST", "/v1/conversations", { kind: "group", title, members: [me] });
	for (const text of numbered("unread", count)) await two.call("POST", `/v1/conversations/${id}/messages`, { client_id: text, text });
	return id;
}

// The texts that stand above the line of unread messages, or null when there is no line.
const aboveLine = (one) => one.page.evaluate(() => {
	const rows = [...document.querySelectorAll("#messages > li")];
	const line = rows.findIndex((row) => row.matches(".unread"));
	return line < 0 ? null : rows.slice(0, line).map((row) => row.querySelector(".text")?.textContent).filter(Boolean);
});

export function edges(story) {
	story("phone: after leaving, a removal and a stale link the inbox can be reached", async () => {
		const [gina, hugo] = await pair("Gina", "Hugo", PHONE);
		for (const title of ["Left", "Removed"]) await groupFor(gina, hugo, title, 1);
		await gina.open("Left");
		await gina.page.click("#conversation-about");
		await gina.page.click("#about-leave");
		await gina.page.click("#question-yes");
		await gina.row("Removed").waitFor({ state: "visible" });

		await gina.open("Removed");
		const removed = (await gina.page.evaluate(() => location.hash)).split("/")[2];
		const { id: me } = await gina.call("GET", "/v1/me");
		await hugo.call("DELETE", `/v1/conversations/${removed}/members/${me}`);
		await gina.page.waitForSelector("#conversation-none", { state: "visible" });
		await gina.screenshot("10-phone-removed");
		assert.deepEqual(await controls(gina), ["none-back"]);
		await gina.page.click("#none-back");
		await gina.page.waitForSelector("#new-conversation", { state: "visible" });

		await outage(async () => {
			await gina.page.goto(`${gina.page.url().split("#")[0]}#/c/${removed}`);
			await gina.page.click("#none-back");
			await gina.page.waitForSelector("#new-conversation", { state: "visible" });
		});
		await Promise.all([gina.leave(), hugo.leave()]);
	});

	story("phone: Enter makes a new line, and the button sends", async () => {
		const [gina, hugo] = await pair("Gino", "Hedy", PHONE);
		await groupFor(gina, hugo, "Lines", 1);
		await gina.open("Lines");
		await gina.page.fill("#text", "one");
		await gina.page.press("#text", "Enter");
		await gina.page.locator("#text").pressSequentially("two");
		assert.equal(await gina.page.inputValue("#text"), "one\ntwo");
		await gina.page.click("#composer button");
		await gina.reads(["unread 1", "one\ntwo"]);
		await Promise.all([gina.leave(), hugo.leave()]);
	});

	story("the line of new messages stands above the first unread one, however many there are", async () => {
		const [ivan, judy] = await pair("Ivan", "Judy");
		const id = await groupFor(ivan, judy, "Busy", 5);
		await ivan.open("Busy");
		await ivan.hasUnread("Busy", 0);
		await ivan.page.evaluate(() => (location.hash = "#"));
		for (const text of numbered("later", 320)) await judy.call("POST", `/v1/conversations/${id}/messages`, { client_id: text, text });
		await ivan.hasUnread("Busy", 320);
		await ivan.page.evaluate(() => sessionStorage.clear());
		const fresh = await ivan.tab("/");
		await ivan.page.close();
		ivan.page = fresh;
		await ivan.open("Busy");
		await until(async () => (await aboveLine(ivan))?.at(-1) === "unread 5", () => "the line stands below the last read message");
		assert.equal((await ivan.texts()).length >= 321, true);
		const isInSight = () => ivan.page.evaluate(() => {
			const { top, bottom } = document.querySelector("#messages .unread").getBoundingClientRect();
			const log = document.getElementById("log").getBoundingClientRect();
			return top >= log.top && bottom <= log.bottom;
		});
		await until(isInSight, () => "the line is in sight");
		await judy.call("POST", `/v1/conversations/${id}/messages`, { client_id: "one more", text: "one more" });
		await ivan.page.waitForSelector("#jump:has-text('1 new message')");
		await ivan.screenshot("11-unread-line");
		await Promise.all([ivan.leave(), judy.leave()]);
	});

	story("P5: a tick stays read when the readers leave", async () => {
		const [kate, liam] = await pair("Kate", "Liam");
		await groupFor(kate, liam, "Quorum");
		await kate.open("Quorum");
		await liam.open("Quorum");
		await kate.say("Seen by all");
		await kate.hasTick("Seen by all", "read");
		const { id: her } = await kate.call("GET", "/v1/me");
		const id = (await kate.page.evaluate(() => location.hash)).split("/")[2];
		await liam.call("PATCH", `/v1/conversations/${id}/members/${her}`, { role: "owner" });
		await liam.call("POST", `/v1/conversations/${id}/leave`);
		await kate.page.waitForSelector("#conversation-state:has-text('1 member')");
		await kate.hasTick("Seen by all", "read");
		await Promise.all([kate.leave(), liam.leave()]);
	});

	story("a device that is signed out elsewhere keeps unsent messages, for its user alone", async () => {
		const [mona, nick] = await pair("Mona", "Nick");
		await mona.startWith([nick]);
		const { devices } = await mona.call("GET", "/v1/devices");
		const { access_token } = await mona.page.evaluate(() => JSON.parse(localStorage.getItem("banter.session")));
		await outage(async () => {
			await mona.page.route("**/messages", (route) => (route.request().method() === "POST" ? route.abort() : route.continue()));
			await mona.say("written before the end");
			await mona.page.waitForSelector(".tick[data-status=waiting]");
			await mona.page.locator("#text").pressSequentially("a draft of mine");
			await nick.page.evaluate(([id, token]) => fetch(`/v1/devices/${id}`, { method: "DELETE", headers: { authorization: `Bearer ${token}` } }), [devices[0].id, access_token]);
			await mona.page.waitForSelector("#welcome:not([hidden])");
			await mona.page.unroute("**/messages");
		});

		const other = Object.assign(await Person.arrive("Olga"), { page: mona.page });
		await other.signUp();
		await other.startWith([nick]);
		assert.equal(await other.page.inputValue("#text"), "");
		await other.say("by Olga");
		await other.hasTick("by Olga", "delivered");
		assert.equal((await nick.call("GET", "/v1/conversations")).conversations.some((c) => c.last_message?.text === "written before the end"), false);
		await other.page.click("#sign-out");
		await other.page.waitForSelector("#welcome:not([hidden])");

		await mona.signIn();
		await mona.isLive();
		await nick.open("Mona");
		await nick.reads(["written before the end"]);
		await mona.open("Nick");
		assert.equal(await mona.page.inputValue("#text"), "a draft of mine");
		await Promise.all([mona.leave(), nick.leave(), other.leave()]);
	});

	story("signing out asks before it deletes unsent messages", async () => {
		const [pia, quin] = await pair("Pia", "Quin");
		await pia.startWith([quin]);
		await outage(async () => {
			await pia.page.route("**/messages", (route) => (route.request().method() === "POST" ? route.abort() : route.continue()));
			await pia.say("not yet sent");
			await pia.page.waitForSelector(".tick[data-status=waiting]");
			await pia.page.click("#sign-out");
			await pia.page.waitForSelector("#question-text:has-text('1 message has not been sent yet')");
			await pia.screenshot("12-sign-out");
			await pia.page.click("#question button[value=no]");
			await pia.reads(["not yet sent"]);
			await pia.page.click("#sign-out");
			await pia.page.click("#question-yes");
			await pia.page.waitForSelector("#welcome:not([hidden])");
		});
		assert.deepEqual(await pia.page.evaluate(() => Object.keys(localStorage)), []);
		await Promise.all([pia.leave(), quin.leave()]);
	});

	story("a browser without storage left sends, and shows a warning", async () => {
		const [rosa, sean] = await pair("Rosa", "Sean");
		await rosa.startWith([sean]);
		await rosa.page.evaluate(() => {
			let size = 5_000_000;
			for (let i = 0; size > 0; ) {
				try {
					localStorage.setItem(`filler.${i}`, "x".repeat(size));
					i++;
				} catch {
					size = Math.floor(size / 2);
				}
			}
		});
		await rosa.say("without room");
		await rosa.page.waitForSelector("#notice:has-text('no room left')");
		await sean.open("Rosa");
		await sean.reads(["without room"]);
		await rosa.hasTick("without room", "read");
		await Promise.all([rosa.leave(), sean.leave()]);
	});

	story("a lost network is shown at once, with nobody online, until it is back", async () => {
		const [tara, umar] = await pair("Tara", "Umar");
		await tara.startWith([umar]);
		await tara.page.waitForSelector("#conversation-state[data-status=online]");
		await outage(async () => {
			await tara.context.setOffline(true);
			await tara.page.waitForSelector("#banner:has-text('You are offline')", { timeout: 1_000 });
			await tara.page.waitForSelector("#conversation-state:not([data-status=online])", { state: "attached", timeout: 5_000 });
			await tara.say("written offline");
			await tara.screenshot("13-offline");
			await tara.context.setOffline(false);
			await umar.open("Tara");
			await umar.reads(["written offline"]);
			await tara.isLive();
			await tara.page.waitForSelector("#banner", { state: "hidden" });
		});
		await Promise.all([tara.leave(), umar.leave()]);
	});

	story("a refused text can be changed and sent", async () => {
		const [vera, walt] = await pair("Vera", "Walt");
		await vera.startWith([walt]);
		await outage(async () => {
			await vera.say("x".repeat(66_000));
			await vera.page.waitForSelector(".refusal");
			assert.deepEqual(await vera.page.locator(".refusal button").allTextContents(), ["Edit", "Delete"]);
			await vera.page.click(".refusal button:has-text('Edit')");
		});
		assert.equal((await vera.page.inputValue("#text")).length, 66_000);
		await vera.say("shorter");
		await walt.open("Vera");
		await walt.reads(["shorter"]);
		await Promise.all([vera.leave(), walt.leave()]);
	});

	story("invisible names are refused with an explanation, and the form stays", async () => {
		const zed = await Person.arrive("Zed");
		await zed.page.click("#sign-in-switch");
		await zed.page.fill("#password", "correct horse battery");
		const refused = async (name, shown, text, field) => {
			await zed.page.fill("#name", name);
			await zed.page.fill("#display-name", shown);
			await zed.page.click("#sign-in-button");
			await zed.page.waitForSelector(`#sign-in-error:has-text("${text}")`);
			await zed.page.waitForSelector(`#${field}[aria-invalid=true]`);
		};
		await refused(".zed", "", "must not begin or end with a dot or a dash", "name");
		await refused("--", "", "must not begin or end with a dot or a dash", "name");
		await refused(zed.name, "\u20ac".repeat(64), "that others see is too long", "display-name");
		await outage(async () => {
			await refused(zed.name, "\u200b\u3164", "needs at least one visible character", "display-name");
			await refused(zed.name, "a\u202eb", "or marks of direction", "display-name");
			await zed.screenshot("15-refused-name");
		});
		await zed.page.fill("#display-name", "Zed");
		await zed.page.click("#sign-in-button");
		await zed.isLive();

		const [ada, bea] = await pair("Ada", "Bea");
		await zed.page.click("#new-conversation");
		await zed.choose([ada, bea]);
		await zed.page.fill("#people-name", "\u200b");
		await outage(async () => {
			await zed.page.click("#people-go");
			await zed.page.waitForSelector("#people-error:has-text('The name of a group needs at least one visible character')");
		});
		await zed.page.fill("#people-name", "Seen");
		await zed.page.click("#people-go");
		await zed.row("Seen").waitFor();

		await zed.page.route("**/messages", (route) => (route.request().method() !== "POST" ? route.continue()
			: route.fulfill({ status: 422, contentType: "application/problem+json", body: JSON.stringify({ title: "The message mentions too many", status: 422, code: "too_many_mentions", request_id: "test" }) })));
		await outage(async () => {
			await zed.say("many names");
			await zed.page.waitForSelector(".refusal:has-text('Not sent. It mentions too many people.')");
		});
		assert.deepEqual(await zed.page.locator(".refusal button").allTextContents(), ["Edit", "Delete"]);
		await zed.page.unroute("**/messages");
		await zed.page.route("**/v1/conversations", (route) => (route.request().method() !== "POST" ? route.continue()
			: route.fulfill({ status: 422, contentType: "application/problem+json", body: JSON.stringify({ title: "Somebody would be in too many conversations", status: 422, code: "too_many_conversations", request_id: "test" }) })));
		await zed.page.click("#new-conversation");
		await zed.choose([ada]);
		await outage(async () => {
			await zed.page.click("#people-go");
			await zed.page.waitForSelector("#people-error:has-text('cannot be in any more conversations')");
			await zed.screenshot("16-too-many-conversations");
		});
		await Promise.all([zed.leave(), ada.leave(), bea.leave()]);
	});

	story("counts are corrected after marks were lost", async () => {
		const [xena, yuri] = await pair("Xena", "Yuri");
		const id = await groupFor(xena, yuri, "Deep", 3);
		for (let i = 0; i < 52; i++) await groupFor(xena, yuri, `Above ${i}`);
		// A new tab begins with the first page of the inbox, which does not reach down to
		// "Deep".
		const fresh = await xena.tab();
		await xena.page.close();
		xena.page = fresh;
		await xena.isLive();
		await xena.page.click("#inbox-more");
		await xena.hasUnread("Deep", 3);
		assert.equal(await xena.page.title(), "(3) Banter");
		const { messages } = await xena.call("GET", `/v1/conversations/${id}/messages`);
		await outage(async () => {
			await xena.context.setOffline(true);
			await xena.page.waitForSelector("#me-state:not([data-state=live])");
			const { access_token } = await xena.page.evaluate(() => JSON.parse(localStorage.getItem("banter.session")));
			await yuri.page.evaluate(([id, message_id, token]) => fetch(`/v1/conversations/${id}/read`, {
				method: "POST", headers: { authorization: `Bearer ${token}`, "content-type": "application/json" }, body: JSON.stringify({ message_id }),
			}), [id, messages.at(-1).id, access_token]);
			await xena.context.setOffline(false);
			await xena.hasUnread("Deep", 0);
		});
		await until(async () => (await xena.page.title()) === "Banter", () => "the title is plain");
		await Promise.all([xena.leave(), yuri.leave()]);
	});

	story("the title is corrected when Redis is back", async () => {
		const [xara, yves] = await pair("Xara", "Yves");
		const id = await groupFor(xara, yves, "Late", 3);
		const { messages } = await xara.call("GET", `/v1/conversations/${id}/messages`);
		let stream;
		await xara.page.routeWebSocket(/\/v1\/ws/, (socket) => {
			stream = socket;
			const server = socket.connectToServer();
			// Drops what is lost without Redis.
			server.onMessage((frame) => frame.includes('"conversation.read"') || socket.send(frame));
		});
		const redis = (state) => stream.send(JSON.stringify({ type: "stream.health", time: new Date().toISOString(), data: { database: "ok", redis: state } }));
		const refreshed = xara.page.waitForResponse((reply) => /\/v1\/conversations(\?|$)/.test(reply.url()));
		await xara.page.reload();
		await refreshed;
		await xara.hasUnread("Late", 3);
		redis("degraded");
		await xara.page.waitForSelector("#banner-text:has-text('slow at the moment')");
		await xara.call("POST", `/v1/conversations/${id}/read`, { message_id: messages.at(-1).id });
		assert.equal(await xara.page.title(), "(3) Banter");
		redis("ok");
		await until(async () => (await xara.page.title()) === "Banter", () => "the title is plain");
		await Promise.all([xara.leave(), yves.leave()]);
	});

	story("a mention counts for its user, not for one whose name is a prefix of it", async () => {
		const [abe, cleo] = await pair("Abe", "Cleo");
		const longer = await Person.arrive("Abel");
		longer.name = `${abe.name}1`;
		await longer.signUp();
		const id = await groupFor(abe, cleo, "Named");
		const { id: him } = await longer.call("GET", "/v1/me");
		await cleo.call("POST", `/v1/conversations/${id}/members`, { user_ids: [him] });
		for (const one of [abe, longer]) await one.row("Named").waitFor();
		const marks = (one) => one.row("Named").locator(".badge:has-text('@')").count();
		const counted = async (one) => (await one.call("GET", "/v1/conversations")).conversations[0].mention_count;

		await cleo.open("Named");
		await cleo.say(`@${longer.name} this is for you`);
		for (const one of [abe, longer]) await one.hasUnread("Named", 1);
		await until(() => marks(longer), () => "the mention is shown to its user");
		assert.equal(await marks(abe), 0);
		assert.deepEqual([await counted(abe), await counted(longer)], [0, 1]);

		await cleo.say(`@${abe.name}, and this for you`);
		for (const one of [abe, longer]) await one.hasUnread("Named", 2);
		await until(() => marks(abe), () => "the mention is shown to its user");
		assert.deepEqual([await counted(abe), await counted(longer)], [1, 1]);
		await longer.open("Named");
		await until(async () => !(await marks(longer)), () => "reading ends the mention");
		await Promise.all([abe.leave(), cleo.leave(), longer.leave()]);
	});

	story("a link keeps its own bracket, and not the punctuation of the sentence", async () => {
		const [zoe, adam] = await pair("Zoe", "Adam");
		await zoe.startWith([adam]);
		await zoe.say("(see https://example.org/C_(language)), or https://example.org/x?y=[1].");
		await zoe.page.locator(".message .text a").last().waitFor();
		assert.deepEqual(await zoe.page.locator(".message .text a").evaluateAll((links) => links.map((link) => link.getAttribute("href"))),
			["https://example.org/C_(language)", "https://example.org/x?y=[1]"]);
		await Promise.all([zoe.leave(), adam.leave()]);
	});
}
