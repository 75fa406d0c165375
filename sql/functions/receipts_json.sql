-- Returns the receipts of a message for its sender: the end of the message's JSON.
-- in_of: the number of other members who were present when it was sent.
-- When all of them have left, the status is the furthest that one of them had reached. So the
-- status does not go back (P5).
-- SPDX-License-Identifier: MIT
create function receipts_json(in_conversation bigint, in_message bigint, in_delivered integer, in_read integer, in_of integer)
returns text
language sql
stable parallel safe
as $$
	select ',"status":"' || case
			when in_of = 0 then receipts_left(in_conversation, in_message)
			when in_read = in_of then 'read'
			when in_delivered = in_of then 'delivered'
			else 'sent'
		end || '","receipts":{"delivered":' || in_delivered || ',"read":' || in_read || ',"of":' || in_of || '}'
$$;
