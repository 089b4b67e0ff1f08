-- Serves beside: 0023
-- From whose own lists a message was taken: 1 its sender's, 2 its recipient's, 3 both. It stays what it was for everybody else.
alter table message add column hidden bigint not null default 0;
