-- The common fields of a conversation.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_group bigint := group_of(v_alice);
begin
	update conversations set title = '"A"', created_at = '2026-11-24 03:21:06.123+00' where id = v_group;
	perform same(
		(select conversation_fields(c) from conversations c where c.id = v_group),
		format('"id":"%s","kind":"group","title":"\"A\"","history":"full","created_by":"%s","created_at":"2026-11-24T03:21:06.123Z","member_count":1', v_group, v_alice),
		'fields'
	);
	update conversations set title = null where id = v_group;
	perform same((select conversation_fields(c) like '%title%' from conversations c where c.id = v_group), false, 'no title');
end
$$;
