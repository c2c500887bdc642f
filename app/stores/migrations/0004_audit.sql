-- A row for each change of an agent, also one made by hand: when, as which user of the database, what was before and after.
-- A trigger and not the program, so that no way of changing the table goes round it.

CREATE TABLE agents_audit (
    id bigserial PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL DEFAULT session_user,
    agent_id bigint NOT NULL,
    before jsonb,
    after jsonb
);

CREATE FUNCTION agents_write_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO agents_audit (agent_id, after) VALUES (NEW.id, to_jsonb(NEW));
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO agents_audit (agent_id, before, after) VALUES (NEW.id, to_jsonb(OLD), to_jsonb(NEW));
    ELSE
        INSERT INTO agents_audit (agent_id, before) VALUES (OLD.id, to_jsonb(OLD));
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER agents_write_audit
    AFTER INSERT OR UPDATE OR DELETE ON agents
    FOR EACH ROW EXECUTE FUNCTION agents_write_audit();
