-- When an owner of the sender approved the webhook. From then on a change has a delivery: its stamp lies between approved_at and
-- removed_at. Null: it waits, and nothing is sent to it.
alter table webhook add column approved_at bigint;

update webhook set approved_at = added_at;

-- PINs are for apps that are registered for them. One without any callback could do nothing else.
update app set callbacks = 'oob' where callbacks = '';
