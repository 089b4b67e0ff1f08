-- How often wrong codes have closed the account since its owner last showed both factors.
alter table person add column code_locks smallint not null default 0;
