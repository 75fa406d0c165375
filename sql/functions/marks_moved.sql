-- Lists the marks of members in these conversations that may have moved since marks_clock()
-- returned in_since. For null, lists all.
-- PostgreSQL keeps the transaction that wrote a row last. So a row may be listed though its marks
-- are as before.
-- Returns: a row for each such member. For a conversation with more than names_limit() members one
--   row with user 0, when it has such a member.
-- SPDX-License-Identifier: MIT
create function marks_moved(in_conversations bigint[], in_since bigint)
returns table (conversation_id bigint, user_id bigint, delivered_id bigint, read_id bigint)
language sql
stable
as $$
	select c.id, v.user_id, v.delivered_id, v.read_id
	from unnest(in_conversations) as a (id)
	join conversations c on c.id = a.id
	cross join lateral (
		select m.user_id, m.delivered_id, m.read_id
		from members m
		where c.member_count <= names_limit()
			and m.conversation_id = c.id
			and (in_since is null or age(m.xmin) <= age(in_since::text::xid8::xid))
		union all
		select 0, 0, 0
		where c.member_count > names_limit()
			and exists (
				select
				from members m
				where m.conversation_id = c.id
					and (in_since is null or age(m.xmin) <= age(in_since::text::xid8::xid))
			)
	) v
	where c.deleted_id is null
$$;
