-- Serves beside: 0023
-- The time zone in which a person reads the console's times. Null: that of the console.
alter table person add column time_zone text;
