-- Checks the signing keys of a host. Each program calls this at its start, with the fingerprints of
-- its keys.
-- The keys of the first host are accepted. A host with one known key adds its others. So a new key
-- becomes known through hosts that also have the old key.
-- Returns: true; false when none of the keys is known.
-- Writes: signing_keys.
-- SPDX-License-Identifier: MIT
create function signing_keys_join(in_fingerprints text[])
returns boolean
language plpgsql
volatile
as $$
begin
	if not exists (select from signing_keys k where k.fingerprint = any (in_fingerprints)) and exists (select from signing_keys) then
		return false;
	end if;

	insert into signing_keys (fingerprint)
	select f
	from unnest(in_fingerprints) f
	where not exists (select from signing_keys k where k.fingerprint = f)
	on conflict do nothing;
	return true;
end
$$;
