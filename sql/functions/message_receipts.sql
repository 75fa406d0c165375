-- Lists the receipts of a message, by user id, after in_after. They are those of the other members
-- who were present when the message was sent.
-- Returns: {"receipts":[{user_id,delivered,read}],"has_more":…}
-- Raises: not_a_member, message_not_found.
-- SPDX-License-Identifier: MIT
create function message_receipts(
	in_conversation bigint,
	in_user bigint,
	in_message bigint,
	in_after bigint,
	in_limit integer
)
returns json
language plpgsql
stable
as $$
declare
	v_visible_id bigint;
	v_sender bigint;
	v_body json;
begin
	select r.visible_id into v_visible_id from member_require(in_conversation, in_user) r;

	select m.sender_id into v_sender
	from messages m
	where m.conversation_id = in_conversation
		and m.id = in_message
		and m.id >= v_visible_id;
	if not found then
		perform fail('message_not_found', 'there is no such message in this conversation');
	end if;

	with page as (
		select m.user_id, m.delivered_id, m.read_id, row_number() over (order by m.user_id) as place
		from members m
		where m.conversation_id = in_conversation
			and m.user_id > coalesce(in_after, 0)
			and m.user_id <> v_sender
			and m.joined_id < in_message
		order by m.user_id
		limit in_limit + 1
	)
	select concat(
		'{"receipts":[', string_agg(concat(
			'{"user_id":"', p.user_id,
			'","delivered":', to_json(p.delivered_id >= in_message),
			',"read":', to_json(p.read_id >= in_message), '}'
		), ',' order by p.user_id) filter (where p.place <= in_limit),
		'],"has_more":', to_json(count(*) > in_limit), '}'
	)
	into v_body
	from page p;
	return v_body;
end
$$;
