-- The status is the least that all others have reached.
-- SPDX-License-Identifier: MIT
do $$
begin
	perform same(receipts_json(1, 1, 0, 0, 0), ',"status":"sent","receipts":{"delivered":0,"read":0,"of":0}', 'nobody else');
	perform same(receipts_json(1, 1, 1, 1, 2), ',"status":"sent","receipts":{"delivered":1,"read":1,"of":2}', 'one of two');
	perform same(receipts_json(1, 1, 2, 1, 2)::text like '%"delivered",%', true, 'all have it');
	perform same(receipts_json(1, 1, 2, 2, 2)::text like '%"read",%', true, 'all have read it');
end
$$;
