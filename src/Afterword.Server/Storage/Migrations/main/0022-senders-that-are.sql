-- Who wanted to be asked again by a number that is nobody's left a state of that number behind, which the doctor rightly minds.
delete from sender_state where not exists (select 1 from account a where a.id = sender_state.sender_id);
