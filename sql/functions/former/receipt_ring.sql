-- Serves functions of version 1 that run while load.sql replaces them. See receipt_notification.
-- SPDX-License-Identifier: MIT
create function receipt_ring(in_members integer, in_user bigint, in_delivered bigint, in_read bigint)
returns text
language sql
stable parallel safe
as $$
	select receipt_notification(in_members, in_user, in_delivered, in_read)
$$;
