-- A cursor delivers all events below its base and up to the ids that it lists: to the last event at
-- most, and for former members to the end of their membership.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_bob bigint := person('bob');
	v_carol bigint := person('carol');
	v_room bigint := group_of(v_alice, array[v_bob, v_carol]);
	v_hall bigint := group_of(v_alice, array[v_bob, v_carol]);
	v_left bigint := group_of(v_alice, array[v_bob]);
	v_one bigint := send(v_room, v_alice);
	v_two bigint := send(v_hall, v_alice);
	v_three bigint := send(v_room, v_alice);
	v_four bigint := send(v_hall, v_alice);
	v_notifications text[];
begin
	-- bob: all below two, and in the hall up to two; carol: everything
	v_notifications := notifications(format(
		'receipts_deliver(%L, %L, %L, %L, %L, null)',
		array[v_bob, v_carol], array[v_two, 9223372036854775807],
		array[v_bob, v_bob], array[v_hall, 1], array[v_two, 9223372036854775807]
	));
	perform same((marks(v_room, v_bob)).delivered, v_two - 1, 'the room, below the base');
	perform same((marks(v_hall, v_bob)).delivered, v_two, 'the hall, as listed');
	perform same((marks(v_hall, v_carol)).delivered, v_four, 'to the end');
	perform same((marks(v_hall, v_carol)).read, 0::bigint, 'nothing is read by that');
	perform same(
		(select array_agg(r order by r) from unnest(v_notifications) r),
		(select array_agg(r order by r) from unnest(array[
			format('c:%s r %s %s 0', v_room, v_bob, v_two - 1),
			format('c:%s r %s %s 0', v_hall, v_bob, v_two),
			format('c:%s r %s %s 0', v_room, v_carol, v_three),
			format('c:%s r %s %s 0', v_hall, v_carol, v_four)
		]) r),
		'notifications'
	);
	perform same(notifications(format('receipts_deliver(%L, %L, null, null, null, null)', array[v_bob], array[1])), null, 'backwards');
	perform same(notifications(format('receipts_deliver(%L, %L, null, null, null, null)', array[v_bob], array[null::bigint])), null, 'no base');
	perform same((marks(v_room, v_bob)).delivered, v_two - 1, 'where it was');
	perform same(notifications('receipts_deliver(array[1], array[5], null, null, null, null)'), null, 'nobody');
	perform same(notifications('receipts_deliver(null, null, null, null, null, null)'), null, 'nothing');

	perform member_remove(v_left, v_bob, v_bob);
	perform send(v_left, v_alice);
	perform receipts_deliver(array[v_bob], array[v_one], array[v_bob, v_carol], array[v_left, v_left], array[v_two, 9223372036854775807], null);
	perform same((select f.delivered_id from former_members f where f.user_id = v_bob), v_two, 'an ended membership, as listed');
	perform receipts_deliver(array[v_bob], array[v_one], null, null, null, null);
	perform same((select f.delivered_id from former_members f where f.user_id = v_bob), v_two, 'an ended membership, backwards');
	perform receipts_deliver(array[v_bob], array[9223372036854775807], null, null, null, null);
	perform same(
		(select row(f.delivered_id = f.left_id, f.left_id < test.last_id(v_left))::text from former_members f where f.user_id = v_bob),
		'(t,t)',
		'an ended membership'
	);
	-- of a listed user only the conversations that are listed are looked at
	update members set delivered_id = 0, read_id = 0 where conversation_id in (v_room, v_hall) and user_id in (v_bob, v_carol);
	perform receipts_deliver(
		array[v_bob, v_carol], array[9223372036854775807, 9223372036854775807], array[v_bob], array[v_hall], array[v_four], array[v_bob]
	);
	perform same((marks(v_hall, v_bob)).delivered, v_four, 'listed');
	perform same((marks(v_room, v_bob)).delivered, 0::bigint, 'not listed');
	perform same((marks(v_room, v_carol)).delivered, v_three, 'of another user');
	perform whole();
end
$$;
