"""The vault's schema version: made, checked and brought up to date."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from foretune.errors import VaultError

if TYPE_CHECKING:
    from alembic.config import Config

__all__ = ["HEAD", "ensure_current", "version"]

HEAD = "0005"
"""The newest migration; kept here too because asking Alembic costs a third of a second."""


def version(connection: Connection) -> str | None:
    """The revision the file is at; None for an empty file."""
    exists = connection.exec_driver_sql(
        "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'"
    ).scalar_one()
    if not exists:
        return None
    row: Any = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one_or_none()
    return None if row is None else str(row)


def ensure_current(connection: Connection, *, path: Path) -> bool:
    """Migrate to :data:`HEAD` where the file is older; True where something was done.

    Raises:
        VaultError: the file was written by a newer version of Foretune.
    """
    at = version(connection)
    if at == HEAD:
        return False
    from alembic import command
    from alembic.script import ScriptDirectory
    from alembic.util.exc import CommandError

    config = _config(connection)
    if at is not None:
        try:
            ScriptDirectory.from_config(config).get_revision(at)
        except CommandError:
            raise VaultError(
                f"The vault {path} was written by a newer version of Foretune (schema {at}, this one knows {HEAD}): "
                "install the newer version."
            ) from None
    command.upgrade(config, "head")
    return True


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
