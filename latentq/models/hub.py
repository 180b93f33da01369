"""Models as folders that others can take: saved, read back, and put on the Hugging Face Hub.

The methods have the names and the meaning of those of `huggingface_hub.ModelHubMixin`, and the
folders are those of :mod:`latentq.models.storage`: `config.json` and `weights.safetensors`, with
the card and the metrics beside them. The package `huggingface_hub` is asked for where a repository
is read or written, and nowhere else.
"""

import hashlib
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, Self

from torch import nn

from latentq.errors import CheckpointError, InputError
from latentq.models import storage
from latentq.models.origin import origin_of
from latentq.models.shipped import CONFIG, WEIGHTS, find_model
from latentq.paths import write_atomically

#: What lies beside a model that is shipped, and goes where the same weights go.
COMPANIONS = ("README.md", "metrics.json", "config.yaml")
REPOSITORY = re.compile(r"(?!checkpoints/)[\w.-]+/[\w.-]+")


def open_hub(purpose: str) -> ModuleType:
    """Returns the package `huggingface_hub`.

    Arguments:
        purpose: What needs it, for the message.

    Raises:
        InputError: If it is not installed.
    """
    try:
        import huggingface_hub
    except ImportError as error:
        raise InputError(
            f"{purpose} needs huggingface_hub, which is not installed here; "
            "pip install huggingface_hub"
        ) from error
    found: ModuleType = huggingface_hub
    return found


def _asked(what: str, ask: Callable[[], Any]) -> Any:  # noqa: ANN401
    """Returns what the Hub answers, and tells a refusal in one line.

    Raises:
        InputError: If it refuses, or there is no way to it.
    """
    try:
        return ask()
    except (OSError, ValueError) as error:
        why = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(f"{what}: {why}") from error


class HubModel:
    """What a model of LatentQ has for the Hub, and for folders of the same kind."""

    def save_pretrained(
        self,
        save_directory: str | Path,
        *,
        repo_id: str | None = None,
        push_to_hub: bool = False,
        **push_to_hub_kwargs: Any,  # noqa: ANN401
    ) -> str | None:
        """Saves the model, so that :meth:`from_pretrained` and :func:`latentq.load` give it back.

        Its card and metrics go with it, if its weights are still those that they tell of.

        Arguments:
            save_directory: The folder to write to; it is made if it does not exist.
            repo_id: The repository, the name of the folder if `None`.
            push_to_hub: Whether to put it on the Hub too, see :meth:`push_to_hub`.
            push_to_hub_kwargs: The arguments of :meth:`push_to_hub`.

        Returns:
            What :meth:`push_to_hub` returns, or `None`.

        Raises:
            InputError: If the arguments that built the model are not known.
        """
        folder = Path(save_directory)
        _save(self, folder)
        if not push_to_hub:
            return None
        return self.push_to_hub(repo_id or folder.name, **push_to_hub_kwargs)

    @classmethod
    def from_pretrained(
        cls,
        pretrained_model_name_or_path: str | Path,
        *,
        force_download: bool = False,
        token: str | bool | None = None,
        cache_dir: str | Path | None = None,
        local_files_only: bool = False,
        revision: str | None = None,
        device: str = "cpu",
    ) -> Self:
        """Loads a model of this class, ready to sample.

        Arguments:
            pretrained_model_name_or_path: What :func:`latentq.load` takes, or else a repository of
                the Hub, `OWNER/NAME`.
            force_download: Whether to read files again that are on this machine.
            token: The token of the Hub; that of this machine if `None`.
            cache_dir: Where files of the Hub are kept.
            local_files_only: Whether to read nothing from the Hub.
            revision: The branch, tag or commit.
            device: The device to put it on.

        Raises:
            CheckpointError: If there is no model, or a file of it is damaged or does not fit.
            InputError: If it is of another class, or the Hub cannot be asked.
        """
        name = str(pretrained_model_name_or_path)
        try:
            folder = find_model(pretrained_model_name_or_path)
        except CheckpointError:
            if not REPOSITORY.fullmatch(name):
                raise
            hub = open_hub(f"from_pretrained: {name} is no folder with a model; the Hub")
            found = _asked(
                f"from_pretrained: {name} is no folder with a model, nor one of the Hub",
                lambda: hub.snapshot_download(
                    name, revision=revision, cache_dir=cache_dir, force_download=force_download,
                    token=token, local_files_only=local_files_only,
                    allow_patterns=[CONFIG, WEIGHTS, *COMPANIONS],
                ),
            )  # fmt: skip
            folder = Path(found)
        model = storage.load(folder, device)
        if not isinstance(model, cls):
            kind = type(model).__qualname__
            raise InputError(f"from_pretrained: must be a {cls.__qualname__}, {name} is a {kind}")
        return model

    def push_to_hub(
        self,
        repo_id: str,
        *,
        commit_message: str = "Push a model of LatentQ.",
        private: bool | None = None,
        token: str | None = None,
        branch: str | None = None,
        create_pr: bool | None = None,
    ) -> str:
        """Puts the model into a repository of the Hub, which is made if there is none.

        Arguments:
            repo_id: The repository, `OWNER/NAME`.
            commit_message: The message of the commit.
            private: Whether a new repository is private.
            token: The token of the Hub; that of this machine if `None`.
            branch: The branch, `main` if `None`.
            create_pr: Whether to ask for a change instead of making it.

        Returns:
            What the Hub says of the commit, its address.

        Raises:
            InputError: If `huggingface_hub` is not installed, the Hub refuses, or the arguments
                that built the model are not known.
        """
        api = open_hub("push_to_hub:").HfApi(token=token)
        with tempfile.TemporaryDirectory() as place:
            _save(self, Path(place))
            made = _asked(
                "push_to_hub",
                lambda: api.create_repo(repo_id=repo_id, private=private, exist_ok=True),
            )
            pushed: str = _asked(
                "push_to_hub",
                lambda: api.upload_folder(
                    repo_id=made.repo_id, repo_type="model", folder_path=place,
                    commit_message=commit_message, revision=branch, create_pr=create_pr,
                ),
            )  # fmt: skip
        return pushed


def _save(model: object, folder: Path) -> None:
    """Saves a model, and what tells of its weights if they are still the same."""
    origin = origin_of(model)
    assert isinstance(model, nn.Module)  # Nothing else has an origin.
    same = hashlib.sha256(storage.weights_of(model)).hexdigest() == origin.sha256
    notes = origin.notes if same else {}
    storage.save(model, folder, origin.kind, origin.arguments, notes)
    if same and origin.folder is not None:
        beside = [origin.folder / name for name in COMPANIONS]
        for path in (path for path in beside if path.is_file()):
            write_atomically(folder / path.name, path.read_bytes())
