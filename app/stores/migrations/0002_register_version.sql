-- Every change of the register, also one made by hand, gets a number of its own.
-- A row and not a sequence: its lock makes the numbers follow the order of the commits, so that of two
-- snapshots the one with the higher number is the newer one.

CREATE TABLE register_version (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    version bigint NOT NULL
);

INSERT INTO register_version (version) VALUES (1);

CREATE FUNCTION agents_raise_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE register_version SET version = version + 1;
    RETURN NULL;
END
$$;

CREATE TRIGGER agents_raise_version
    AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON agents
    FOR EACH STATEMENT EXECUTE FUNCTION agents_raise_version();

CREATE FUNCTION agents_note_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at = now();
    RETURN NEW;
END
$$;

CREATE TRIGGER agents_note_update
    BEFORE UPDATE ON agents
    FOR EACH ROW EXECUTE FUNCTION agents_note_update();
