-- Accounts are found by their id with every card, request and message: clustered, that is one way down a tree instead of two.
create table account_clustered (
    id bigint not null primary key,
    screen_name text not null,
    screen_name_key text not null unique,
    name text not null,
    password_hash text,
    accepts text not null,
    language text,
    suspended_at bigint,
    created_at bigint not null,
    followers_count bigint not null default 0,
    friends_count bigint not null default 0,
    failed_sign_ins bigint not null default 0,
    locked_until bigint,
    channel smallint not null default 0,
    mail text
) {clustered};

insert into account_clustered (id, screen_name, screen_name_key, name, password_hash, accepts, language, suspended_at, created_at,
    followers_count, friends_count, failed_sign_ins, locked_until, channel, mail)
select id, screen_name, screen_name_key, name, password_hash, accepts, language, suspended_at, created_at,
    followers_count, friends_count, failed_sign_ins, locked_until, channel, mail
from account order by id;

drop table account;

alter table account_clustered rename to account;
