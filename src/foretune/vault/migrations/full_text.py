"""What the first version's tables cannot say in SQLAlchemy: the full-text index and the triggers."""

from __future__ import annotations

__all__ = ["STATEMENTS"]

STATEMENTS = (
    # Fields are separate so that each can be weighed (bm25() takes one weight a column).
    """CREATE VIRTUAL TABLE passage_fts USING fts5(
        title, headings, keywords, body, tokenize = 'porter unicode61 remove_diacritics 2')""",
    # Deleted terms are overwritten in the index's own pages, not only marked.
    "INSERT INTO passage_fts(passage_fts, rank) VALUES('secure-delete', 1)",
    # The count lets readers that keep vectors in memory see, at no cost, that some are gone.
    """CREATE TRIGGER passage_gone AFTER DELETE ON passage BEGIN
        DELETE FROM passage_fts WHERE rowid = old.id;
        INSERT INTO setting(name, value) VALUES ('index.passages_gone', 1)
            ON CONFLICT(name) DO UPDATE SET value = value + 1; END""",
    """CREATE TRIGGER event_is_final_update BEFORE UPDATE ON event BEGIN
        SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
    """CREATE TRIGGER event_is_final_delete BEFORE DELETE ON event BEGIN
        SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
    # A decision goes only when its document goes.
    """CREATE TRIGGER decision_is_final BEFORE UPDATE ON decision BEGIN
        SELECT RAISE(ABORT, 'decisions are append-only'); END""",
)
