-- What was given is taken back to the bit, with the message if it was stored; with and without messages before.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_group bigint := group_of(v_alice);
	v_before conversations;
	v_after conversations;
begin
	for i in 1..2 loop
		v_before := (select c from conversations c where c.id = v_group);
		perform send(v_group, v_alice);
		perform conversation_rewind(v_group, test.last_id(v_group));
		v_after := (select c from conversations c where c.id = v_group);
		perform same(v_after::text, v_before::text, 'the conversation, time ' || i);
		perform same((select count(*) from messages where conversation_id = v_group), (i - 1)::bigint, 'messages, time ' || i);
		perform send(v_group, v_alice);
		perform member_role(v_group, v_alice, v_alice, 'owner');
	end loop;
end
$$;
