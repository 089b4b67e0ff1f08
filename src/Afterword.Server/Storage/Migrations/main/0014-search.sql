-- The words of the texts, as SearchWords makes them: in UTF-8, so that both engines have them in the same order.
create table text_word (
    sender_id bigint not null,
    word {bytes} not null,
    prompt_id bigint not null,
    primary key (sender_id, word, prompt_id)
) {clustered};

-- Texts whose words are still to be written: those from before there was a search. The server does it beside its work.
create table unsearched_text (
    sender_id bigint not null,
    prompt_id bigint not null,
    primary key (sender_id, prompt_id)
) {clustered};

insert into unsearched_text (sender_id, prompt_id) select sender_id, id from prompt where comment is not null;

-- The sender's own reference, such as the number of a ticket: what people look for first.
create index prompt_by_external_id on prompt (sender_id, external_id, id) where external_id is not null;
