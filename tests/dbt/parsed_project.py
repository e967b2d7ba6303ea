"""Manifests of parsed dbt projects, shared by all warehouses of a test process.

dbt parses a project in three times the time in which it builds it for a small CRM, and most tests
build the project as it is. dbt's own partial parsing does not help: each test has a new warehouse,
and dbt parses everything again when the connection changes.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from dbt.contracts.graph.manifest import Manifest
from dbt.parser.manifest import extended_mashumaro_encoder, extended_mashumuro_decoder

COMMANDS = frozenset({"build", "compile", "run", "seed", "show", "test"})
"""The commands that take a parsed manifest; the others write one, or look at the files."""

_OUTPUT = frozenset({"target", "logs"})


@dataclass(frozen=True, slots=True)
class ParsedProject:
    """A manifest as dbt keeps it, and the complaints that dbt had while it parsed the project."""

    packed: bytes
    database: str
    complaints: str

    def manifest(self, database: str) -> Manifest:
        """Return a manifest of its own for one command, for a database with a name as long."""
        packed = self.packed
        for old, new in zip(_spellings(self.database), _spellings(database), strict=True):
            assert len(old) == len(new)
            packed = packed.replace(old, new)
        manifest = Manifest.from_msgpack(packed, decoder=extended_mashumuro_decoder)
        manifest.build_flat_graph()  # type: ignore[no-untyped-call]
        return manifest


_parsed: dict[tuple[object, ...], ParsedProject] = {}


def parsed_project(
    project: Path,
    profiles: Path,
    database: str,
    others: tuple[str, str],
    parse: Callable[[], tuple[Manifest | None, str]],
) -> ParsedProject | None:
    """Return the parsed project; `parse` is called if no equal project was parsed before.

    `others` are the arguments that the manifest depends on. None if dbt cannot parse it.
    """
    profile = (profiles / "profiles.yml").read_bytes()
    key = (_fingerprint(project), profile, len(database), others)
    if key not in _parsed:
        manifest, complaints = parse()
        if manifest is None:
            return None
        packed = bytes(manifest.to_msgpack(extended_mashumaro_encoder))
        _parsed[key] = ParsedProject(packed, database, complaints)
    return _parsed[key]


def _spellings(database: str) -> tuple[bytes, bytes]:
    """Return the packed entry of a database and its quoted name, as in the name of a relation."""
    entry = b"".join(map(extended_mashumaro_encoder, ("database", database)))
    return entry, f'"{database}"'.encode()


def _fingerprint(folder: Path) -> str:
    """Return a hash of the names and contents of a folder's files, packages included."""
    found = sha256()
    for path, folders, files in os.walk(folder, followlinks=True):
        folders[:] = sorted(set(folders) - _OUTPUT)
        for name in sorted(files):
            file = Path(path, name)
            found.update(f"{file.relative_to(folder)}\0".encode())
            found.update(sha256(file.read_bytes()).digest())
    return found.hexdigest()
