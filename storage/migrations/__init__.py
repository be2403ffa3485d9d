"""Alembic migrations, run by `llm-copilot db`."""
