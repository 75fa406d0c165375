-- Each event gets the next seq and a larger id, also while the floor holds the clock.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_floor bigint := (select last_value from clock_floor);
	v_group bigint := group_of(person('alice'));
	v_place record;
	v_last bigint;
begin
	perform setval('clock_floor', id_at(clock_timestamp() + interval '1 hour'));
	v_place := conversation_advance(v_group, 3);
	perform same(v_place.seq, 2::bigint, 'seq');
	v_last := v_place.id;
	v_place := conversation_advance(v_group, -1);
	perform same(array[v_place.seq, v_place.id], array[3, v_last + 1], 'the next');
	perform same((select array[last_seq, last_id, member_count] from conversations where id = v_group), array[3, v_place.id, 3], 'kept');
	perform setval('clock_floor', v_floor);
end
$$;
