-- Columns and domains of messages.
--
-- Makes room for each data of 16 KiB: 5,460 times "1," are 11 KiB of JSON and 64 KiB of jsonb. The
-- worst is six times as large as its JSON.
-- SPDX-License-Identifier: MIT
alter domain message_data drop constraint message_data_check;
alter domain message_data add constraint message_data_check check (jsonb_typeof(value) = 'object' and pg_column_size(value) <= 131072) not valid;
