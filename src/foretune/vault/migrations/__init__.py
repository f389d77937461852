"""Alembic migrations of the vault's schema; run on the open, encrypted connection."""
