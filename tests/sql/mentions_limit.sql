-- The same as LIMIT_MENTIONS of lib/base/limits.h.
-- SPDX-License-Identifier: MIT
select same(mentions_limit(), 50, 'mentions_limit') \g /dev/null
