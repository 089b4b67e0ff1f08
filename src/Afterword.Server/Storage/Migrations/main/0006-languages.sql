-- The language in which the question is asked, as a tag; null is English, which was the only one.
alter table prompt add column language text;
