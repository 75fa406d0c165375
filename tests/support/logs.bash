# The check of a server's logs: which lines fail a run, and which a test has caused on purpose.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154

# log_begin, log_expect PATTERN: exempts lines from the check of logs that match PATTERN and that
# api or push logs between the two calls, or within 5 s after them. The test causes these lines on
# purpose.
log_time() { date -u -d "$1" +time=%FT%T.%3NZ; }
log_begin() { log_time now >"$BATS_FILE_TMPDIR/log_begin"; }
log_expect() { echo "$(<"$BATS_FILE_TMPDIR/log_begin") $(log_time '5 seconds') $1" >>"$BANTER_STATE/run/log_expected"; }

# logs_good: fails, and prints the lines, when the logs have lines that must not be there.
logs_good() {
	local found
	found=$(logs_check)
	[ -n "$found" ] || return 0
	echo "the logs in $BANTER_STATE/log have lines that must not be there:"
	echo "$found"
	return 1
}

# Prints every line that must not be in a log. Such lines are reports of the sanitizers, failed
# assertions and crashes. Warnings and errors are, too, unless tests/support/log_allowed lists them,
# or a test caused them on purpose (log_expect). BANTER_LOG_CHECK=crashes prints only the first
# kind, for suites that break things on purpose.
logs_check() {
	local crashes='Sanitizer|runtime error:|Assertion|assert|stack smashing|buffer overflow detected|double free|SIGSEGV|signal 11'
	grep -HE "$crashes" "$BANTER_STATE"/log/*.log | head -n 100
	if [ "${BANTER_LOG_CHECK:-all}" = crashes ]; then return; fi
	grep -HE ' level=(warn|error) |"level":"(warn|error)"' "$BANTER_STATE"/log/{api,push}*.log |
		grep -vEf <(grep -v '^#' "${BASH_SOURCE%/*}/log_allowed") | logs_unexpected | head -n 100
	grep -HE '(ERROR|FATAL|PANIC|WARNING):' "$BANTER_STATE"/log/postgres.log |
		grep -vEf <(grep -v '^#' "${BASH_SOURCE%/*}/log_allowed") | head -n 100
}

# Prints the lines of its input that no test expects. log_expected has lines `BEGIN END PATTERN`.
logs_unexpected() {
	awk -v list="$BANTER_STATE/run/log_expected" '
		BEGIN {
			while ((getline line <list) > 0) {
				n++
				split(line, field, " ")
				begin[n] = field[1]; end[n] = field[2]
				pattern[n] = substr(line, length(field[1] field[2]) + 3)
			}
		}
		match($0, /time=[^ ]+/) {
			time = substr($0, RSTART, RLENGTH)
			for (i = 1; i <= n; i++)
				if (time >= begin[i] && time <= end[i] && $0 ~ pattern[i])
					next
		}
		{ print }'
}
