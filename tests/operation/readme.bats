# The block of the README for pasting: it works in sh, and in zsh if that is installed.
# SPDX-License-Identifier: MIT

load ../support/helpers

# pasted SHELL: runs the block in this shell, against this server.
pasted() {
	cd "$BATS_TEST_TMPDIR" || return 1
	awk '/^```sh/ { block++; next } /^```/ { inside = 0 } block == 2 && /^url=/ { inside = 1 } inside' "$ROOT/README.md" |
		sed "s|http://127.0.0.1:8080|$URL|; s|date +%s|echo $RANDOM$RANDOM|" >block
	[ "$(wc -l <block)" -gt 20 ]
	run timeout 60 "$@" block
	echo "$output"
	[[ $output != *'not found'* && $output != *'yntax error'* ]]
	[[ $output == *'event: message.created'* || $output == *'"type":"message.created"'* ]]
	grep -qx 200 <<<"$output"
	[[ $output == *'"status": "read"'* ]]
}

@test "README: the block works in dash" { pasted dash -e; }

@test "README: the block works in bash" { pasted bash -e; }

@test "README: the block works in zsh" {
	pasted zsh -e
}
