// How times, people and links are written.
// SPDX-License-Identifier: MIT
import { el } from "./dom.js";

const DAY_MS = 86_400_000;
// The page is in English, so its dates are too: in the reader's variant of English if there is one.
const locale = globalThis.navigator?.languages?.find((language) => /^en\b/.test(language)) ?? "en-GB";
const clock = new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit" });
const weekday = new Intl.DateTimeFormat(locale, { weekday: "long" });
const shortDate = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short" });
const longDate = new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long" });
const fullDate = new Intl.DateTimeFormat(locale, { dateStyle: "long" });
const exact = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "medium" });
const ago = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
const list = new Intl.ListFormat("en", { type: "conjunction" });

const midnight = (time) => new Date(time).setHours(0, 0, 0, 0);
const daysSince = (time) => Math.round((midnight(Date.now()) - midnight(time)) / DAY_MS);
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

export const timeOfDay = (time) => clock.format(new Date(time));
export const exactTime = (time) => exact.format(new Date(time));
export const dayKey = (time) => String(midnight(time));

// Returns the date above the messages of a day.
export function dayName(time) {
	const days = daysSince(time);
	if (days < 2) return capital(ago.format(-days, "day"));
	return (days < 300 ? longDate : fullDate).format(new Date(time));
}

// Returns the time in a row of the inbox.
export function shortTime(time) {
	const days = daysSince(time);
	if (days < 1) return timeOfDay(time);
	if (days < 2) return capital(ago.format(-1, "day"));
	return (days < 7 ? weekday : shortDate).format(new Date(time));
}

export function presenceText({ status, last_seen } = {}) {
	if (status === "online" || status === "away") return status;
	if (!last_seen) return "offline";
	const minutes = Math.round((Date.now() - new Date(last_seen)) / 60_000);
	if (minutes < 1) return "last seen just now";
	if (minutes < 60) return `last seen ${ago.format(-minutes, "minute")}`;
	return `last seen ${daysSince(last_seen) ? shortTime(last_seen) : ""} ${timeOfDay(last_seen)}`.replace("  ", " ");
}

export function typingText(names) {
	if (!names.length) return "";
	return names.length > 3 ? "Several people are typing" : `${list.format(names)} ${names.length > 1 ? "are" : "is"} typing`;
}

export const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

// Returns a text with its links as nodes, so that no text of a user is parsed as HTML.
export function linked(text) {
	return text.split(/(\bhttps?:\/\/[^\s<>"]+)/).flatMap((part, i) => {
		if (i % 2 === 0) return part;
		const href = trimmedLink(part);
		return [el("a", { href, target: "_blank", rel: "noopener noreferrer" }, href), part.slice(href.length)];
	});
}

// Cuts punctuation off the end of a link, and a closing bracket that was not opened within it.
function trimmedLink(link) {
	// of each kind, how many more were opened than closed
	const open = { ")": 0, "]": 0, "}": 0 };
	for (const sign of link) {
		if (sign in CLOSING) open[CLOSING[sign]]++;
		else if (sign in open) open[sign]--;
	}
	let end = link.length;
	for (; end > 0; end--) {
		const last = link[end - 1];
		if (last in open ? open[last] >= 0 : !/[.,;:!?'"]/.test(last)) break;
		if (last in open) open[last]++;
	}
	return link.slice(0, end);
}

const CLOSING = { "(": ")", "[": "]", "{": "}" };
