# Options of the sanitizers: a finding writes a report to the part's log, and ends the process.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
export ASAN_OPTIONS=detect_leaks=1:halt_on_error=1:abort_on_error=0:exitcode=99:strict_string_checks=1:detect_stack_use_after_return=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
