\set sender random(1, 50)
\set recipient random(1, 1000000000)
begin;
insert into prompt (sender_id, id, recipient_id, message_id, type, test, question_variant, question, privacy_url, external_id, display_name, card_hash, created_at, updated_at) values (:sender, nextval('ordinary_id'), :recipient, 1684095374270562305, 2, 0, 3, 'How likely is it that you would recommend The Corner Shop to a family member?', 'https://shop.example/privacy', 'ticket_123456', 'The Corner Shop', null, 1767600000000, 1767600000000) returning id \gset
insert into message (sender_id, id, recipient_id, prompt_id, body, created_at) values (:sender, :id::bigint + 1, :recipient, :id::bigint, 'Thank you for talking to us today about your order 123456. Would you tell us how we did? It takes a minute and helps a lot.', 1767600000000);
insert into change (sender_id, changed_at, id, kind, prompt_id) values (:sender, :id::bigint, :id::bigint + 2, 1, :id::bigint);
insert into contact (sender_id, user_id, prompted_at) values (:sender, :recipient, 1767600000000) on conflict (sender_id, user_id) do update set prompted_at = excluded.prompted_at;
update sender_state set changed_at = changed_at + 1, window_used = window_used + 1 where sender_id = :sender;
commit;
