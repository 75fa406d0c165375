# A refresh token used twice at the same moment works once; the second use signs the device out.
# SPDX-License-Identifier: MIT
source races/sessions.bash

alice=$(person alice)
token="sha256('$alice')"
device=$(quick "select device_create($alice, 'phone', $token, 60)")
session first
session second

same "$(ask first "begin; select status from device_refresh($token, sha256('$alice 1'), 60)")" "ok" "the first"
tell second "select status from device_refresh($token, sha256('$alice 2'), 60)"
until_waits second
ask first "commit"
same "$(answer second)" "refresh_token_reused" "the second"
same "$(quick "select revoked_at is not null from devices where id = $device")" "t" "signed out"
same "$(quick "select status from device_refresh(sha256('$alice 1'), sha256('$alice 3'), 60)")" "invalid_refresh_token" "and nothing is left"
