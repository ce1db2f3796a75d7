"""Our durable truth: SQLAlchemy tables, queries and migrations for SQLite and PostgreSQL."""
