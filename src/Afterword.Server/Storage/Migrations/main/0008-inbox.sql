-- How far a user has read what another wrote: the id of the last message seen.
create table reading (
    user_id bigint not null,
    peer_id bigint not null,
    read_up_to bigint not null,
    primary key (user_id, peer_id)
) {clustered};

-- The senders that may not ask a user any more, for the list where that is undone.
create index contact_opted_out on contact (user_id) where opted_out_at is not null;
