-- When an agent is open, and what it says to a user who comes while it is closed, and to one it welcomes.

ALTER TABLE agents ADD COLUMN hours jsonb;
ALTER TABLE agents ADD COLUMN closed_message text NOT NULL DEFAULT '';
ALTER TABLE agents ADD COLUMN welcome_message text NOT NULL DEFAULT '';
