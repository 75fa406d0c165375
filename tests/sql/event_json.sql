-- An event is compact JSON with its keys in the order that streams rely on: data is the last.
-- SPDX-License-Identifier: MIT
do $$
begin
	perform same(
		event_json('a.b', 5, id_at('2026-11-24 03:21:06.123+00'), 9, '{"x":1}'),
		'{"type":"a.b","conversation_id":"5","seq":9,"time":"2026-11-24T03:21:06.123Z","data":{"x":1}}',
		'event'
	);
end
$$;
