-- Guesses that found no open account. Each is counted in one of these rows, by its name: it costs the same write as one that found one.
create table stray_guess (
    bucket bigint not null primary key,
    guesses bigint not null
);

insert into stray_guess (bucket, guesses)
with recursive counted (bucket) as (select 0 union all select bucket + 1 from counted where bucket < 255)
select bucket, 0 from counted;
