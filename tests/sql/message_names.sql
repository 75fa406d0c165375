-- Texts that mention a user, and texts that do not.
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
			('ask @bob.', '{bob}'),
			('@bob... @carol-- @a.b.', '{a.b,bob,carol}'),
			('@.. @-- @b.', null),
			('@' || repeat('x', 33), null),
			('@' || repeat('x', 32) || '.', format('{%s}', repeat('x', 32))),
			('@bob @bob', '{bob}'),
			('me@bob.example', null),
			('@@bob', null),
			('@b', null),
			('nobody', null),
			('a@b @carol', '{carol}'),
			('é@bob', '{bob}'),
			(repeat('a@b ', 999) || '@bob @eve', '{bob}')
		) as t (text, names)
	loop
		perform same((select array_agg(n.name order by n.name) from message_names(v_row.text) n), v_row.names::text[], v_row.text);
	end loop;
end
$$;
