-- How far a message has come, as its sender sees it: the end of the message's JSON. of: the other members who were there when it was sent.
-- SPDX-License-Identifier: MIT
create function receipts_json(in_delivered integer, in_read integer, in_of integer)
returns text
language sql
stable parallel safe
as $$
	select ',"status":"' || case
			when in_of = 0 then 'sent'
			when in_read = in_of then 'read'
			when in_delivered = in_of then 'delivered'
			else 'sent'
		end || '","receipts":{"delivered":' || in_delivered || ',"read":' || in_read || ',"of":' || in_of || '}'
$$;
