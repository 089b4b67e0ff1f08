-- People of the console: those who read answers and run the place. They are no users of the platform.
create table person (
    id bigint not null primary key,
    mail text not null,
    mail_key text not null unique,
    name text not null,
    password_hash text,
    failed_sign_ins bigint not null default 0,
    locked_until bigint,
    totp_secret {bytes},
    totp_step bigint not null default 0,
    created_at bigint not null
);

-- What a person may do in a sender's console. Sender 0 is the installation: its people are the operators.
create table person_role (
    sender_id bigint not null,
    person_id bigint not null,
    role smallint not null,
    created_at bigint not null,
    primary key (sender_id, person_id)
) {clustered};

create index person_role_by_person on person_role (person_id);

-- Browsers in which a person is signed in. The cookie holds the key, the row its hash. Stage 1 still owes the second factor, 2 is signed in.
create table console_session (
    id bigint not null primary key,
    key_hash {bytes} not null unique,
    person_id bigint not null,
    stage smallint not null,
    browser text not null,
    created_at bigint not null,
    seen_at bigint not null
);

create index console_session_by_person on console_session (person_id);

create index console_session_by_age on console_session (created_at);

-- What a browser was asked to sign with its passkey. Taken once.
create table console_challenge (
    session_id bigint not null primary key,
    state text not null,
    created_at bigint not null
);

create table passkey (
    credential_id {bytes} not null primary key,
    person_id bigint not null,
    name text not null,
    public_key {bytes} not null,
    sign_count bigint not null,
    details text not null,
    created_at bigint not null
);

create index passkey_by_person on passkey (person_id);

-- Codes for those who lost their second factor. A used one is gone.
create table recovery_code (
    person_id bigint not null,
    code_hash {bytes} not null,
    primary key (person_id, code_hash)
) {clustered};

-- Links with which a person sets a password. Sender 0 without a person is the set-up of the installation.
create table invitation (
    key_hash {bytes} not null primary key,
    person_id bigint,
    created_at bigint not null
);

create index invitation_by_person on invitation (person_id);

-- Who saw, exported and changed what: names of things, never scores, texts or secrets. Sender 0 is the installation.
create table audit (
    sender_id bigint not null,
    id bigint not null,
    at bigint not null,
    person_id bigint not null,
    person text not null,
    deed smallint not null,
    what text not null,
    primary key (sender_id, id)
) {clustered};

create index audit_by_id on audit (id);
