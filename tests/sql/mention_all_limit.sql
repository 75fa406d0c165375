-- The same as LIMIT_MENTION_ALL_MEMBERS of lib/base/limits.h.
-- SPDX-License-Identifier: MIT
select same(mention_all_limit(), 30, 'mention_all_limit') \g /dev/null
