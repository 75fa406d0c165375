-- What mentions somebody and what does not.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_row record;
begin
	for v_row in
		select t.text, t.names
		from (values
			('hi @bob', '{bob}'),
			('@Bob, @carol!', '{bob,carol}'),
			('(@a.b-c_d)', '{a.b-c_d}'),
			('ask @bob.', '{bob,bob.}'),
			('@bob @bob', '{bob}'),
			('me@bob.example', null),
			('@@bob', null),
			('@b', null),
			('nobody', null)
		) as t (text, names)
	loop
		perform same(message_names(v_row.text), v_row.names::text[], v_row.text);
	end loop;
end
$$;
