-- Serves beside: 0023
-- Nothing is sent to a webhook that is polled: its receiver fetches the events. Its url says no more than that. Its deliveries have
-- state 3. A program of the releases before takes the url for an address that it may not send to, and gives those events up.
alter table webhook add column polled smallint not null default 0;

-- A receiver names the webhook, and not the sender.
create index webhook_polled on webhook (id) where polled = 1;
