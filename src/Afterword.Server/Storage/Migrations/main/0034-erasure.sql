-- Serves beside: 0023
-- People who were erased: the id that they had, which is kept so that they are erased again from a backup that is restored, and nothing
-- that leads to what is left of their feedback. Settled is 0 until somebody has looked once more for what came in at the same moment. The
-- handle is a keyed hash, so that whoever asks for the same person again gets the same receipt.
create table erasure (
    user_id bigint not null primary key,
    receipt text not null unique,
    erased_at bigint not null,
    settled smallint not null,
    handle_hash {bytes}
);

create index erasure_unsettled on erasure (erased_at) where settled = 0;

create index erasure_by_handle on erasure (handle_hash) where handle_hash is not null;

-- Who did not want to be asked by a sender, as keyed hashes of handle and address: a person who was erased and comes again is not asked.
create table kept_opt_out (
    sender_id bigint not null,
    hash {bytes} not null,
    opted_out_at bigint not null,
    primary key (sender_id, hash)
) {clustered};

create index kept_opt_out_by_hash on kept_opt_out (hash);

-- The key of those hashes, sealed: at most one row.
create table privacy_key (
    id bigint not null primary key,
    key {bytes} not null
);

-- Whom the feedback of an erased person belongs to. Such an account has no name, and nobody can sign in to it or ask it.
alter table account add column erased smallint not null default 0;

-- An entry in which a name was replaced: its hash is that of what was written, and cannot be computed from what is left.
alter table audit add column erased smallint not null default 0;

-- An erased person's conversations are found by it; most of them led to no request. Those that are scheduled have an index already, so that
-- a close that schedules pays for no other.
create index conversation_by_recipient on conversation (recipient_id, sender_id, id) where decision <> 0;
