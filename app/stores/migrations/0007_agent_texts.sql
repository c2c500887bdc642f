-- Sentences an agent says in its own words, by name of sentence; those that are not here are the broker's.

ALTER TABLE agents ADD COLUMN texts jsonb NOT NULL DEFAULT '{}';
