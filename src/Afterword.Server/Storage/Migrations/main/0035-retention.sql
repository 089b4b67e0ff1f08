-- Serves beside: 0023
-- How long a sender keeps comments, messages and the identities of its customers: a number and a unit, such as 12m; null keeps them. The
-- rest is how far each has been removed: comments by the stamp and id of their change, messages by their ids, customers by theirs, from
-- which a round goes on. A comment that was removed is the empty text, which nobody can give: that there was one still counts. So is the
-- text of a message that carried a request, and the external id of a conversation.
create table retention (
    sender_id bigint not null primary key,
    texts text,
    messages text,
    people text,
    texts_at bigint not null default 0,
    texts_id bigint not null default 0,
    sent_to bigint not null default 0,
    received_to bigint not null default 0,
    people_to bigint not null default 0,
    version bigint not null default 0
);

-- The round of removals. Whoever has the lease removes; the rest says what the last round did.
create table retention_run (
    id bigint not null primary key,
    holder text not null,
    held_until bigint not null,
    begun_at bigint not null,
    ended_at bigint,
    comments bigint not null default 0,
    notes bigint not null default 0,
    messages bigint not null default 0,
    customers bigint not null default 0,
    accounts bigint not null default 0,
    failed_at bigint,
    error text
);

insert into retention_run (id, holder, held_until, begun_at) values (1, '', 0, 0);

-- When the sender forgot who the user is.
alter table contact add column forgotten_at bigint;

-- Whether something was closed with a customer lately.
create index conversation_by_customer on conversation (sender_id, recipient_id, id);
