-- Serves beside: 0023
-- Whether the rules asked; else somebody did, by a call. Programs of the releases before have no rules.
alter table prompt add column automatic smallint not null default 0;

update prompt set automatic = 1 from conversation c where c.sender_id = prompt.sender_id and c.prompt_id = prompt.id;

-- What the rules have asked is counted by itself from now on, and anew where they have asked already.
update sender_state set day_zone = null, counted_to = 0, counted_from = 0 where sender_id in (select sender_id from automation);
