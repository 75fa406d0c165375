-- As conversation_json, for members.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_group bigint := group_of(v_alice);
begin
	perform same(conversation_get(v_group, v_alice)::text, conversation_json(v_group, v_alice), 'the conversation');
	perform refused(format('select conversation_get(%s, %s)', v_group, person('eve')), 'not_a_member');
	perform refused(format('select conversation_get(1, %s)', v_alice), 'not_a_member');
end
$$;
