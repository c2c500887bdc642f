-- A row for each order to move a user or to end a conversation: when, whose token ordered it, and where the user was then.
-- Written from the topic `control`, once for each order's id. What users write is never here, nor is the note of a move.

-- IF NOT EXISTS: before the first release it was made under another number for a day.
CREATE TABLE IF NOT EXISTS orders_audit (
    id bigserial PRIMARY KEY,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    user_key text NOT NULL,
    from_agent bigint,
    to_agent bigint,
    order_id text NOT NULL UNIQUE
);
