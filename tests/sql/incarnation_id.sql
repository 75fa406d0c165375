-- The newest incarnation.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_before bigint := incarnation_id();
begin
	perform incarnation_renew();
	assert incarnation_id() <> v_before, 'another';
	perform same(incarnation_id(), (select id from incarnations where number = (select max(number) from incarnations)), 'the newest');
end
$$;
