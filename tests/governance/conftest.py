"""A vault with real pages in it."""

from __future__ import annotations

import pytest
from tests.governance.pages import put, read_pages
from tests.helpers import shared

from foretune.vault import Vault


@pytest.fixture
def handbook(vault: Vault) -> Vault:
    """A vault with the first sixty pages of the handbook."""
    put(vault, read_pages(shared("handbook-18f") / "corpus", limit=60))
    return vault
