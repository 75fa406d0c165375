-- The low 10 bits of a conversation's id are its virtual shard: that of the pair, or any for a
-- group. Ids are unique.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_direct bigint := direct(v_alice, v_bob);
	v_groups bigint[];
begin
	perform same(conversation_id_new(1023) & 1023, 1023::bigint, 'as asked');
	perform same(v_direct & 1023, shard_direct(v_bob, v_alice)::bigint, 'of the pair');
	perform same(abs(extract(epoch from id_time(v_direct) - clock_timestamp())) < 60, true, 'of now');

	v_groups := array(select group_of(v_alice) from generate_series(1, 200));
	perform same((select count(distinct g & 1023) > 100 from unnest(v_groups) g), true, 'groups are spread');

	-- many of one shard at once: the clock is slower than the calls
	for i in 1..2000 loop
		insert into conversations (id, kind, history, created_by)
		values (conversation_id_new(5), 'group', 'full', v_alice);
	end loop;
	perform same((select count(*) from conversations c where c.id & 1023 = 5 and c.title is null and c.kind = 'group'), 2000::bigint, 'each once');
end
$$;
