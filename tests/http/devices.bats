# Devices: the list of a user's sign-ins, and the sign-out of one.
# SPDX-License-Identifier: MIT

setup() { load ../support/helpers; load ../support/streams; }
teardown() { streams_end; }

@test "list: a user's own devices, the last used first, the calling one marked" {
	as alice
	as_device alice phone
	get /v1/devices
	expect 200
	[ "$(json '.devices | length')" = 2 ]
	[ "$(json '.devices[] | select(.current) | .id')" = "$device_id" ]
	[ "$(json '[.devices[] | select(.current)] | length')" = 1 ]
	[ "$(json '[.devices[].last_used_at] | . == (sort | reverse)')" = true ]
	[ "$(json '[.devices[].id] | contains(["'"$(device_of alice)"'"])')" = true ]
}

@test "list: devices of other users are not listed" {
	as alice
	as bob
	get /v1/devices
	[ "$(json '[.devices[].id] | contains(["'"$(device_of alice)"'"])')" = false ]
	as nobody
	get /v1/devices
	expect 401 unauthenticated
}

@test "revoke: the device's access and refresh tokens stop working, and those of other devices work" {
	as carol
	as_device carol phone
	phone=$device_id
	as carol
	delete "/v1/devices/$phone"
	expect 204
	refused() { token="$(token_of carol phone)" && get /v1/me && [ "$reply_status" = 401 ]; }
	wait_until 10 refused
	[ "$(json .code)" = device_revoked ]
	as nobody
	post /v1/auth/refresh "{\"refresh_token\":\"$(refresh_token_of carol phone)\"}"
	expect 401
	as carol
	get /v1/devices
	expect 200
	[ "$(json '[.devices[].id] | contains(["'"$phone"'"])')" = false ]
	delete "/v1/devices/$phone"
	expect 404 device_not_found
}

@test "revoke: a device of another user or an unknown one gets device_not_found" {
	as alice
	as bob
	delete "/v1/devices/$(device_of alice)"
	expect 404 device_not_found
	delete /v1/devices/1
	expect 404 device_not_found
	as alice
	get /v1/me
	expect 200
	as nobody
	delete "/v1/devices/$(device_of alice)"
	expect 401 unauthenticated
}

@test "revoke: a malformed id is refused" {
	as alice
	for bad in abc 0 -1 1.5 01 9223372036854775808 99999999999999999999999 1%27; do
		delete "/v1/devices/$bad"
		[ "$reply_status" = 422 ] && [ "$(json .code)" = invalid_parameter ] || { echo "$bad: $reply_status $reply"; return 1; }
	done
}

@test "devices: signing in on a 51st device signs out the least recently used one" {
	as dave
	first=$device_id
	for i in {1..50}; do
		curl -s -o /dev/null -H 'Content-Type: application/json' -d "{\"name\":\"$(name_of dave)\",\"password\":\"$PASSWORD\",\"device_name\":\"d$i\"}" "$URL/v1/auth/login"
	done
	as_device dave last
	get /v1/devices
	expect 200
	[ "$(json '.devices | length')" = 50 ]
	[ "$(json '[.devices[].id] | contains(["'"$first"'"])')" = false ]
}
