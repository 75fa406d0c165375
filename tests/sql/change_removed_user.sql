-- The user whom each type of change removes.
-- SPDX-License-Identifier: MIT
do $$
begin
	perform same(change_removed_user('member.removed', 5), '5', 'a removed member');
	perform same(change_removed_user('conversation.deleted', null), '*', 'all');
	perform same(change_removed_user('member.updated', 5), '0', 'nobody');
end
$$;
