-- The newest orders are shown with every look at the admin page, and no row is deleted: they must not be sorted each time.

CREATE INDEX IF NOT EXISTS orders_audit_newest ON orders_audit (at DESC, id DESC);
