// How times, people and links are written, in the reader's own language of dates.
// SPDX-License-Identifier: MIT
import { el } from "./dom.js";

const DAY_MS = 86_400_000;
const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: "long" });
const shortDate = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const longDate = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const fullDate = new Intl.DateTimeFormat(undefined, { dateStyle: "long" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const ago = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
const list = new Intl.ListFormat("en", { type: "conjunction" });

const midnight = (time) => new Date(time).setHours(0, 0, 0, 0);
const daysSince = (time) => Math.round((midnight(Date.now()) - midnight(time)) / DAY_MS);
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

export const timeOfDay = (time) => clock.format(new Date(time));
export const exactTime = (time) => exact.format(new Date(time));
export const dayKey = (time) => String(midnight(time));

// Above the messages of a day.
export function dayName(time) {
	const days = daysSince(time);
	if (days < 2) return capital(ago.format(-days, "day"));
	return (days < 300 ? longDate : fullDate).format(new Date(time));
}

// In a row of the inbox.
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

// Text with its links: nodes, so nothing that somebody writes is ever read as HTML.
export function linked(text) {
	return text.split(/(\bhttps?:\/\/[^\s<>"]+[^\s<>".,;:!?'\])}])/).map((part, i) =>
		i % 2 ? el("a", { href: part, target: "_blank", rel: "noopener noreferrer" }, part) : part,
	);
}
