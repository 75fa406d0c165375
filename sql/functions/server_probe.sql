-- Runs a statement that may write but deletes no row. A database that is read-only, or has lost the
-- language of the functions, refuses it.
-- Writes: tickets.
-- SPDX-License-Identifier: MIT
create function server_probe()
returns void
language plpgsql
volatile
as $$
begin
	delete from tickets t where t.expires_at < 'epoch';
end
$$;
