-- The people and conversations of the benchmarks, set-based: their ids are computed, so that a load
-- generator can compute them too.
-- SPDX-License-Identifier: MIT
--
-- send:  10,000 users, 1,000 groups of 10.   user 1000000 + n, conversation 10000000 + (n - 1) / 10
-- inbox:  6,000 users, 6,000 groups of 10, each user in 10.
--         users 2000000 + n, conversations 20000000 + n
-- shared: as many users, in tens of groups of 100: users 4000000 + n, conversations 60000000 + n /
-- 100 * 10 and the nine after it
-- group: 5,001 users; the group 30000000 + size has the first `size` of users 3000000 + n. The last
-- of them is its owner.
-- beside: groups as those, of other people: the group 35000000 + size has the first `size` of users
-- 5000000 + n. device of a user: 500000000 + user.

set client_min_messages = warning;

create or replace function pg_temp.people(in_first bigint, in_count int) returns void language sql as $$
	insert into users (id, name, display_name)
	select in_first + n, 'bench' || (in_first + n), 'Bench ' || (in_first + n)
	from generate_series(1, in_count) n
	on conflict do nothing;

	insert into devices (id, user_id, name)
	select 500000000 + in_first + n, in_first + n, 'bench'
	from generate_series(1, in_count) n
	on conflict do nothing;
$$;

create temporary table wanted (conversation_id bigint, user_id bigint, owner boolean);

insert into wanted
select 10000000 + (n - 1) / 10, 1000000 + n, n % 10 = 0
from generate_series(1, 10000) n;

insert into wanted
select 20000000 + (n / 100) * 100 + (n + k) % 100, 2000001 + n, k = 9
from generate_series(0, :inbox - 1) n, generate_series(0, 9) k;

insert into wanted
select 60000000 + n / 100 * 10 + k, 4000001 + n, n % 100 = 0
from generate_series(0, :inbox - 1) n, generate_series(0, 9) k;

insert into wanted
select 30000000 + size, 3000000 + n, n = size
from unnest(array[1001, 5001]) size, generate_series(1, size) n;

insert into wanted
select 35000000 + size, 5000000 + n, n = size
from unnest(array[1001, 5001]) size, generate_series(1, size) n;

select pg_temp.people(1000000, 10000), pg_temp.people(5000000, 5001), pg_temp.people(2000000, :inbox), pg_temp.people(3000000, 5001), pg_temp.people(4000000, :inbox) \g /dev/null

insert into conversations (id, created_by, created_at, kind, history, title, member_count, last_seq, last_id)
select conversation_id, min(user_id) filter (where owner), now(), 'group', 'full', 'Bench ' || conversation_id, count(*), 1, id_at(now())
from wanted
group by conversation_id;

insert into changes (conversation_id, id, seq, actor_id, type, data)
select id, last_id, 1, created_by, 'conversation.created', json_build_object('id', id::text)
from conversations
where id between 10000000 and 39999999 or id between 60000000 and 69999999;

insert into members (conversation_id, user_id, joined_id, joined_seq, delivered_id, read_id, role)
select w.conversation_id, w.user_id, c.last_id, 1, c.last_id, c.last_id, case when w.owner then 'owner' else 'member' end
from wanted w join conversations c on c.id = w.conversation_id;

analyze users, devices, conversations, members, changes;
