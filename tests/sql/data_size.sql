-- Data counts as a client writes it: without the blanks that jsonb shows, but with those in
-- strings.
-- SPDX-License-Identifier: MIT
do $$
begin
	perform same(data_size('{"a": 1, "b": [1, 2, {"c": null}]}'), octet_length('{"a":1,"b":[1,2,{"c":null}]}'), 'blanks between');
	perform same(data_size('{"a b": "c: \"d, e\\\\", "f": " "}'), octet_length('{"a b":"c: \"d, e\\\\","f":" "}'), 'blanks within');
	perform same(data_size('{"ü": "ü"}'), octet_length('{"ü":"ü"}'), 'octets');
	perform same(data_size(null), null, 'none');
end
$$;
