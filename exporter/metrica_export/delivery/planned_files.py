"""The files of a plan: the bytes that a run would send, if Metrica accepts every row."""

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from metrica_export.checks.sendable import count_sendable
from metrica_export.checks.staged_mart import StagedMart
from metrica_export.delivery.chunk_file import suffix_of, write_chunk
from metrica_export.delivery.chunks import Chunk
from metrica_export.delivery.reference_lists import list_parts
from metrica_export.delivery.waves import waves
from metrica_export.errors import SettingsError
from metrica_export.metrica.list_body import list_body
from metrica_export.warehouse.connection import Attached

_PRIVATE_FOLDER, _PRIVATE_FILE = 0o700, 0o600


def check_folder(folder: Path) -> None:
    """Create the folder unless it exists; SettingsError if it has a file or cannot be used."""
    try:
        folder.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
        is_empty = not any(folder.iterdir())
    except OSError as error:
        raise SettingsError(
            f"The folder {folder} cannot be used ({error.strerror}). Give --files another folder."
        ) from None
    if not is_empty:
        raise SettingsError(f"The folder {folder} is not empty. Give --files an empty folder.")


def write_files(
    wh: Attached, marts: Sequence[tuple[StagedMart, list[Chunk]]], staging: Path, folder: Path
) -> int:
    """Write the files of all marts, numbered in the order of sending; return their number.

    Each mart comes with the chunks of its first wave. `staging` is a private folder for one file.
    Only this user can read the written files.
    """
    written = 0
    with wh.one_thread_each():
        for staged, chunks in marts:
            if not count_sendable(wh, staged):
                continue
            for path in _files(wh, staged, chunks, staging):
                written += 1
                _move(path, folder / f"{written:04}-{staged.name}{path.suffix}")
    return written


def _files(wh: Attached, staged: StagedMart, chunks: list[Chunk], staging: Path) -> Iterator[Path]:
    place = staging / "planned"
    if staged.mart.entity.is_reference_list:
        for part in list_parts(wh, staged):
            path = place.with_suffix(".json")
            # As requests writes it.
            path.write_text(json.dumps(list_body(staged.mart.entity, part)), encoding="utf-8")
            yield path
        return
    for wave in waves(wh, staged, chunks):
        if wave.number > staged.limits.max_steps:
            return
        path = place.with_suffix(suffix_of(staged, wave.rows))
        for chunk in wave.chunks:
            yield write_chunk(wh, staged, wave.number, chunk, path).path


def _move(source: Path, target: Path) -> None:
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE_FILE)
        with os.fdopen(descriptor, "wb") as file, source.open("rb") as written:
            shutil.copyfileobj(written, file)
    except OSError as error:
        raise SettingsError(
            f"Cannot write {target} ({error.strerror}). Give --files a folder with more room."
        ) from None
    source.unlink()
