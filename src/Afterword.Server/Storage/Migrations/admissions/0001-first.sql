-- Every signed request that was let in, as long as its timestamp could still be accepted.
create table nonce (
    stamp bigint not null,
    hash_high bigint not null,
    hash_low bigint not null,
    primary key (stamp, hash_high, hash_low)
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
