-- A refusal carries the code, a sentence, and the field.
-- SPDX-License-Identifier: MIT
do $$
declare
	v_code text;
	v_detail text;
	v_field text;
begin
	begin
		perform fail('some_code', 'a sentence', 'a_field');
	exception when sqlstate 'BN000' then
		get stacked diagnostics v_code = message_text, v_detail = pg_exception_detail, v_field = column_name;
	end;
	perform same(array[v_code, v_detail, v_field], array['some_code', 'a sentence', 'a_field'], 'refusal');
end
$$;
