"""Pinning what a project answers with now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from foretune.errors import InputError
from foretune.project.benching import answering
from foretune.releases import Release, Specification, create
from foretune.types import Arm

if TYPE_CHECKING:
    from foretune.project.project import Project

__all__ = ["create_release"]


def create_release(project: Project, *, name: str = "", arm: Arm | None = None) -> Release:
    """Pin engine, adapter, retrieval settings and prompt as they are now.

    Documents are not pinned: a release answers from those that are in the index
    when it is asked, so that one that was removed is not quoted again.

    Raises:
        InputError: the arm needs an index or an adapter that is not there, or the name is taken.
    """
    arm = arm or project.config.performance.arm
    if arm is Arm.SEARCH:
        raise InputError(
            "The search arm answers nothing, so it cannot be released: choose base, rag, tuned or tuned+rag."
        )
    if arm.retrieves:
        project.require_index()
    state = answering(project)
    specification = Specification(
        arm=arm,
        engine=state["engine"],
        adapter=state["adapter"] if arm.tuned else "",
        adapter_hash=state["adapter_hash"] if arm.tuned else "",
        retrieval=state["retrieval"] if arm.retrieves else {},
        prompt=state["prompt"] if arm.retrieves else "",
    )
    return create(project.vault, specification, name=name)
