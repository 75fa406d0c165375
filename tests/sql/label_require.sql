-- Visible labels are accepted, and invisible ones refused.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_text text;
begin
	foreach v_text in array array['A', '漢字', '🙂', 'Zoë O''Neil', 'سارا', E'می\u200cخواهم', E'\U0001f468\u200d\U0001f469', ' a ', '-', '..'] loop
		perform same(label_require(v_text, 128, 'name', 'a name'), v_text, v_text);
	end loop;
	perform same(label_require(E'e\u0301', 2, 'name', 'a name'), 'é', 'NFC');
	foreach v_text in array array[
		'', ' ', E'\t', E'a\nb', E'a\u0007', E'a\u0085', E'\u202etxt.exe', E'a\u200f', E'\u2066a\u2069', E'\u00a0\u3000', E'\u200b', E'\u2060\ufeff', E'\u3164', E'\u2800',
		E'\ufe0f', E'\U000e0041', repeat('x', 129), repeat('é', 65)
	] loop
		perform refused(format('select label_require(%L, 128, %L, %L)', v_text, 'name', 'a name'), 'invalid_body');
	end loop;
	perform refused($q$select label_require(null, 128, 'name', 'a name')$q$, 'invalid_body');
end
$$;
