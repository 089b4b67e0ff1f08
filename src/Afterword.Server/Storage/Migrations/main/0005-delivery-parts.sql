-- Score and text of a prompt are written once and never changed, so what a delivery tells follows from its prompt: which parts of
-- the answer were there (1 the score, 2 the text; 0 announces the prompt itself). No delivery holds a copy of an answer.
alter table delivery add column parts smallint not null default 0;

-- When both parts were given at once, the earlier of the two events tells of the score alone.
update delivery set parts = (
    select case when p.score_at <= delivery.changed_at then 1 else 0 end
        + case
            when p.comment_at < delivery.changed_at then 2
            when p.comment_at = delivery.changed_at and (p.score_at is null or p.score_at < p.comment_at or delivery.id > (
                select min(c.id) from change c
                where c.sender_id = delivery.sender_id and c.changed_at = delivery.changed_at and c.prompt_id = delivery.prompt_id)) then 2
            else 0
        end
    from prompt p where p.sender_id = delivery.sender_id and p.id = delivery.prompt_id);

alter table delivery drop column body;

-- The attempt that was taken over without a word, which most are, needs no row of its own: it ended at settled_at.
alter table delivery add column took bigint;

alter table delivery add column status smallint;

alter table webhook drop column pruned_to;
