-- Out topics an agent had before, each with the time (seconds UTC) until which it is read at least: whatever its
-- program still writes there is carried as that agent's. The broker takes an entry out when the topic is read to its end.
-- Ten minutes: long enough to give an agent's program its new topic.

ALTER TABLE agents ADD COLUMN draining jsonb NOT NULL DEFAULT '{}';

CREATE FUNCTION agents_drain_old_topic() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.draining = (NEW.draining - NEW.write_topic)
        || jsonb_build_object(OLD.write_topic, floor(extract(epoch FROM now())) + 600);
    RETURN NEW;
END
$$;

CREATE TRIGGER agents_drain_old_topic
    BEFORE UPDATE ON agents
    -- Of an agent that is not active another one may have the topic by now.
    FOR EACH ROW WHEN (OLD.active = 1 AND OLD.write_topic <> NEW.write_topic AND OLD.write_topic <> '')
    EXECUTE FUNCTION agents_drain_old_topic();
