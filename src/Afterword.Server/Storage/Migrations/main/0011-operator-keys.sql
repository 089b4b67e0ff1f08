-- Keys of programs that run the place for an operator. The program holds the key, the row its hash.
create table operator_key (
    name text not null primary key,
    key_hash {bytes} not null unique,
    created_at bigint not null
);
