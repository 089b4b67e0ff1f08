-- Instants are Unix milliseconds, flags 0 or 1. {bytes} and {clustered} are spelled by the engine.
-- What a sender owns has sender_id first in its key, so that the store can be spread by sender.

create table account (
    id bigint not null primary key,
    screen_name text not null,
    screen_name_key text not null unique,
    name text not null,
    password_hash text,
    accepts text not null,
    language text,
    suspended_at bigint,
    created_at bigint not null
);

create table app (
    id bigint not null primary key,
    consumer_key text not null unique,
    consumer_secret {bytes} not null,
    name text not null,
    callbacks text not null,
    allowed smallint not null,
    suspended_at bigint,
    created_at bigint not null
);

create table access_token (
    token text not null primary key,
    app_id bigint not null,
    user_id bigint not null,
    secret {bytes} not null,
    permission smallint not null,
    revoked_at bigint,
    created_at bigint not null
);

-- Accounts that may ask for feedback, with the limits an operator raised for them (null: the setting).
create table sender (
    user_id bigint not null primary key,
    creates_per_day bigint,
    recipient_interval bigint,
    shows bigint,
    events bigint,
    allowed_at bigint not null
);

-- Recipients who may be asked at any time.
create table exempt (
    user_id bigint not null primary key,
    created_at bigint not null
);

-- One row per sender, locked by every write of that sender's changes: their stamps (changed_at) grow in the order of
-- the commits, and the 24-hour window of prompts is counted under the same lock.
create table sender_state (
    sender_id bigint not null primary key,
    changed_at bigint not null,
    window_started_at bigint not null,
    window_used bigint not null
);

-- What a user is to a sender.
create table contact (
    sender_id bigint not null,
    user_id bigint not null,
    follows smallint not null default 0,
    blocks smallint not null default 0,
    wrote_at bigint,
    opted_out_at bigint,
    prompted_at bigint,
    primary key (sender_id, user_id)
) {clustered};

create table message (
    sender_id bigint not null,
    id bigint not null,
    recipient_id bigint not null,
    prompt_id bigint,
    created_at bigint not null,
    body text not null,
    primary key (sender_id, id)
) {clustered};

create index message_by_recipient on message (recipient_id, id);

-- A request for feedback with what was answered: both parts are written once and never changed. Clustered: the prompts of a
-- page of events lie side by side (0.2 microseconds a row against 1.1). The comment stands last, for it may be long.
create table prompt (
    sender_id bigint not null,
    id bigint not null,
    recipient_id bigint not null,
    message_id bigint not null,
    type smallint not null,
    test smallint not null,
    question_variant smallint not null,
    question text not null,
    privacy_url text not null,
    external_id text,
    display_name text,
    card_hash {bytes},
    created_at bigint not null,
    updated_at bigint not null,
    dismissed_at bigint,
    score smallint,
    score_at bigint,
    comment text,
    comment_at bigint,
    primary key (sender_id, id)
) {clustered};

-- What happened, in the order in which it was committed.
create table change (
    sender_id bigint not null,
    changed_at bigint not null,
    id bigint not null,
    kind smallint not null,
    prompt_id bigint not null,
    primary key (sender_id, changed_at, id)
) {clustered};

create table idempotency (
    sender_id bigint not null,
    idempotency_key text not null,
    fingerprint {bytes} not null,
    answer {bytes} not null,
    created_at bigint not null,
    primary key (sender_id, idempotency_key)
);

create table worker_lease (
    worker bigint not null primary key,
    holder text not null,
    held_until bigint not null,
    high bigint not null
);

create table key_ring (
    name text not null primary key,
    element text not null,
    created_at bigint not null
);
