-- Serves beside: 0023
-- Where a business has its privacy policy, for the requests that its people make in the console. Null: nobody has said.
alter table account add column privacy_url text;

-- Whether a webhook that is not approved waits for an operator, because an owner of the sender added it; else it waits for an owner.
alter table webhook add column awaits_operator smallint not null default 0;
