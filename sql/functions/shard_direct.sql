-- Returns the virtual shard, 0 to 1023, of the direct conversation of two users. The result is the
-- same for both orders, on every server and at any time.
-- SPDX-License-Identifier: MIT
create function shard_direct(in_user bigint, in_other bigint)
returns integer
language sql
immutable parallel safe
as $$
	select (get_byte(h.hash, 0) << 8 | get_byte(h.hash, 1)) & 1023
	from sha256(int8send(least(in_user, in_other)) || int8send(greatest(in_user, in_other))) as h (hash)
$$;
