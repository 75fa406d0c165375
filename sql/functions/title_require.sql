-- Checks the title of a group.
-- Returns: the title in Unicode's form NFC.
-- Raises: invalid_body (label_require).
-- SPDX-License-Identifier: MIT
create function title_require(in_title text)
returns text
language sql
stable
as $$
	select label_require(in_title, 256, 'title', 'a title')
$$;
