"""A release with documents answers from those that are there, with citations, to whoever may see them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from socket import socket
from typing import Any

import openai
import pytest
from openai import OpenAI
from openai.types.chat import ChatCompletion, ChatCompletionMessageParam
from sqlalchemy import delete, func, select
from tests.helpers import ROOT
from tests.serving.served import KEY, Served, serving, small_model_is_here

from foretune.errors import InputError, ModelError
from foretune.models import locate
from foretune.plan.config import Config
from foretune.project import Project
from foretune.project.live import bring_to_life
from foretune.project.serving import serve_project
from foretune.releases import find, promote
from foretune.serving.server import HttpServer, address
from foretune.types import Arm, Label
from foretune.vault import Grant, GrantKind, Principal, Role, Vault
from foretune.vault.principals import add_principal, give, issue_key, remove_principal
from foretune.vault.tables import completion, document, event, release

PAGES = ROOT / "examples" / "handbook" / "documents" / "travel-and-leave"
QUESTION = "What is the most annual leave that can be carried over from one leave year to the next?"


@pytest.fixture(scope="module")
def handbook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Ten pages about leave, indexed; the release ``rag`` is promoted."""
    if not small_model_is_here():
        pytest.skip("the model smollm2-135m is not on this machine")
    try:
        locate("all-minilm-l6-v2")
    except ModelError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("handbook")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(folder / "home"))
        patch.setenv("XDG_CONFIG_HOME", str(folder / "home" / "config"))
        patch.delenv("FORETUNE_KEY", raising=False)
        patch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
        shutil.copytree(PAGES, folder / "pages", ignore=shutil.ignore_patterns("travel-and-leave-policies"))
        with Project.create(folder / "project", Config()) as project:
            list(project.add([folder / "pages"]))
            project.index()
            promote(project.vault, project.create_release(name="rag", arm=Arm.RAG).id)
            yield project


def ask(served: Served, question: str = QUESTION, *, key: str = KEY, **beyond: Any) -> dict[str, Any]:
    reply = served.client(key).chat.completions.create(
        model="rag",
        messages=[{"role": "system", "content": "Say nothing."}, {"role": "user", "content": question}],
        extra_body=beyond,
    )
    return {"text": reply.choices[0].message.content, "usage": reply.usage, **(reply.model_extra or {})}


def test_an_answer_cites_the_words_it_rests_on(handbook: Project) -> None:
    with serving(handbook) as served:
        answer = ask(served)
        chunks = list(
            served.client().chat.completions.create(
                model="rag", messages=[{"role": "user", "content": QUESTION}], stream=True
            )
        )
        elsewhere = ask(served, filters=["path=fmla.md"])
        with pytest.raises(openai.BadRequestError, match="no field 'colour' to filter by: the known ones are author"):
            ask(served, filters=["colour=red"])
    assert all(citation["document"] == "fmla.md" for citation in elsewhere["citations"])
    assert "240" in answer["text"]
    assert answer["text"].endswith(" [1]")
    assert answer["outcome"] in ("answered", "quoted")
    assert answer["usage"].prompt_tokens > 0
    (citation,) = answer["citations"]
    assert citation["document"].endswith("leave.md")
    assert "240 annual leave hours" in citation["quote"]
    with handbook.vault.reading() as connection:
        query = select(document.c.text).where(document.c.path == citation["document"])
        text = connection.execute(query).scalar_one()
    assert "240 annual leave hours" in " ".join(text[citation["start"] : citation["end"]].split())

    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == answer["text"]
    assert chunks[-1].model_extra == {"citations": [citation], "outcome": answer["outcome"]}


def test_it_answers_as_the_project_does(handbook: Project) -> None:
    """What is served is what was tested: same question, same answer as ``foretune ask``."""
    asked = handbook.ask(QUESTION)
    with serving(handbook) as served:
        answer = ask(served)
    assert (answer["text"].removesuffix(" [1]"), answer["outcome"]) == (asked.text, asked.outcome)


def test_what_is_not_in_the_documents_is_not_answered(handbook: Project) -> None:
    with serving(handbook) as served:
        answer = ask(served, "How do I tune a cello?")
    assert (answer["text"], answer["outcome"]) == ("This is not in the documents.", "not_in_documents")
    assert answer["citations"] == []


def test_a_question_may_be_long_but_not_a_book(handbook: Project) -> None:
    with serving(handbook) as served:
        assert ask(served, QUESTION + " Please." * 500)["outcome"] in ("answered", "quoted", "not_in_documents")
        with pytest.raises(openai.BadRequestError, match="The question is 300,000 characters long"):
            ask(served, "leave " * 50_000)
        assert served.said == []


def test_what_people_ask_is_not_kept(handbook: Project) -> None:
    def kept() -> int:
        with handbook.vault.reading() as connection:
            return connection.execute(select(func.count()).select_from(completion)).scalar_one()

    before = kept()
    with serving(handbook) as served:
        ask(served, "How much sick leave do I earn?")
    assert kept() == before


def as_reader(project: Project, label: Label) -> Project:
    vault = Vault(project.vault.folder, project.vault.id, project.vault._database, Principal("ada", "reader", label))
    return Project(project.folder, project.config, vault)


def test_a_reader_can_serve_and_needs_to_write_nothing(handbook: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through the whole of ``serve_project``; the one thing it adds is the event of the answer."""
    monkeypatch.setenv("FORETUNE_API_KEY", KEY)
    said: list[str] = []
    answers: list[ChatCompletion] = []
    run = HttpServer.run

    def ask_and_stop(server: HttpServer, sockets: list[socket]) -> None:
        client = OpenAI(base_url=f"{address(sockets[0])}/v1", api_key=KEY, max_retries=0)
        messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": QUESTION}]

        def ask_once() -> None:
            try:
                answers.append(client.chat.completions.create(model="rag", messages=messages))
            finally:
                server.should_exit = True

        with ThreadPoolExecutor(1) as other:
            asking = other.submit(ask_once)
            run(server, sockets=sockets)
            asking.result()

    def events() -> list[tuple[str, str]]:
        with handbook.vault.reading() as connection:
            rows = connection.execute(select(event.c.actor, event.c.action).order_by(event.c.sequence))
            return [(row.actor, row.action) for row in rows]

    monkeypatch.setattr(HttpServer, "run", ask_and_stop)
    before = events()
    reader = as_reader(handbook, Label.INTERNAL)
    serve_project(reader, host="127.0.0.1", port=0, say=lambda _: None, warn=said.append)
    assert (answers[0].model_extra or {})["citations"]
    assert events() == [*before, ("ada", "serving.answer")]
    assert said == []


def test_a_key_is_answered_from_what_its_principal_may_see(handbook: Project) -> None:
    add_principal(handbook.vault, "ada", Role.READER)
    key = issue_key(handbook.vault, "ada")
    with serving(handbook) as served:
        assert ask(served, key=key)["outcome"] == "not_in_documents"
        give(handbook.vault, "ada", [Grant(GrantKind.LABEL, "internal")])
        assert ask(served, key=key)["text"] == ask(served)["text"]
        remove_principal(handbook.vault, "ada")
        with pytest.raises(openai.AuthenticationError):
            ask(served, key=key)
    with handbook.vault.reading() as connection:
        actors = connection.execute(select(event.c.actor).where(event.c.action == "serving.answer")).scalars().all()
        refused = connection.execute(select(func.count()).where(event.c.action == "access.refuse")).scalar_one()
    assert actors[-3:] == ["ada", "ada", handbook.vault.principal.name]
    assert refused


def test_a_reader_is_answered_only_from_what_it_may_see(handbook: Project) -> None:
    with serving(as_reader(handbook, Label.PUBLIC)) as served:
        assert ask(served)["outcome"] == "not_in_documents"


def test_a_document_that_was_removed_is_not_quoted_again(handbook: Project) -> None:
    with serving(handbook) as served:
        assert "240" in ask(served)["text"]
        with handbook.vault.writing() as connection:
            connection.execute(delete(document).where(document.c.path.endswith("leave.md")))
        answer = ask(served)
    assert "240" not in answer["text"]
    assert all(not citation["document"].endswith("/leave.md") for citation in answer["citations"])


def test_a_release_with_other_prompts_is_refused(handbook: Project) -> None:
    made = find(handbook.vault, "rag")
    old = replace(made.specification, prompt="an older version's")
    with handbook.vault.writing() as connection:
        connection.execute(release.insert().values(id="0" * 16, name="old", specification=old.as_json(), at="2020"))
    for bring in (promote, lambda vault, name: bring_to_life(handbook, "0" * 16)):
        with pytest.raises(InputError, match=r"prompts of another version .* `foretune release create`"):
            bring(handbook.vault, "old")
