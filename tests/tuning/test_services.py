"""Handing jobs over: what leaves, what comes back, what is refused, and what a cut leaves to go on with."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from sqlalchemy import select, update
from tests.tuning.service_server import KEY, Failure, Service, served
from tests.tuning.test_project import PAIRS, SECRET, answer, label, run
from tests.tuning.test_project import project as project
from tests.tuning.tiny import tiny_model

from foretune.errors import EngineError, InputError, ModelError, NothingToDoError
from foretune.project import Project
from foretune.project.adapter_files import card_of
from foretune.project.adapters import evaluation_pairs, example, training_pairs
from foretune.tuning.adopted import CONFIG, WEIGHTS, read_adopted_folder
from foretune.tuning.recipes import tune
from foretune.tuning.services import ServiceError
from foretune.tuning.types import AdapterResult
from foretune.types import Label
from foretune.vault import tables as t

MODEL = "gpt-4o-mini-2024-07-18"


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    for variable in ("OPENAI_API_KEY", "TOGETHER_API_KEY"):
        monkeypatch.setenv(variable, KEY)
    with served() as service:
        yield service


@pytest.fixture
def trained(project: Project, tmp_path: Path) -> AdapterResult:
    """The adapter that somebody else makes of the same pairs."""
    return tune(
        [example(pair) for pair in training_pairs(project)],
        base=tiny_model(tmp_path),
        folder=tmp_path / "elsewhere",
        settings=project.config.tuning.model_copy(update={"canaries": 0}),
        evaluation=[example(pair) for pair in evaluation_pairs(project)],
    )


def packed(folder: Path, *, zstandard: bool = True) -> bytes:
    """As Together sends it."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for path in folder.iterdir():
            tar.add(path, arcname=f"ft-1/{path.name}")
    content: bytes = pyarrow.compress(archive.getvalue(), "zstd", asbytes=True) if zstandard else archive.getvalue()
    return content


def events(project: Project, action: str) -> list[dict[str, Any]]:
    with project.vault.reading() as connection:
        found = connection.execute(select(t.event.c.detail).where(t.event.c.action == action)).scalars()
        return [dict(each) for each in found]


def test_a_job_goes_to_openai_is_followed_and_its_model_becomes_the_engine(project: Project, there: Service) -> None:
    job, said = project.submit_tuning("openai", model=MODEL, url=there.url)
    assert "foretune tune status" in said
    (train, held_out) = there.files.values()
    rows = [json.loads(line) for line in train["content"].splitlines()]
    assert len(rows) == PAIRS - 8
    assert [row["messages"][-1]["content"] for row in rows] == [answer(n) for n in range(PAIRS - 8)]
    assert len(held_out["content"].splitlines()) == 8
    (remote,) = there.jobs.values()
    assert (remote["model"], remote["hyperparameters"], remote["training_file"]) == (
        MODEL,
        {"n_epochs": 2},
        train["id"],
    )
    assert events(project, "adapter.submit") == [
        {"service": "openai", "pairs": 24, "label": "internal", "address": there.url.removesuffix("/v1")}
    ]

    ((_, first),) = project.tuning_jobs()
    assert first.state == "waiting"
    with pytest.raises(InputError, match="not done yet"):
        project.fetch_tuning()
    there.finish(status="succeeded", fine_tuned_model="ft:gpt-4o-mini:org:foretune:1", trained_tokens=4711)
    ((_, done),) = project.tuning_jobs(job.id)
    assert (done.state, done.tokens) == ("succeeded", 4711)

    fetched = project.fetch_tuning(use=True)
    assert fetched.hosted is not None
    assert project.config.engine.model == fetched.hosted.model == "ft:gpt-4o-mini:org:foretune:1"
    assert (project.config.engine.kind, project.config.engine.url) == ("openai", there.url)
    assert there.files == {}  # the pairs do not stay there
    assert events(project, "adapter.fetch") == [{"service": "openai", "files_removed_there": 2}]


def test_pairs_a_service_cannot_take_are_left_out_and_counted(project: Project, there: Service) -> None:
    with project.vault.writing() as connection:
        connection.execute(update(t.pair).where(t.pair.c.id == "pair03").values(prompt=""))
    _, said = project.submit_tuning("openai", model=MODEL, url=there.url)
    assert said.startswith("1 of 24 pairs were left out, which OpenAI cannot take (")
    assert [len(file["content"].splitlines()) for file in there.files.values()] == [15, 8]


@pytest.mark.parametrize(
    "lost",
    [
        Failure("POST", "/files", 0, lost=True),
        Failure("POST", "/fine_tuning/jobs", 0, lost=True),
        Failure("POST", "/fine_tuning/jobs", 503),
    ],
    ids=["the answer to an upload", "the answer to the job", "the job"],
)
def test_what_was_cut_short_goes_on_and_nothing_is_handed_over_twice(
    project: Project, there: Service, lost: Failure
) -> None:
    there.failures = [lost]
    with pytest.raises(ServiceError):
        project.submit_tuning("openai", model=MODEL, url=there.url)
    ((job, progressed),) = project.tuning_jobs()
    assert progressed.state == "submitting"
    again, _ = project.submit_tuning("openai", model=MODEL, url=there.url)
    assert again.id == job.id
    assert len(there.files) == 2
    assert len(there.jobs) == 1
    before = len(there.requests)
    project.submit_tuning("openai", model=MODEL, url=there.url)
    assert len(there.requests) == before  # all of it is known


def test_an_adapter_comes_back_from_together_as_if_it_had_been_trained_here(
    project: Project, there: Service, trained: AdapterResult
) -> None:
    label(project, "page00.md", Label.CONFIDENTIAL)
    project.submit_tuning("together", model="org/tiny", url=there.url)
    (remote,) = there.jobs.values()
    assert remote["training_type"]["lora_r"] == 2
    there.archive = packed(trained.peft)
    there.finish(status="completed")
    fetched = project.fetch_tuning()
    assert fetched.adapter is not None
    assert (fetched.adapter.hash, fetched.adapter.kind) == (trained.hash, "together")
    assert fetched.adapter.label == "confidential"
    assert not list(fetched.adapter.folder.rglob("*.gguf"))  # sealed
    assert fetched.adapter.path.read_bytes() == trained.path.read_bytes()
    assert "trained on" in card_of(project, fetched.adapter)
    assert there.files == {}
    (listed,) = project.adapters()
    assert listed.name == fetched.adapter.name
    # Whatever was learnt from has to be erasable with what learned it.
    assert [each["id"] for each in project.erase(["page00.md"]).statement["adapters"]] == [fetched.job.id]


def test_what_together_sends_is_refused_where_it_is_no_adapter(
    project: Project, there: Service, trained: AdapterResult, tmp_path: Path
) -> None:
    project.submit_tuning("together", model="org/tiny", url=there.url)
    there.finish(status="completed")
    (tmp_path / "empty").mkdir()
    for archive, sentence in (
        (b"<html>", "no archive"),
        (packed(trained.peft)[:-40], "no archive"),
        (packed(tmp_path / "empty", zstandard=False), "holds no adapter"),
    ):
        there.archive = archive
        with pytest.raises(ServiceError, match=sentence):
            project.fetch_tuning()
    there.archive = packed(trained.peft, zstandard=False)
    assert project.fetch_tuning().adapter is not None


def test_a_hosted_model_can_be_asked_instead(project: Project, there: Service) -> None:
    project.submit_tuning("together", model="org/tiny", url=there.url)
    there.finish(status="completed", model_output_name="me/tiny-foretune")
    fetched = project.fetch_tuning(hosted=True)
    assert fetched.hosted is not None
    assert (fetched.hosted.model, fetched.hosted.url) == ("me/tiny-foretune", there.url)


@pytest.mark.parametrize(
    ("failure", "sentence"),
    [
        (Failure("GET", "/files", 401), r"the API key is wrong \(401\): check the key in .* OPENAI_API_KEY"),
        (Failure("GET", "/files", 429, times=6), r"too much was asked of it, or the account is empty \(429\): wait"),
        (
            Failure(
                "POST",
                "/files",
                400,
                json.dumps({"error": {"message": f"Line 3: {SECRET} is bad", "code": "invalid_file_format"}}),
            ),
            r"does not accept the file or the settings \(400, invalid_file_format, line 3\): check the pairs with",
        ),
        (Failure("GET", "/files", 200, "<html>Sign in</html>", "text/html"), "answered with a page instead of data: "),
        (Failure("GET", "/files", 404, "<html>Gone</html>", "text/html"), r"with a page instead of data \(404\): "),
        (Failure("POST", "/fine_tuning/jobs", 404, '{"error": {"code": "model_not_found"}}'), "check --model"),
    ],
)
def test_a_refusal_is_one_sentence_that_says_what_to_do(
    project: Project, there: Service, failure: Failure, sentence: str
) -> None:
    there.failures = [failure]
    with pytest.raises(ServiceError, match=sentence) as caught:
        project.submit_tuning("openai", model=MODEL, url=there.url)
    assert SECRET not in str(caught.value)
    assert KEY not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_job_that_failed_says_why_and_is_submitted_anew(project: Project, there: Service) -> None:
    project.submit_tuning("openai", model=MODEL, url=there.url)
    error = {"code": "invalid_training_file", "param": "training_file", "message": f"Example 7: {SECRET}"}
    there.finish(status="failed", error=error)
    ((_, progressed),) = project.tuning_jobs()
    assert (progressed.state, progressed.said) == ("failed", "invalid_training_file, training_file, example 7")
    with pytest.raises(ServiceError, match=r"failed \(invalid_training_file, .*\): mend that and submit it again"):
        project.fetch_tuning()
    there.jobs.clear()
    project.submit_tuning("openai", model=MODEL, url=there.url)
    assert len(there.jobs) == 1


def test_nobody_there_is_a_sentence_too(project: Project, there: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foretune.tuning.services.http.RETRIES", 0)
    with pytest.raises(ServiceError, match="cannot be reached"):
        project.submit_tuning("openai", model=MODEL, url="http://127.0.0.1:9/v1")
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(EngineError, match="OPENAI_API_KEY"):
        project.submit_tuning("openai", model=MODEL, url=there.url)
    with pytest.raises(InputError, match=r"no service 'opnai' to tune with: choose openai, together, axolotl"):
        project.submit_tuning("opnai")


def test_confidential_documents_go_nowhere_they_are_not_approved_for(project: Project, there: Service) -> None:
    label(project, f"page{PAIRS - 1}.md", Label.CONFIDENTIAL)  # only measured on, and would leave all the same
    with pytest.raises(EngineError, match=r"labelled confidential may not go to OpenAI.*engine\.approved_for"):
        project.submit_tuning("openai", model=MODEL, url="https://training.example/v1")
    assert events(project, "access.refuse") == [{"deed": "tune at openai"}]
    assert project.tuning_jobs() == []
    project.submit_tuning("openai", model=MODEL, url=there.url)  # stays on this machine


def test_an_erasure_names_the_jobs_whose_files_hold_the_document_and_they_are_no_longer_fetched(
    project: Project, there: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, _ = project.submit_tuning("openai", model=MODEL, url=there.url)
    ids = {name: value for name, value in job.known.items() if name in ("train", "evaluation", "job")}
    (project.folder / "late.md").write_text("# Late\n\nThis page came after the job, so it knows nothing of it.\n")
    list(project.add([project.folder / "late.md"]))
    assert project.erase(["late.md"]).statement["jobs"] == []

    statement = project.erase([f"page{PAIRS - 1}.md"]).statement  # kept for evaluation: handed over all the same
    (named,) = statement["jobs"]
    assert (named["job"], named["service"], named["at"], named["there"]) == (job.id, "openai", job.at, ids)
    assert any("ask each service" in each for each in statement["remains"])
    there.finish(status="succeeded", fine_tuned_model="ft:1", trained_tokens=1)
    with pytest.raises(InputError, match="delete it and its files at openai") as refused:
        project.fetch_tuning()
    assert statement["receipt"] in str(refused.value)
    monkeypatch.chdir(project.folder)
    assert "learned from what was erased" in run(project, "status")


def test_of_a_job_from_before_documents_were_kept_nobody_can_say_that_it_holds_nothing(
    project: Project, there: Service
) -> None:
    job, _ = project.submit_tuning("openai", model=MODEL, url=there.url)
    stored = {job.id: {**project.vault.setting("tuning_jobs")[job.id]}}
    del stored[job.id]["documents"]
    with project.vault.writing() as connection:
        project.vault.set_setting(connection, "tuning_jobs", stored)
    assert [each["job"] for each in project.erase(["page00.md"]).statement["jobs"]] == [job.id]


def test_fewer_than_ten_pairs_are_not_handed_over(project: Project, there: Service) -> None:
    from sqlalchemy import delete

    with project.vault.writing() as connection:
        connection.execute(delete(t.pair).where(t.pair.c.id >= "pair08"))
    with pytest.raises(NothingToDoError, match="There are 8 pairs"):
        project.submit_tuning("openai", model=MODEL, url=there.url)
    limited = project.config.pairs.model_copy(update={"limit": 8})
    project.config = project.config.model_copy(update={"pairs": limited})
    with pytest.raises(NothingToDoError, match=r"raise pairs\.limit \(it is 8\)"):
        project.submit_tuning("openai", model=MODEL, url=there.url)
    assert there.requests == []


@pytest.mark.parametrize("name", ["axolotl", "llama-factory", "text-generation-webui"])
def test_a_trainer_of_ones_own_gets_a_folder_and_its_adapter_comes_back(
    project: Project, trained: AdapterResult, tmp_path: Path, name: str
) -> None:
    import shutil

    job, said = project.submit_tuning(name, folder=tmp_path / "jobs")
    folder = tmp_path / "jobs" / f"foretune-{job.id}"
    assert str(folder) in said
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= {path.name for path in (folder / "base").iterdir()}
    assert list((folder / name).glob("*train.json*"))
    ((_, waiting),) = project.tuning_jobs()
    assert waiting.state == "waiting"
    shutil.copytree(trained.peft, folder / "adapter")
    history = {"epoch": 2.0, "log_history": [{"loss": 3.5}, {"eval_loss": 3.0}, {"loss": 2.5}, {"train_runtime": 9.0}]}
    (folder / "adapter" / "trainer_state.json").write_text(json.dumps(history))
    fetched = project.fetch_tuning()
    assert fetched.adapter is not None
    assert fetched.adapter.hash == trained.hash
    assert fetched.adapter.metrics["losses"] == [3.5, 2.5]
    assert fetched.adapter.metrics["evaluation_losses"] == [3.0]


def test_what_was_changed_in_a_jobs_folder_is_not_taken_for_what_was_learnt(
    project: Project, trained: AdapterResult, tmp_path: Path
) -> None:
    import shutil

    job, _ = project.submit_tuning("axolotl", folder=tmp_path)
    folder = tmp_path / f"foretune-{job.id}"
    shutil.copytree(trained.peft, folder / "adapter")
    (folder / "axolotl" / "train.jsonl").write_text("{}\n")
    with pytest.raises(ServiceError, match=r"train\.jsonl is not what was written there"):
        project.fetch_tuning()


def test_an_adapter_the_engine_cannot_switch_is_refused(
    project: Project, trained: AdapterResult, tmp_path: Path
) -> None:
    project.submit_tuning("axolotl", folder=tmp_path)
    path = trained.peft / CONFIG
    config = json.loads(path.read_text())
    for change, error, sentence in (
        ({"peft_type": "IA3"}, InputError, "of the kind IA3"),
        ({"modules_to_save": ["lm_head"]}, InputError, "whole layers of its own"),
        ({"bias": "all"}, InputError, "with biases"),
        ({"rank_pattern": {"q_proj": 4}}, InputError, "a rank for each layer"),
        ({"r": 3}, ModelError, "is for another model than tiny-llama"),
        ({"r": "many"}, InputError, "is damaged"),
    ):
        path.write_text(json.dumps({**config, **change}))
        with pytest.raises(error, match=sentence):
            project.fetch_tuning(folder=trained.peft)
    assert project.adapters() == []


def test_an_adapter_of_another_model_or_of_no_numbers_is_refused(
    project: Project, trained: AdapterResult, tmp_path: Path
) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    project.submit_tuning("axolotl", folder=tmp_path)
    weights = load_file(trained.peft / WEIGHTS)
    first = next(iter(weights))
    for changed, error, sentence in (
        ({first: weights[first] * torch.nan}, InputError, "numbers that are none"),
        ({first: weights[first][:, :-1].contiguous()}, ModelError, "is for another model than tiny-llama"),
        ({first.replace("layers.0", "layers.40"): weights[first].clone()}, ModelError, "there is none here"),
        (
            {"base_model.model.lm_head.lora_A.weight": weights[first].clone()},
            InputError,
            "lm_head.*the engine cannot switch",
        ),
    ):
        save_file({**weights, **changed}, trained.peft / WEIGHTS)
        with pytest.raises(error, match=sentence):
            project.fetch_tuning(folder=trained.peft)
    with pytest.raises(InputError, match=r"no adapter_config\.json in .*--from names another folder"):
        read_adopted_folder(tmp_path)


def test_jobs_are_submitted_followed_and_fetched_on_the_command_line(
    project: Project, there: Service, trained: AdapterResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.folder)
    assert run(project, "status").startswith("No job was submitted yet")
    out = run(project, "submit", "together", "--model", "org/tiny", "--url", there.url)
    assert "16 pairs to learn" in out
    there.finish(status="running", progress={"estimate_available": True, "seconds_remaining": 120})
    assert run(project, "status").rstrip().endswith("running; about 2.0 min left")
    there.archive = packed(trained.peft)
    there.finish(status="completed")
    row = json.loads(run(project, "status", "--json"))
    assert (row["state"], row["pairs"]) == ("succeeded", 16)
    assert "fetched from together, label internal" in run(project, "fetch")
    row = json.loads(run(project, "list", "--json"))
    assert (row["kind"], row["loss"]) == ("together", None)
    assert "Not told by whoever trained it." in run(project, "card")
