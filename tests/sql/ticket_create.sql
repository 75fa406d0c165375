-- A ticket is kept until it expires, and expired ones are deleted.
-- SPDX-License-Identifier: MIT
do $$
begin
	perform ticket_create(hash(1), 5, 6, -60);
	perform ticket_create(hash(2), 5, 6, 30);
	perform same((select array_agg(hash) from tickets), array[hash(2)], 'tickets');
	perform same((select expires_at > now() + interval '29 seconds' from tickets), true, 'expiry');
end
$$;
