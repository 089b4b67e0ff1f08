-- How feedback requests reach a user besides Messages: 0 in no other way, 1 by mail, 2 by the sender's own means.
alter table account add column channel smallint not null default 0;

alter table account add column mail text;

-- A request on its way through a channel. State 0 waits, 1 is being sent, 2 is sent, 3 is dead, 4 was called off. While it is
-- being sent, due_at is the end of the lease. The fence grows with every attempt and shows whose word on it counts.
-- The token of the card is sealed, and gone with the last attempt.
create table dispatch (
    sender_id bigint not null,
    prompt_id bigint not null,
    channel smallint not null,
    state smallint not null,
    due_at bigint not null,
    attempts bigint not null,
    failures bigint not null,
    fence bigint not null,
    settled_at bigint,
    reason text,
    card_base text not null,
    token {bytes},
    primary key (sender_id, prompt_id)
) {clustered};

create index dispatch_due on dispatch (channel, due_at, sender_id, prompt_id) where state < 2;

create index dispatch_handover on dispatch (sender_id, due_at, prompt_id) where state < 2 and channel = 2;

create index dispatch_dead on dispatch (sender_id, prompt_id) where state = 3;

-- Written when an attempt begins, completed when it is noted. Outcome: 1 sent, 2 failed, 3 refused, 4 uncertain; null while it
-- is under way.
create table dispatch_attempt (
    sender_id bigint not null,
    prompt_id bigint not null,
    number bigint not null,
    started_at bigint not null,
    took bigint,
    outcome smallint,
    status bigint,
    error text,
    primary key (sender_id, prompt_id, number)
) {clustered};

-- Where a sender takes over what it brings to its customers itself. Secrets are sealed.
create table handover (
    sender_id bigint not null primary key,
    id bigint not null,
    url text not null,
    secret {bytes} not null,
    basic {bytes},
    added_at bigint not null
);
