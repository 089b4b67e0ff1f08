-- Serves beside: 0023
-- The latest request of a sender to a user that was no test, while the latest of all was one, and that test: where prompted_at is not
-- tested_at, it is the latest that was none. And when the user last dismissed a card without a score.
alter table contact add column asked_at bigint;

alter table contact add column tested_at bigint;

alter table contact add column dismissed_at bigint;

update contact set dismissed_at = d.at from (
    select sender_id, recipient_id, max(dismissed_at) as at from prompt
    where dismissed_at is not null and score is null and test = 0 group by sender_id, recipient_id) as d
where contact.sender_id = d.sender_id and contact.user_id = d.recipient_id;

-- The rules of a sender: which version holds, the key of its samples, sealed, and which server asks for it just now.
create table automation (
    sender_id bigint not null primary key,
    version bigint not null,
    sampling_key {bytes} not null,
    holder bigint not null default 0,
    lease_until bigint not null default 0
);

-- Every version, as it was sent.
create table automation_rules (
    sender_id bigint not null,
    version bigint not null,
    changed_at bigint not null,
    changed_by text not null,
    document text not null,
    primary key (sender_id, version)
) {clustered};

-- How often a rule with a limit by day has asked in its present 24 hours.
create table rule_window (
    sender_id bigint not null,
    rule text not null,
    started_at bigint not null,
    used bigint not null,
    primary key (sender_id, rule)
) {clustered};

-- A conversation that was closed, and what was decided. Decision 0 is scheduled, 1 asked, 2 skipped, 3 withdrawn, 4 failed. Created_at is a
-- stamp of the sender. The share is in millionths, the draw in 2 to the power of -53. Planned_at is when it was to be asked first,
-- due_at is later while a limit is full. Closes counts how often it was closed without changing anything.
create table conversation (
    sender_id bigint not null,
    id bigint not null,
    external_id text not null,
    recipient_id bigint not null,
    test smallint not null,
    agent text,
    team text,
    tags text,
    language text,
    display_name text,
    privacy_url text,
    messages bigint,
    agent_messages bigint,
    connector text,
    channel smallint not null,
    card_base text not null,
    closed_at bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    closes bigint not null,
    decision smallint not null,
    reason smallint not null,
    rules_version bigint not null,
    rule text,
    share bigint,
    draw bigint,
    planned_at bigint,
    due_at bigint,
    next_eligible_at bigint,
    prompt_id bigint,
    primary key (sender_id, id)
) {clustered};

create index conversation_by_time on conversation (sender_id, created_at, id);

create index conversation_by_external_id on conversation (sender_id, external_id, created_at, id);

create index conversation_due on conversation (sender_id, due_at, id) where decision = 0;

create index conversation_scheduled on conversation (sender_id, recipient_id, id) where decision = 0;
