-- Refuses a call for the caller's mistake. The api replies with the error of this code.
-- Raises: always, SQLSTATE BN000; message = the code, detail = a sentence for people, column = the
--   wrong field of the body, if there is one.
-- SPDX-License-Identifier: MIT
create function fail(in_code text, in_detail text, in_field text default '')
returns void
language plpgsql
as $$
begin
	raise exception using
		errcode = 'BN000',
		message = in_code,
		detail = in_detail,
		column = in_field;
end
$$;
