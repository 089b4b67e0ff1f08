-- Serves beside: 0023
-- Whether somebody came in by a link that was mailed or passed on. Where a second factor is needed, the first one takes such a link.
alter table visit add column by_link smallint not null default 0;

alter table console_session add column by_link smallint not null default 0;

-- Guesses that found no open account. Each is counted in one of these rows, by its name: it costs the same write as one that found one.
create table stray_guess (
    bucket bigint not null primary key,
    guesses bigint not null
);

insert into stray_guess (bucket, guesses)
with recursive counted (bucket) as (select 0 union all select bucket + 1 from counted where bucket < 255)
select bucket, 0 from counted;
