"""What the project is made of, as a CycloneDX bill of materials (https://cyclonedx.org/docs/1.6/json/)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from foretune.errors import InputError, ModelError
from foretune.vault import tables as t

if TYPE_CHECKING:
    from foretune.project.project import Project

__all__ = ["bill_of_materials"]


def bill_of_materials(project: Project) -> str:
    """Models, adapters and sources of documents with their hashes, as CycloneDX 1.6 JSON; no document's name or text.

    Raises:
        InputError: the library is not installed.
        VaultError: the principal may not read the log.
    """
    project.vault.require_log()
    try:
        from cyclonedx.model.bom import Bom
        from cyclonedx.model.component import Component, ComponentType
        from cyclonedx.output.json import JsonV1Dot6
    except ImportError:
        raise InputError("A bill of materials needs one more package: run `pip install 'foretune[bom]'`.") from None
    root = Component(name=project.folder.name, type=ComponentType.APPLICATION, bom_ref="project")
    bom = Bom(components=[*_models(project), *_adapters(project), *_sources(project)])
    bom.metadata.component = root
    bom.register_dependency(root, list(bom.components))
    return str(JsonV1Dot6(bom).output_as_string(indent=1))


def _component(kind: str, name: str, *, sha256: str = "", licence: str = "", **properties: object) -> Any:
    from cyclonedx.model import HashAlgorithm, HashType, Property
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.model.license import DisjunctiveLicense

    return Component(
        name=name,
        type=ComponentType(kind),
        bom_ref=f"{kind}/{name}",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=sha256)] if sha256 else (),
        licenses=[DisjunctiveLicense(name=licence)] if licence else (),
        properties=[Property(name=f"foretune:{key}", value=str(value)) for key, value in properties.items()],
    )


def _models(project: Project) -> list[Any]:
    from foretune.models import CATALOGUE, locate

    engine, made = project.config.engine, []
    for name, role in ((engine.model, "engine"), (project.config.retrieval.embedder, "embedder")):
        known = CATALOGUE.get(name)
        try:
            sha256 = locate(name).hash if role == "embedder" or engine.kind == "llama" else ""
        except ModelError:  # not on this machine: it is named all the same
            sha256 = ""
        licence = known.licence if known else ""
        made.append(_component("machine-learning-model", name, sha256=sha256, licence=licence, role=role))
    return made


def _adapters(project: Project) -> list[Any]:
    with project.vault.reading() as connection:
        rows = connection.execute(select(t.adapter).order_by(t.adapter.c.id)).all()
    return [
        _component(
            "machine-learning-model",
            f"adapter {row.name}",
            sha256=row.hash,
            role="adapter",
            label=row.label,
            base=row.base_hash,
            tainted=row.tainted or "no",
        )
        for row in rows
    ]


def _sources(project: Project) -> list[Any]:
    columns = t.document.c
    count = select(columns.source_id, func.count().label("documents")).group_by(columns.source_id).subquery()
    with project.vault.reading() as connection:
        rows = connection.execute(
            select(t.source.c.id, t.source.c.label, count.c.documents)
            .join(count, count.c.source_id == t.source.c.id)
            .order_by(t.source.c.id)
        ).all()
    return [_component("data", f"source {row.id}", label=row.label, documents=row.documents) for row in rows]
