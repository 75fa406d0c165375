# Ports for the servers of tests.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash

# free_port: prints an unused port, below the ports that the kernel assigns to clients.
free_port() {
	local port
	while :; do
		port=$((10000 + RANDOM % 22000))
		(: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
	done
	echo $port
}
