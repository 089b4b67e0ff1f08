-- Serves beside: 0023
-- Which user of X a user is, for requests by direct message.
alter table account add column x_user_id bigint;

-- A helpdesk in whose conversations a sender's requests are posted: 1 Chatwoot, 2 Zendesk, 3 Intercom, 4 Zammad. The token is sealed.
-- Until held_until nothing is sent, for the helpdesk has said that it takes no more.
create table helpdesk (
    sender_id bigint not null,
    kind smallint not null,
    url text not null,
    account text,
    token {bytes} not null,
    added_at bigint not null,
    held_until bigint not null default 0,
    primary key (sender_id, kind)
) {clustered};

-- The user of X as whom a sender writes direct messages. The keys of app and user are sealed.
create table x_account (
    sender_id bigint not null primary key,
    url text not null,
    keys {bytes} not null,
    added_at bigint not null,
    held_until bigint not null default 0
);

-- What a webhook is sent: 0 events, 1 messages for Slack, 2 messages for Teams.
alter table webhook add column format smallint not null default 0;

create index dispatch_conversation on dispatch (sender_id, due_at, prompt_id) where state < 2 and channel = 3;

create index dispatch_x on dispatch (sender_id, due_at, prompt_id) where state < 2 and channel = 4;
