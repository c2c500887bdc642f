-- The broker says for each transaction how long a former out topic is read on (BROKER_DRAIN_SECONDS); statements made by
-- hand keep ten minutes, or say it by SET broker.drain_seconds.

CREATE OR REPLACE FUNCTION agents_drain_old_topic() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    seconds float8 := coalesce(nullif(current_setting('broker.drain_seconds', true), '')::float8, 600);
BEGIN
    NEW.draining = (NEW.draining - NEW.write_topic)
        || jsonb_build_object(OLD.write_topic, floor(extract(epoch FROM now())) + seconds);
    RETURN NEW;
END
$$;
