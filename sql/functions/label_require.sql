-- Checks that a display name, a title or the name of a device can be shown.
-- in_field: the field of the body.
-- in_what: the field's name in words.
-- Returns: the text in Unicode's form NFC, so that texts that look the same are the same.
-- Raises: invalid_body (1 to in_most bytes; no control characters, line breaks or direction marks;
--   at least one visible character).
-- SPDX-License-Identifier: MIT
create function label_require(in_text text, in_most integer, in_field text, in_what text)
returns text
language plpgsql
stable
as $$
declare
	v_text text := normalize(in_text, nfc);
begin
	if v_text is null or octet_length(v_text) not between 1 and in_most then
		perform fail('invalid_body', format('%s has 1 to %s bytes', in_what, in_most), in_field);
	end if;
	-- C0 and C1; marks, embeddings, overrides and isolates of direction; separators of lines;
	-- interlinear annotations
	if v_text ~ '[\u0001-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb]' then
		perform fail('invalid_body', in_what || ' has no control characters and no marks of direction', in_field);
	end if;
	-- spaces, fillers, joiners, selectors of variants and tags show nothing
	if v_text !~ '[^\u0020\u00a0\u00ad\u034f\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200d\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]' then
		perform fail('invalid_body', in_what || ' has at least one visible character', in_field);
	end if;
	return v_text;
end
$$;
