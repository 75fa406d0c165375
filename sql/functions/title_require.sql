-- Makes sure that a group can be called this.
-- Raises: invalid_body.
-- SPDX-License-Identifier: MIT
create function title_require(in_title text)
returns void
language plpgsql
stable
as $$
begin
	if in_title is null or octet_length(in_title) not between 1 and 256 then
		perform fail('invalid_body', 'a title has 1 to 256 bytes', 'title');
	end if;
end
$$;
