-- Refuses to end a membership in members. Only a function of version 1 that was running during the
-- load tries it.
-- Raises: serialization_failure, on which the programs repeat the call. The repeated call finds the
--   new function.
-- SPDX-License-Identifier: MIT
create function members_guard()
returns trigger
language plpgsql
as $$
begin
	raise exception 'the rules were replaced during this call' using errcode = 'serialization_failure';
end
$$;
