"""Models of the Hugging Face Hub: only what a model needs and nothing that runs, resumable, every hash compared.

huggingface_hub downloads (interrupted, it goes on where it stopped); what has a
SHA-256 on the Hub is held against it afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from foretune.errors import ModelError
from foretune.models.files import HashMemo
from foretune.models.store import models_folder
from foretune.progress import Progress, silent

__all__ = ["fetch_repository", "hub_errors", "is_repository"]

_WANTED = ("*.safetensors", "*.json", "*.jinja", "*.model", "*.txt", "README.md", "LICENSE*", "NOTICE*")
"""Weights that hold numbers only, configuration, tokenizer, card and licence: no pickles, no code."""


def is_repository(name: str) -> bool:
    """``organisation/name``, or a GGUF file in one, where no such path is on this machine."""
    return bool(re.fullmatch(r"[\w][\w.-]*/[\w.-]+(?:/[\w./-]+\.gguf)?", name)) and not Path(name).exists()


@contextmanager
def hub_errors(repository: str) -> Iterator[None]:
    """Whatever goes wrong with the Hub as one sentence."""
    from huggingface_hub.errors import (  # type: ignore[attr-defined]  # HTTPError is of its HTTP library
        EntryNotFoundError,
        GatedRepoError,
        HFValidationError,
        HTTPError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
    )

    try:
        yield
    except GatedRepoError:
        raise ModelError(
            f"{repository} is closed: accept its terms on huggingface.co and run `hf auth login`."
        ) from None
    except (RepositoryNotFoundError, HFValidationError):
        raise ModelError(f"There is no repository {repository!r} on Hugging Face that you may see: check it.") from None
    except LocalEntryNotFoundError:
        raise ModelError(_unreachable(repository)) from None
    except EntryNotFoundError:
        raise ModelError(f"{repository} holds no such file: look at its list of files on huggingface.co.") from None
    except (HTTPError, OSError):
        raise ModelError(_unreachable(repository)) from None


def _unreachable(repository: str) -> str:
    return (
        f"Hugging Face cannot be reached for {repository}: check the network (and HF_ENDPOINT, if it is set), "
        "or give the path of a model that is here."
    )


def fetch_repository(name: str, progress: Progress = silent) -> Path:
    """Bring a repository, or one GGUF file of it, into the store; returns the folder, or the file.

    Raises:
        ModelError: it is not there, closed, has only pickled weights, or a hash differs.
    """
    from huggingface_hub import HfApi, snapshot_download

    owner, repository, *rest = name.split("/")
    wanted = "/".join(rest)
    identity = f"{owner}/{repository}"
    folder = models_folder() / "hub" / f"{owner}--{repository}"
    with hub_errors(identity):
        files = HfApi().model_info(identity, files_metadata=True).siblings or []
        names = {file.rfilename for file in files}
        if wanted and wanted not in names:
            raise ModelError(f"{identity} holds no {wanted}: look at its list of files on huggingface.co.")
        if not wanted and not any(file.endswith(".safetensors") for file in names):
            ggufs = sorted(file for file in names if file.endswith(".gguf"))
            what = f"name one of its GGUF files: {identity}/{ggufs[0]}" if ggufs else "it has no safe weights"
            raise ModelError(f"{identity} holds no safetensors: {what}.")
        with progress.step(f"fetching {identity}", total=1, unit="repository") as step:
            snapshot_download(identity, local_dir=folder, allow_patterns=[wanted] if wanted else list(_WANTED))
            step.advance()
    memo = HashMemo(models_folder())
    for file in files:
        path = folder / file.rfilename
        if file.lfs is not None and path.is_file() and memo.sha256(path) != file.lfs.sha256:
            path.unlink()
            raise ModelError(f"{path.name} of {identity} arrived with a wrong SHA-256 and was removed: fetch it again.")
    return folder / wanted if wanted else folder
