-- All users exist, or the first missing one is reported.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_two bigint[] := array[person('alice'), person('bob')];
begin
	perform user_require(v_two);
	perform user_require('{}');
	perform refused('select user_require(array[1])', 'user_not_found');
	perform refused('select user_require(array[null::bigint])', 'user_not_found');
end
$$;
