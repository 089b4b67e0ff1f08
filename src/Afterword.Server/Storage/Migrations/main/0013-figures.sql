-- Who led the conversation and what it was about, as the sender told it. Tags are joined by commas, which none of them has.
-- Channel is the way the request took besides Messages. Delivered is 0 while its channel has given it up and nothing shows that
-- it arrived all the same.
alter table prompt add column agent text;

alter table prompt add column tags text;

alter table prompt add column channel smallint not null default 0;

alter table prompt add column delivered smallint not null default 1;

update prompt set
    channel = d.channel,
    delivered = case when d.state > 2 and prompt.score is null and prompt.comment is null and prompt.dismissed_at is null then 0 else 1 end
from dispatch d
where d.sender_id = prompt.sender_id and d.prompt_id = prompt.id;

create index prompt_by_agent on prompt (sender_id, agent, id) where agent is not null;

create table prompt_tag (
    sender_id bigint not null,
    tag text not null,
    prompt_id bigint not null,
    primary key (sender_id, tag, prompt_id)
) {clustered};

-- Counts of a sender's prompts by the day on which they were asked, moved in the transaction that moves the prompt. Dimension 0
-- counts every prompt once; its value is variant, language and channel. 1 counts by agent, 2 by tag. The times to answer stand
-- last: pairs of a bucket and how many are in it.
create table rollup (
    sender_id bigint not null,
    test smallint not null,
    type smallint not null,
    dimension smallint not null,
    day bigint not null,
    value text not null,
    sent bigint not null,
    delivered bigint not null,
    dismissed bigint not null,
    commented bigint not null,
    s0 bigint not null,
    s1 bigint not null,
    s2 bigint not null,
    s3 bigint not null,
    s4 bigint not null,
    s5 bigint not null,
    s6 bigint not null,
    s7 bigint not null,
    s8 bigint not null,
    s9 bigint not null,
    s10 bigint not null,
    times {bytes},
    primary key (sender_id, test, type, dimension, day, value)
) {clustered};

-- In which time zone days begin and end: at most one row.
create table figure_zone (
    id smallint not null primary key,
    zone text not null
);

-- The zone of a sender's rollups; null while there are none to go by. They count the prompts up to counted_to and those after
-- counted_from; what lies between is still to be counted.
alter table sender_state add column day_zone text;

alter table sender_state add column counted_to bigint not null default 0;

alter table sender_state add column counted_from bigint not null default 0;
