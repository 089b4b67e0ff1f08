-- Apps on their way to a token. A row lives 15 minutes; approving binds it to a user, the exchange deletes it.
create table request_token (
    token text not null primary key,
    app_id bigint not null,
    secret {bytes} not null,
    callback text not null,
    permission smallint not null,
    user_id bigint,
    verifier {bytes},
    tries smallint not null default 0,
    created_at bigint not null
);

create index request_token_by_age on request_token (created_at);

-- The apps that a user has approved are those with a token that was not revoked.
create index access_token_by_user on access_token (user_id, app_id);

-- Browsers in which a user is signed in. The cookie holds the key, the row its hash.
create table visit (
    key_hash {bytes} not null primary key,
    user_id bigint not null,
    created_at bigint not null,
    seen_at bigint not null
);

create index visit_by_user on visit (user_id);

create index visit_by_age on visit (seen_at);

alter table account add column failed_sign_ins bigint not null default 0;

alter table account add column locked_until bigint;
