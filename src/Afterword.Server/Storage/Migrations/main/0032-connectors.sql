-- Serves beside: 0028
-- A helpdesk that tells a sender's conversations. Of its address the hash is stored, its secret is sealed. The mapping is null where that
-- of its kind holds. The prefix stands before the numbers of its conversations: the kind, and for a further connector of one kind another.
-- The version grows with everything that is changed. What is refused is counted, and the last reason kept.
create table connector (
    sender_id bigint not null,
    id bigint not null,
    kind text not null,
    name text not null,
    prefix text not null,
    token_hash {bytes} not null,
    secret {bytes},
    old_secret {bytes},
    old_secret_until bigint,
    mapping text,
    create_users smallint not null,
    version bigint not null,
    added_at bigint not null,
    removed_at bigint,
    refused bigint not null default 0,
    refused_at bigint,
    refused_why text,
    primary key (sender_id, id)
) {clustered};

create unique index connector_by_name on connector (sender_id, name) where removed_at is null;

create unique index connector_by_prefix on connector (sender_id, prefix) where removed_at is null;

-- An event of a connector, by the hash of its id or else of its contents: kept for 30 days, so that it is decided once. The fields are what it
-- said at the places that the mapping names, for 7 days. Action 0 is none, 1 a close, 2 a reopening. Happened_at is the other side's time.
-- Deleted_user is the user whom the other side has deleted.
create table connector_event (
    sender_id bigint not null,
    connector_id bigint not null,
    event_key {bytes} not null,
    id bigint not null,
    received_at bigint not null,
    times bigint not null,
    test smallint not null,
    action smallint not null,
    external_id text,
    happened_at bigint,
    decision text not null,
    reason text,
    detail text,
    conversation_id bigint,
    deleted_user bigint,
    fields text,
    primary key (sender_id, connector_id, event_key)
) {clustered};

create index connector_event_by_time on connector_event (sender_id, connector_id, id);

create index connector_event_by_conversation on connector_event (sender_id, connector_id, external_id) where external_id is not null;

create index connector_event_of_deletions on connector_event (sender_id, connector_id, id) where deleted_user is not null;

create index connector_event_with_fields on connector_event (sender_id, connector_id, id) where fields is not null;

-- Under which names a sender's own programs know a user. Basis 0: an owner or a file of users says so, 1: it was told together with the user's own
-- id or number, or the user was made of it, 2: it came together with the user's address, which customers may type as they like.
create table customer_ref (
    sender_id bigint not null,
    ref text not null,
    user_id bigint not null,
    basis smallint not null default 0,
    primary key (sender_id, ref)
) {clustered};

create index customer_ref_by_user on customer_ref (user_id);

-- Customers are found by their addresses, in any letter case.
create index account_by_mail on account (lower(mail), id) where mail is not null;

-- The sender whose connector made the user: no other sender finds one by the address.
alter table account add column made_by bigint;
