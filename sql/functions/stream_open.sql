-- What a stream listens to: the conversations that a user is in, and where each of them stands.
-- Returns: a first row with status ok | user_not_found | device_revoked and nothing else; when ok, a row for each conversation. All of one snapshot.
-- Never raises for a caller's mistake.
-- SPDX-License-Identifier: MIT
create function stream_open(in_user bigint, in_device bigint)
returns table (status text, conversation_id bigint, last_seq bigint, last_id bigint, member_count integer)
language plpgsql
stable
as $$
begin
	select case
			when not exists (select from users u where u.id = in_user) then 'user_not_found'
			when not exists (
				select from devices d where d.id = in_device and d.user_id = in_user and d.revoked_at is null
			) then 'device_revoked'
			else 'ok'
		end
	into status;
	return next;
	if status <> 'ok' then
		return;
	end if;

	return query
	select 'ok', c.id, c.last_seq, c.last_id, c.member_count
	from members m
	join conversations c on c.id = m.conversation_id
	where m.user_id = in_user
		and m.left_id is null
		and c.deleted_id is null;
end
$$;
