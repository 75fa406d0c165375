-- Users who leave with a change.
-- SPDX-License-Identifier: MIT
do $$
begin
	perform same(change_gone('member.removed', 5), '5', 'a removed member');
	perform same(change_gone('conversation.deleted', null), '*', 'all');
	perform same(change_gone('member.updated', 5), '0', 'nobody');
end
$$;
