-- It changes nothing, and is refused by a read-only database.
-- SPDX-License-Identifier: MIT
do $$
begin
	perform ticket_create(hash(1), person('alice'), 1, 60);
	perform server_probe();
	perform same((select count(*) from tickets), 1::bigint, 'unchanged');
	set local transaction_read_only = on;
	perform refused('select server_probe()', '25006');
end
$$;
