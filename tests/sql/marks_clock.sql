-- It does not go beyond a transaction that is under way.
-- SPDX-License-Identifier: MIT
do $$
begin
	perform person('alice');
	perform same(marks_clock() <= pg_current_xact_id()::text::bigint, true, 'this transaction is not below it');
end
$$;
