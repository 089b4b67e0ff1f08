-- When a person chose a password by a link that nobody but the owner of the address, or an operator, had seen. Null: anybody may hold the account.
alter table person add column proved_at bigint;

-- Whether whoever takes the invitation has shown that the address is theirs: it was mailed and not shown, or an operator made it.
alter table invitation add column proves smallint not null default 0;
