-- Events of version 1 have no transaction, those of version 2 have; there is one incarnation, which
-- cursors of version 1 belong to.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_id bigint;
begin
	perform same((select xact from messages where conversation_id = 7801 and id = 7803), null::xid8, 'of version 1');
	perform same((select count(*) from incarnations), 1::bigint, 'incarnations');
	perform same(cursor_reset(0, 7000, 7000, 7000, array[7801], array[7803::bigint]), null, 'a cursor of version 1');
	perform same((select string_agg(e.seq::text, ',') from sync_events(7802, 0, null, null, array[9000::bigint], array[1::bigint], array['1:1:'], null, null, null, 10, 1048576) e), null, 'rows of version 1 are seen by each snapshot');
	v_id := send(7801, 7802);
	perform same((select xact from messages where conversation_id = 7801 and id = v_id), pg_current_xact_id(), 'of version 2');
end
$$;
