-- Pages that may show a sender's cards: scheme, host and port, as browsers send them in Origin.
create table embed_origin (
    sender_id bigint not null,
    origin text not null,
    added_at bigint not null,
    primary key (sender_id, origin)
) {clustered};
