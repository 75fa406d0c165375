-- Checks whether a cursor can be resumed.
-- in_incarnation: the incarnation in the cursor; 0 in one of version 1, which is of the first.
-- in_horizon: the greatest horizon in the cursor: its base, or the end of its pass.
-- in_reach: all that the cursor covers is below this id, except what its exceptions name. It may be
--   beyond the clock, as events may (clock_recover).
-- in_conversations, in_ids: its exceptions.
-- Writes: as incarnation_check.
-- Returns: null when it can; ahead (it covers, or may cover, events that this database does not
--   have); expired (events after it may have been removed).
--
-- A cursor of an earlier incarnation is resumed when the database is proven to have all that it
-- covers:
-- (1) its reach is not above the horizon that the next incarnation found in its log: the commits of
--     all events below that stand before it in the log;
-- (2) each exception is an event that exists: in a conversation the order of ids is that of
--     commits, so all before it exist too.
-- SPDX-License-Identifier: MIT
create function cursor_reset(
	in_incarnation bigint,
	in_base bigint,
	in_horizon bigint,
	in_reach bigint,
	in_conversations bigint[],
	in_ids bigint[]
)
returns text
language plpgsql
volatile
as $$
declare
	v_number integer := case in_incarnation when 0 then 1 else (select i.number from incarnations i where i.id = in_incarnation) end;
	v_reset text;
	v_next record;
begin
	perform incarnation_check();
	select case when in_horizon > r.to_id then 'ahead' else sync_reset(in_base, r.from_id, r.to_id) end
	into v_reset
	from sync_range() r;
	if v_reset is not null then
		return v_reset;
	end if;
	if v_number is null then
		return 'ahead';
	end if;

	select min(i.reached_id) as reached_id, bool_or(i.renewed) as renewed
	into v_next
	from incarnations i
	where i.number > v_number;
	if v_next.reached_id is null then
		return null;
	end if;
	if v_next.renewed or in_reach > v_next.reached_id then
		return 'ahead';
	end if;
	perform
	from unnest(in_conversations, in_ids) as e (conversation_id, id)
	where not exists (select from messages m where m.conversation_id = e.conversation_id and m.id = e.id)
		and not exists (select from changes g where g.conversation_id = e.conversation_id and g.id = e.id);
	return case when found then 'ahead' end;
end
$$;
