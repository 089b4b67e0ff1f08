-- Where a sender's changes are told. Secrets are sealed. A change has a delivery if its stamp lies between added_at and
-- removed_at: both are stamps of the sender, taken under its lock. One node at a time delivers to an endpoint: it holds the
-- lease until lease_until, and the fence, which grows with every holder, shows whose work a completion is. The version grows
-- with everything an operator changes, so that the holder notices.
create table webhook (
    sender_id bigint not null,
    id bigint not null,
    url text not null,
    secret {bytes} not null,
    old_secret {bytes},
    old_secret_until bigint,
    basic {bytes},
    added_at bigint not null,
    removed_at bigint,
    disabled_at bigint,
    disabled_reason text,
    succeeded_at bigint,
    failing_since bigint,
    pruned_to bigint not null default 0,
    version bigint not null default 0,
    fence bigint not null default 0,
    lease_until bigint not null default 0,
    primary key (sender_id, id)
) {clustered};

-- One change on its way to one endpoint. The id is that of the change. Those of a prompt lie side by side in the order in
-- which they must arrive. State 0 waits, 1 is delivered, 2 is dead. The body stands last, for it may be long.
create table delivery (
    sender_id bigint not null,
    endpoint_id bigint not null,
    prompt_id bigint not null,
    changed_at bigint not null,
    id bigint not null,
    state smallint not null,
    due_at bigint not null,
    attempts bigint not null,
    failures bigint not null,
    settled_at bigint,
    body {bytes},
    primary key (sender_id, endpoint_id, prompt_id, changed_at, id)
) {clustered};

create index delivery_due on delivery (sender_id, endpoint_id, due_at, changed_at, id) where state = 0;

create index delivery_dead on delivery (sender_id, endpoint_id, changed_at, id) where state = 2;

-- What an endpoint answered. Status is null when it did not; then the error says why.
create table delivery_attempt (
    sender_id bigint not null,
    endpoint_id bigint not null,
    delivery_id bigint not null,
    number bigint not null,
    started_at bigint not null,
    took bigint not null,
    status smallint,
    error text,
    answer {bytes},
    primary key (sender_id, endpoint_id, delivery_id, number)
) {clustered};
