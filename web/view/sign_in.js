// The form of somebody who is not signed in: sign in, or create an account.
// SPDX-License-Identifier: MIT
import { find, setMessage, setText } from "./dom.js";

const FACES = {
	in: { title: "Sign in", question: "New here?", other: "Create an account", password: "current-password" },
	new: { title: "Create an account", question: "Already have one?", other: "Sign in", password: "new-password" },
};

// signIn(api, onDone): onDone() once the session is stored.
export function signIn(api, onDone) {
	const form = find("sign-in");
	let face = "in";

	const show = (next) => {
		face = next;
		const { title, question, other, password } = FACES[face];
		form.dataset.face = face;
		setText("sign-in-title", title);
		setText("sign-in-button", title);
		setText("sign-in-question", question);
		setText("sign-in-switch", other);
		find("password").autocomplete = password;
		refuse("");
	};

	// Says what is wrong, at the field that it is about.
	const refuse = (text, field) => {
		setMessage("sign-in-error", text);
		for (const input of form.querySelectorAll("input")) {
			input.ariaInvalid = input.name === field ? "true" : null;
			if (input.name === field) input.focus();
		}
	};

	const submit = async () => {
		const name = form.elements.name.value.trim().toLowerCase();
		const password = form.elements.password.value;
		if (!name) return refuse("Please enter a name.", "name");
		if (face === "new" && !/^[a-z0-9_.-]{2,32}$/.test(name)) return refuse("A name has 2 to 32 of a–z, 0–9, dot, dash and underscore.", "name");
		if (face === "new" && password.length < 8) return refuse("A password has at least 8 characters.", "password");
		if (!password) return refuse("Please enter your password.", "password");
		find("sign-in-button").disabled = true;
		try {
			if (face === "in") await api.login(name, password);
			else await api.register(name, password, form.elements.display_name.value.trim());
			form.reset();
			onDone();
		} catch (problem) {
			refuse(...explain(problem));
		} finally {
			find("sign-in-button").disabled = false;
		}
	};

	form.onsubmit = (event) => {
		event.preventDefault();
		refuse("");
		submit();
	};
	find("sign-in-switch").onclick = () => {
		show(face === "in" ? "new" : "in");
		form.elements.name.focus();
	};
	show(face);
}

function explain(problem) {
	switch (problem.code) {
	case "invalid_credentials": return ["That name and password do not belong together.", "password"];
	case "name_taken": return ["Somebody has this name already.", "name"];
	case "rate_limited":
	case "too_busy": return ["Too many attempts. Please wait a moment."];
	default: return [problem.message, problem.field];
	}
}
