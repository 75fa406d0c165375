-- Serves functions of version 1 that run while load.sql replaces them. See change_removed_user.
-- SPDX-License-Identifier: MIT
create function change_gone(in_type text, in_user bigint)
returns text
language sql
immutable parallel safe
as $$
	select change_removed_user(in_type, in_user)
$$;
