-- The shard of a pair: fixed for ever, the same for both orders, and spread evenly.
-- SPDX-License-Identifier: MIT
do $$
begin
	perform same(
		array[shard_direct(1, 2), shard_direct(385541460746707353, 385541461255524882), shard_direct(9223372036854775807, 1)],
		array[118, 428, 253],
		'fixed'
	);
	perform same(shard_direct(7, 5), shard_direct(5, 7), 'both orders');
	perform same(
		(select row(min(s.shard), max(s.shard), count(distinct s.shard) > 1000)::text
			from (select shard_direct(n, n % 97 + 100000) as shard from generate_series(1, 20000) n) s),
		'(0,1023,t)',
		'spread'
	);
end
$$;
