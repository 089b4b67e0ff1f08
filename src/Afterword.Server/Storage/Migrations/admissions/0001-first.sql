-- Every signed request that was let in, as long as its timestamp could still be accepted. 64 bits of a hash are enough: an
-- accident would refuse one request in millions of millions, and nobody gains by provoking one for a request of their own.
create table nonce (
    stamp bigint not null,
    hash bigint not null,
    primary key (stamp, hash)
) {clustered};

-- How often a user called an endpoint through an app in the present window.
create table call_window (
    user_id bigint not null,
    app_id bigint not null,
    endpoint bigint not null,
    started_at bigint not null,
    used bigint not null,
    primary key (user_id, app_id, endpoint)
) {clustered};
