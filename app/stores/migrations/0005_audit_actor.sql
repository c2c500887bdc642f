-- The admin API says for each transaction whose token it acts for; statements made by hand keep the user of the database.

ALTER TABLE agents_audit
    ALTER COLUMN actor SET DEFAULT coalesce(nullif(current_setting('broker.actor', true), ''), session_user);
