# A refresh token that is used twice at once returns one successor to both; used once more after
# that, it signs the device out.
# SPDX-License-Identifier: MIT
source races/sessions.bash

alice=$(person alice)
device=$(quick "select device_create($alice, 'phone', sha256('$alice'), 60, id_new(), null)")
# refresh GENERATION OLD NEW
refresh() { echo "select status from device_refresh($device, $1, sha256('$2'), sha256('$3'), 60, null)"; }
session first
session second

same "$(ask first "begin; $(refresh 1 "$alice" "$alice 1")")" "ok" "the first"
tell second "$(refresh 1 "$alice" "$alice 1")"
until_waits second
ask first "commit"
same "$(answer second)" "ok" "the second"
same "$(quick "select refresh_generation from devices where id = $device")" "2" "one successor"
same "$(quick "$(refresh 2 "$alice 1" "$alice 2")")" "ok" "which is good"
same "$(quick "$(refresh 1 "$alice" "$alice 1")")" "refresh_token_reused" "now the first is over"
same "$(quick "select revoked_at is not null from devices where id = $device")" "t" "signed out"
same "$(quick "$(refresh 3 "$alice 2" "$alice 3")")" "invalid_refresh_token" "and nothing is left"
