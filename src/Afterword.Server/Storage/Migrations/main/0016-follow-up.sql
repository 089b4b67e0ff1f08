-- What a sender's people look out for; a sender without a row has the defaults. Scores up to follow_* become items of the
-- follow-up list, those up to alert_* are told at once; -1 is none. Who has alerts by mail stands in alert_reader. weekly_since
-- is when the weekly report was switched on; the version grows with every change.
create table watch (
    sender_id bigint not null primary key,
    follow_csat smallint not null,
    follow_nps smallint not null,
    alert_csat smallint not null,
    alert_nps smallint not null,
    fall_points smallint not null,
    weekly_since bigint,
    version bigint not null
);

create table alert_reader (
    sender_id bigint not null,
    person_id bigint not null,
    primary key (sender_id, person_id)
) {clustered};

-- Whether an endpoint gets alerts besides the changes.
alter table webhook add column alerts smallint not null default 0;

-- A low score that somebody should see to. State 0 is open, 1 assigned, 2 done. Who changes it says which version they saw.
create table follow_up (
    sender_id bigint not null,
    prompt_id bigint not null,
    state smallint not null,
    assignee_id bigint,
    scored_at bigint not null,
    version bigint not null,
    primary key (sender_id, prompt_id)
) {clustered};

create index follow_up_by_time on follow_up (sender_id, scored_at, prompt_id);

create index follow_up_by_state on follow_up (sender_id, state, scored_at, prompt_id);

create index follow_up_by_assignee on follow_up (sender_id, assignee_id, scored_at, prompt_id) where assignee_id is not null;

create table follow_up_note (
    sender_id bigint not null,
    prompt_id bigint not null,
    id bigint not null,
    at bigint not null,
    person_id bigint not null,
    person text not null,
    body text not null,
    primary key (sender_id, prompt_id, id)
) {clustered};

-- Something to tell. The key keeps it single on any number of nodes: 1 a low score, by its prompt; 2 a figure that fell, by the
-- day; 3 the report of a week, by its first day. State 0 until it is known whom to tell. Facts are what it tells, frozen.
create table alert (
    sender_id bigint not null,
    kind smallint not null,
    subject bigint not null,
    id bigint not null,
    at bigint not null,
    state smallint not null,
    facts text,
    primary key (sender_id, kind, subject)
) {clustered};

create index alert_new on alert (sender_id, id) where state = 0;

create index alert_by_time on alert (at);

-- An alert on its way: by mail (channel 1) to a person, or to a webhook (2). States, lease and fence are those of a dispatch.
create table alert_dispatch (
    sender_id bigint not null,
    id bigint not null,
    channel smallint not null,
    reader_id bigint not null,
    kind smallint not null,
    subject bigint not null,
    state smallint not null,
    due_at bigint not null,
    attempts bigint not null,
    failures bigint not null,
    fence bigint not null,
    settled_at bigint,
    status bigint,
    reason text,
    primary key (sender_id, id, channel, reader_id)
) {clustered};

create index alert_dispatch_due on alert_dispatch (channel, due_at, sender_id, id, reader_id) where state < 2;
