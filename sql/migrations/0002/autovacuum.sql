-- Makes autovacuum follow the tables that every send and every receipt writes, on any server: it
-- looks after a twentieth has changed, not a fifth.
-- SPDX-License-Identifier: MIT
alter table users set (autovacuum_vacuum_scale_factor = 0.05);
alter table devices set (autovacuum_vacuum_scale_factor = 0.05);
alter table conversations set (autovacuum_vacuum_scale_factor = 0.05);
alter table members set (autovacuum_vacuum_scale_factor = 0.05);
alter table messages set (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
