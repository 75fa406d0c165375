-- A change is stored as it is published.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_group bigint := group_of(person('alice'));
	v_notification text := change_append(v_group, 77, 2, 'member.removed', 1, 5, '{"user_id":"5","x":null}');
begin
	perform same(
		v_notification,
		E'e 77 2 5\n' || event_json('member.removed', v_group, 77, 2, '{"user_id":"5","x":null}'),
		'announced'
	);
	perform same((select array[actor_id, user_id, seq] from changes where id = 77), array[1, 5, 2]::bigint[], 'kept');
	perform same((select data::text from changes where id = 77), '{"user_id":"5","x":null}', 'byte for byte');
end
$$;
