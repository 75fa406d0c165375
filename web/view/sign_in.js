// The form of a user who is not signed in: sign in, or create an account.
// SPDX-License-Identifier: MIT
import { find, setMessage, setText } from "./dom.js";
import { nameProblem, sentence } from "./problems.js";

const SHOWN_BYTES = 128;   // of a display name, by the limit of the server

const FACES = {
	in: { title: "Sign in", question: "New here?", other: "Create an account", password: "current-password" },
	new: { title: "Create an account", question: "Already have one?", other: "Sign in", password: "new-password" },
};

// The fields of errors that do not name one.
const FIELDS = { invalid_credentials: "password", invalid_name: "name", name_taken: "name" };

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

	// Shows an error at its field.
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
		const shown = form.elements.display_name.value.trim();
		if (face === "new" && nameProblem(name)) return refuse(nameProblem(name), "name");
		if (face === "new" && new TextEncoder().encode(shown).length > SHOWN_BYTES) return refuse("The name that others see is too long.", "display_name");
		if (face === "new" && password.length < 8) return refuse("A password has at least 8 characters.", "password");
		if (!password) return refuse("Please enter your password.", "password");
		find("sign-in-button").disabled = true;
		try {
			if (face === "in") await api.login(name, password);
			else await api.register(name, password, shown);
			form.reset();
			show("in");
			onDone();
		} catch (problem) {
			refuse(sentence(problem), FIELDS[problem.code] ?? problem.field);
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
	// A server may have closed its registration. When it does not answer, the form stays, and
	// the server refuses.
	api.server().then(({ registration }) => (find("sign-in-switch").parentElement.hidden = registration === "closed"), () => {});
}
