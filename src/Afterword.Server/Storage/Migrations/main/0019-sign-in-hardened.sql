-- When a person chose a password by a link that nobody but the owner of the address, or an operator, had seen. Null: anybody may hold the account.
alter table person add column proved_at bigint;

-- Whether whoever takes the invitation has shown that the address is theirs: it was mailed and not shown, or an operator made it.
alter table invitation add column proves smallint not null default 0;

-- Wrong codes, which only somebody who knows the password can try, are counted apart from wrong passwords, which anybody can.
alter table person add column failed_codes bigint not null default 0;

alter table person add column codes_locked_until bigint;

-- Browsers in which somebody signed in before. The cookie holds the key, the row its hash. Kind 1 is a user, 2 a person of the console.
create table known_browser (
    key_hash {bytes} not null,
    kind smallint not null,
    owner_id bigint not null,
    failed_sign_ins bigint not null default 0,
    locked_until bigint,
    seen_at bigint not null,
    primary key (key_hash, kind, owner_id)
) {clustered};

create index known_browser_by_owner on known_browser (kind, owner_id);

create index known_browser_by_age on known_browser (seen_at);

-- As the browser names itself, for the list of visits.
alter table visit add column browser text not null default '';

-- Links with which somebody who forgot a password chooses a new one. Used once; kinds as above. An operator passed one on, or it was
-- mailed; the app for codes goes with the old password where the operator said so.
create table reset_link (
    key_hash {bytes} not null primary key,
    kind smallint not null,
    owner_id bigint not null,
    created_at bigint not null,
    ends_at bigint not null,
    passed_on smallint not null default 0,
    drops_factor smallint not null default 0
);

create index reset_link_by_owner on reset_link (kind, owner_id);

create index reset_link_by_age on reset_link (ends_at);

-- Stage 1 has shown the password, 2 the second factor as well.
alter table visit add column stage smallint not null default 1;

-- The app for codes of a user who has one.
create table user_factor (
    user_id bigint not null primary key,
    totp_secret {bytes} not null,
    totp_step bigint not null,
    failed_codes bigint not null default 0,
    codes_locked_until bigint,
    code_locks smallint not null default 0
);

create table user_recovery_code (
    user_id bigint not null,
    code_hash {bytes} not null,
    primary key (user_id, code_hash)
) {clustered};
