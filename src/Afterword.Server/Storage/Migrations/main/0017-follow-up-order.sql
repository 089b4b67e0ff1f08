-- Low scores come one after the other. With the state and the time first in its key, each falls behind the last one of its
-- sender, on a page that the transaction has at hand; by prompt it fell anywhere, and two indexes had to be kept beside it. The
-- key is now what the list is read by; an item is found by its prompt's score_at.
create table follow_up_ordered (
    sender_id bigint not null,
    state smallint not null,
    scored_at bigint not null,
    prompt_id bigint not null,
    assignee_id bigint,
    version bigint not null,
    primary key (sender_id, state, scored_at, prompt_id)
) {clustered};

insert into follow_up_ordered (sender_id, state, scored_at, prompt_id, assignee_id, version)
select sender_id, state, scored_at, prompt_id, assignee_id, version from follow_up order by sender_id, state, scored_at, prompt_id;

drop table follow_up;

alter table follow_up_ordered rename to follow_up;

create index follow_up_by_assignee on follow_up (sender_id, assignee_id, state, scored_at, prompt_id) where assignee_id is not null;
