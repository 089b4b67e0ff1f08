-- Of what is rarely done, such as an export, a page of the audit log leafed through everything that was done since. One index is for
-- the pages of a sender, the other for those of the installation.
create index audit_by_deed on audit (sender_id, deed, id);

create index audit_of_all_by_deed on audit (deed, id);

-- Without the state in it, SQLite preferred to look through all of a sender's requests for the dead ones.
drop index dispatch_dead;

create index dispatch_given_up on dispatch (sender_id, state, prompt_id) where state = 3;
