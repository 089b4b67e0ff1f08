-- The audit log of each place is a chain: an entry holds the hash of itself and of the one before. Entries of older versions have no number.
alter table audit add column number bigint;

alter table audit add column hash {bytes};

create unique index audit_by_number on audit (sender_id, number);

-- Where each chain ends. Whoever adds an entry holds this row until the commit, so that no two follow the same one.
create table audit_head (
    sender_id bigint not null primary key,
    number bigint not null,
    hash {bytes} not null
);

-- An app's secret before it was replaced, which goes on working until then.
alter table app add column old_secret {bytes};

alter table app add column old_secret_until bigint;
