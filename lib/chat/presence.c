/* SPDX-License-Identifier: MIT */
/* The Lua scripts of presence. */
#include "lib/chat/presence.h"

/* Lua, as it reads best. */
/* clang-format off */
/*
 * The beginning of every script: the clock, a function that returns a user's status, and one that
 * publishes a status that changed.
 * The published status is the best status in the hash, whether its deadline has passed or not. A
 * device that no sweep has removed was not reported as offline. So its reconnect is not reported
 * either.
 */
#define PREAMBLE                                                                                                   \
	"local prefix = ARGV[1]\n"                                                                                 \
	"local clock = redis.call('TIME')\n"                                                                       \
	"local now = clock[1] * 1000 + math.floor(clock[2] / 1000)\n"                                              \
	"local deadlines = prefix .. 'presence:deadlines'\n"                                                       \
	"local unseen = prefix .. 'presence:unseen'\n"                                                             \
	"local function best_status(user, since)\n"                                                                \
	"  local found = 'offline'\n"                                                                              \
	"  for _, value in ipairs(redis.call('HVALS', prefix .. 'presence:' .. user)) do\n"                        \
	"    local deadline, status = string.match(value, '^(%d+) (%a+)$')\n"                                      \
	"    if tonumber(deadline) > since then\n"                                                                 \
	"      if status == 'online' then return status end\n"                                                     \
	"      found = status\n"                                                                                   \
	"    end\n"                                                                                                \
	"  end\n"                                                                                                  \
	"  return found\n"                                                                                         \
	"end\n"                                                                                                    \
	"local function announce(user, before, time)\n"                                                            \
	"  local status = best_status(user, 0)\n"                                                                  \
	"  if status == before then return false end\n"                                                            \
	"  if status == 'offline' then\n"                                                                          \
	"    redis.call('ZADD', unseen, now, string.format('%s:%d', user, now))\n"                                 \
	"    redis.call('ZREMRANGEBYRANK', unseen, 0, -100001)\n"                                                  \
	"  end\n"                                                                                                  \
	"  redis.call('PUBLISH', prefix .. 'p:' .. user, '{\"type\":\"presence.updated\",\"time\":\"' .. time ..\n" \
	"    '\",\"data\":{\"user_id\":\"' .. user .. '\",\"status\":\"' .. status ..\n"                           \
	"    (status == 'offline' and '\",\"last_seen\":\"' .. time or '') .. '\"}}')\n"                           \
	"  return status\n"                                                                                        \
	"end\n"

const char presence_beat_script[] =
	PREAMBLE
	"local ttl, time, changed = tonumber(ARGV[2]), ARGV[3], 0\n"
	"for i = 4, #ARGV, 3 do\n"
	"  local user, device, status = ARGV[i], ARGV[i + 1], ARGV[i + 2]\n"
	"  local key = prefix .. 'presence:' .. user\n"
	"  local before = best_status(user, 0)\n"
	"  redis.call('HSET', key, device, string.format('%d %s', now + ttl, status))\n"
	"  redis.call('PEXPIRE', key, ttl * 10)\n"
	"  redis.call('ZADD', deadlines, now + ttl, user .. ':' .. device)\n"
	"  if announce(user, before, time) then changed = changed + 1 end\n"
	"end\n"
	"return changed\n";

const char presence_sweep_script[] =
	PREAMBLE
	"for _, member in ipairs(redis.call('ZRANGEBYSCORE', deadlines, '-inf', now, 'LIMIT', 0, ARGV[3])) do\n"
	"  local user, device = string.match(member, '^(%d+):(%d+)$')\n"
	"  local before = best_status(user, 0)\n"
	"  redis.call('ZREM', deadlines, member)\n"
	"  redis.call('HDEL', prefix .. 'presence:' .. user, device)\n"
	"  announce(user, before, ARGV[2])\n"
	"end\n"
	"local due = redis.call('ZRANGEBYSCORE', unseen, '-inf', now, 'LIMIT', 0, ARGV[3])\n"
	"for _, member in ipairs(due) do redis.call('ZADD', unseen, now + 10000, member) end\n"
	"return due\n";

const char presence_remove_script[] =
	PREAMBLE
	"local user, device = ARGV[2], ARGV[3]\n"
	"local before = best_status(user, 0)\n"
	"redis.call('ZREM', deadlines, user .. ':' .. device)\n"
	"redis.call('HDEL', prefix .. 'presence:' .. user, device)\n"
	"return announce(user, before, ARGV[4]) == 'offline' and 1 or 0\n";

const char presence_query_script[] =
	PREAMBLE
	"redis.call('SET', prefix .. 'probe:presence', '1', 'PX', 60000)\n"
	"local found = {}\n"
	"for i = 2, #ARGV do found[i - 1] = best_status(ARGV[i], now) end\n"
	"return found\n";

const char presence_lists_script[] =
	"local prefix, found = ARGV[1], {}\n"
	"for i = 2, #ARGV, 2 do\n"
	"  local device = ARGV[i] .. ':' .. ARGV[i + 1]\n"
	"  found[i / 2] = table.concat(redis.call('SMEMBERS', prefix .. 'watch:' .. device), ' ')\n"
	"  if found[i / 2] == '' and redis.call('EXISTS', prefix .. 'unwatch:' .. device) == 1 then found[i / 2] = '-' end\n"
	"end\n"
	"return found\n";
