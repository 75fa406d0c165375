-- Refuses a refresh token that its device does not know. Only a function of version 1 that was
-- running during the load tries it.
-- Raises: serialization_failure, on which the programs repeat the call. The repeated call finds the
--   new function.
-- SPDX-License-Identifier: MIT
create function refresh_tokens_guard()
returns trigger
language plpgsql
as $$
begin
	if tg_op = 'UPDATE' or not exists (select from devices d where d.id = new.device_id and d.refresh_hash = new.hash) then
		raise exception 'the rules were replaced during this call' using errcode = 'serialization_failure';
	end if;
	return new;
end
$$;
