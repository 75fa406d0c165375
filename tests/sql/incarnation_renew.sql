-- Each incarnation has one row. cursor_reset.sql tests the effect on cursors.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_before integer := (select max(number) from incarnations);
begin
	perform incarnation_renew();
	perform same((select max(number) from incarnations), v_before + case 'incarnation_renew' when 'incarnation_renew' then 1 else 0 end, 'rows');
	update incarnations set system = system + 1;
	perform incarnation_check();
	perform incarnation_check();
	perform same((select max(number) from incarnations), v_before + case 'incarnation_renew' when 'incarnation_renew' then 2 else 1 end, 'another cluster is noticed once');
end
$$;
