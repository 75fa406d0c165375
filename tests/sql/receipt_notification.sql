-- Up to names_limit() members the payload has names, else only that marks moved.
-- SPDX-License-Identifier: MIT
do $$
begin
	perform same(receipt_notification(100, 1, 2, 3), 'r 1 2 3', 'small');
	perform same(receipt_notification(101, 1, 2, 3), 'R', 'large');
end
$$;
