-- Last events of conversations, deleted ones too.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_group bigint := group_of(v_alice);
	v_gone bigint := group_of(v_alice);
begin
	perform conversation_delete(v_gone, v_alice);
	perform same(
		(select array_agg(row(h.conversation_id, h.last_seq, h.last_id, h.member_count)::text order by h.conversation_id) from sweep_heads(array[v_gone, v_group, 1]) h),
		array[row(v_group, 1, test.last_id(v_group), 1)::text, row(v_gone, 2, test.last_id(v_gone), 0)::text],
		'heads'
	);
end
$$;
