-- The JSON has the shape of conversation_json, and nothing from after the end of the membership.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_alice bigint := person('alice');
	v_group bigint := group_of(v_alice);
	v_past json;
begin
	perform conversation_update(v_group, v_alice, 'secret');
	v_past := (select conversation_past_json(c, 7, 70) from conversations c where c.id = v_group);
	perform same(
		(select string_agg(k, ' ' order by k) from json_object_keys(v_past) k),
		(select string_agg(k, ' ' order by k) from json_object_keys(conversation_get(v_group, v_alice)) k where k <> 'title'),
		'keys'
	);
	perform same(array[v_past ->> 'last_seq', v_past ->> 'last_id', v_past ->> 'activity_id', v_past ->> 'created_by'], array['7', '70', '70', v_alice::text], 'values');
end
$$;
