"""What is kept: tables, repositories and migrations, the same on SQLite and PostgreSQL."""
