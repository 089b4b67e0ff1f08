-- How many follow a user, and how many the user follows: moved in the transaction that moves the contact's "follows".
alter table account add column followers_count bigint not null default 0;
alter table account add column friends_count bigint not null default 0;

update account set followers_count = f.followers
from (select sender_id, count(*) as followers from contact where follows = 1 group by sender_id) as f
where account.id = f.sender_id;

update account set friends_count = f.friends
from (select user_id, count(*) as friends from contact where follows = 1 group by user_id) as f
where account.id = f.user_id;

-- Replies that the sender had free of the limits since the user last wrote (wrote_at).
alter table contact add column free_replies bigint not null default 0;

-- The 24-hour windows of direct messages, each locked by the write that counts in it; those of feedback requests are in
-- sender_state.
create table message_window (
    sender_id bigint not null primary key,
    started_at bigint not null,
    used bigint not null
);

create table app_message_window (
    app_id bigint not null primary key,
    started_at bigint not null,
    used bigint not null
);
