-- Serves beside: 0023
-- The newest reading of a clock that a server believed, in Unix milliseconds; 0 before the first. Ahead is by how much clocks may be
-- ahead of the database's, beyond what is let pass anyway: an operator has said so.
create table clock_reading (
    id bigint not null primary key,
    seen_at bigint not null,
    ahead bigint not null
);

insert into clock_reading (id, seen_at, ahead) values (1, 0, 0);

-- The oldest schema whose programs can go on serving the store after a migration. One that is not named here is known to none before it.
create table schema_beside (
    part text not null,
    number bigint not null,
    oldest bigint not null,
    primary key (part, number)
);
