-- A title has 1 to 256 octets.
-- SPDX-License-Identifier: MIT
do $$
begin
	perform title_require(repeat('é', 128));
	perform same(title_require(E'e\u0301'), 'é', 'NFC');
	perform refused($q$select title_require(E'a\nb')$q$, 'invalid_body');
	perform refused('select title_require(null)', 'invalid_body');
	perform refused($q$select title_require('')$q$, 'invalid_body');
	perform refused($q$select title_require(repeat('é', 129))$q$, 'invalid_body');
end
$$;
