// Sentences for people when the server refuses something, by the code of the error.
// SPDX-License-Identifier: MIT

const NAME_RULE = "A name has 2 to 32 of a–z, 0–9, dot, dash and underscore. It must not begin or end with a dot or a dash, and needs a letter or a digit.";
const LABEL_RULE = "needs at least one visible character, and must not have line breaks or marks of direction.";

// Fields that are shown to others, and how the page calls them.
const LABELS = { title: "The name of a group", display_name: "The name that others see" };

const SENTENCES = {
	no_answer: () => "The server cannot be reached.",
	invalid_credentials: () => "The name or the password is wrong.",
	invalid_name: () => NAME_RULE,
	name_taken: () => "Somebody has this name already.",
	registration_closed: () => "New accounts are closed here. Please ask the administrator of this server for one.",
	rate_limited: ({ retryAfter }) => `Too many attempts. Please try again in ${waiting(retryAfter)}.`,
	too_busy: ({ retryAfter }) => `The server is busy. Please try again in ${waiting(retryAfter)}.`,
	too_many_mentions: () => "It mentions too many people. Please split it into several messages.",
	too_many_conversations: () => "You, or somebody whom you have chosen, cannot be in any more conversations.",
	too_many_members: () => "A group cannot have that many people.",
	text_too_long: () => "It is too long. Please split it into several messages.",
	forbidden: () => "Only the owner and the admins may do this.",
	not_a_member: () => "It was deleted, or you are not a member.",
	user_not_found: () => "This person was not found.",
	unavailable: () => "The server does not work at the moment. Please try again soon.",
	invalid_body: ({ field, message }) => (field in LABELS ? `${LABELS[field]} ${LABEL_RULE}` : closed(message)),
};

// Returns the sentence for the user. An error without a sentence of the page's own has the server's
// sentence.
export const sentence = (problem) => SENTENCES[problem.code]?.(problem) ?? closed(problem.message);

// Returns the mistake in a name, or nothing. The server has the same rule.
export const nameProblem = (name) => (/^[a-z0-9_][a-z0-9_.-]{0,30}[a-z0-9_]$/.test(name) && /[a-z0-9]/.test(name) ? undefined : NAME_RULE);

const closed = (text) => (text.charAt(0).toUpperCase() + text.slice(1)).replace(/([^.!?])$/, "$1.");

function waiting(seconds) {
	if (!(seconds > 1)) return "a moment";
	return seconds > 90 ? `${Math.ceil(seconds / 60)} minutes` : `${Math.ceil(seconds)} seconds`;
}
