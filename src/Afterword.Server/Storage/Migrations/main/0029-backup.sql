-- Serves beside: 0023
-- While there is a row, webhooks, channels, alerts and automatic requests rest: a store that was restored must not send once more what went out since its backup.
create table outbound_hold (
    id bigint not null primary key,
    since bigint not null,
    reason text not null
);

-- The backups that servers take by themselves. Whoever has the lease takes one; the rest says what became of the last.
create table backup_run (
    id bigint not null primary key,
    holder text not null,
    held_until bigint not null,
    begun_at bigint not null,
    succeeded_at bigint,
    file text,
    bytes bigint,
    failed_at bigint,
    error text
);

insert into backup_run (id, holder, held_until, begun_at) values (1, '', 0, 0);
