-- A header, then the conversations that one is in.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_phone bigint := device_create(v_alice, 'phone', hash(9), 60);
	v_bob bigint := person('bob');
	v_group bigint;
	v_gone bigint := group_of(v_alice);
	v_left bigint := group_of(v_bob, array[v_alice]);
begin
	perform conversation_delete(v_gone, v_alice), member_remove(v_left, v_alice, v_alice), group_of(v_bob);
	perform same((select array_agg(row(o.status, o.conversation_id)::text) from stream_open(v_alice, v_phone) o), array['(ok,)'], 'no conversation');
	v_group := group_of(v_alice, array[v_bob]);
	perform same(
		(select array_agg(row(o.status, o.conversation_id, o.last_seq, o.last_id, o.member_count)::text) from stream_open(v_alice, v_phone) o),
		array['(ok,,,,)', row('ok', v_group, 1, test.last_id(v_group), 2)::text],
		'one'
	);
	perform same((select array_agg(status) from stream_open(v_bob, v_phone)), array['device_revoked'], 'the device of somebody else');
	perform device_end(v_phone);
	perform same((select array_agg(status) from stream_open(v_alice, v_phone)), array['device_revoked'], 'signed out');
	perform same((select array_agg(status) from stream_open(1, v_phone)), array['user_not_found'], 'nobody');
end
$$;
