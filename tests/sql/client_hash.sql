-- Different client_ids have different hashes, and the same one always has the same.
-- SPDX-License-Identifier: MIT
do $$
begin
	perform same(client_hash('a'), client_hash('a'), 'the same');
	perform same((select count(distinct client_hash(n::text)) from generate_series(1, 10000) n), 10000::bigint, 'another');
	perform same(client_hash(null), null, 'none');
end
$$;
