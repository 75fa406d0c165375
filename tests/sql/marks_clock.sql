-- The position is not above a transaction that is still open.
-- SPDX-License-Identifier: MIT
do $$
begin
	perform person('alice');
	perform same(marks_clock() <= pg_current_xact_id()::text::bigint, true, 'this transaction is not below it');
end
$$;
