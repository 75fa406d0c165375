# The hooks of a file whose server own_stack starts in setup_file. A file loads this first, and may
# replace each hook.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash

load stack

setup() { load_helpers; }
teardown() { streams_end; }
teardown_file() { own_stack_end; }

# Loads the helpers. They need the settings of the server, so a test loads them, not its file.
load_helpers() { load ../support/helpers && load ../support/streams; }
