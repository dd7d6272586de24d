"""Which host paths an agent must be able to read for our own Python code to run in its sandbox: the
interpreter, the virtual environment, the sources of editable installs, and the programs named.
"""

import os
import shutil
import site
import sys
from collections.abc import Iterable
from pathlib import Path

ALWAYS_VISIBLE = (Path("/usr"), Path("/bin"), Path("/sbin"), Path("/lib"), Path("/lib64"), Path("/nix/store"))


def code_paths(programs: Iterable[str] = ()) -> tuple[Path, ...]:
    """Of the running interpreter, and of `programs` found on PATH; nothing that every sandbox has anyway.

    The working directory is left out even when it is on sys.path: it may hold anything.
    """
    found = [Path(sys.prefix), Path(sys.base_prefix), *_links(Path(sys.executable))]
    for folder in site.getsitepackages():
        found += [Path(folder), *_editable_sources(Path(folder))]
    for program in programs:
        if path := shutil.which(program):
            found += _links(Path(path))
    return _outermost(found + [path.resolve() for path in found])


def _editable_sources(folder: Path) -> list[Path]:
    """The folders named by the `.pth` files there."""
    sources: list[Path] = []
    for file in sorted(folder.glob("*.pth")):
        for line in file.read_text(errors="replace").splitlines():
            path = folder / line.strip()
            if line.strip() and not line.startswith(("#", "import ", "import\t")) and path.is_dir():
                sources.append(path)
    return sources


def _links(path: Path) -> list[Path]:
    """The path and everything its chain of links leads through."""
    chain = [path]
    while chain[-1].is_symlink() and len(chain) < 40:
        chain.append(Path(os.path.normpath(chain[-1].parent / chain[-1].readlink())))
    return chain


def _outermost(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Sorted, without what doesn't exist or lies below another or below what is always visible."""
    kept: list[Path] = []
    for path in sorted(set(paths)):
        covered = any(path.is_relative_to(outer) for outer in (*ALWAYS_VISIBLE, *kept))
        if path.exists() and not covered:
            kept.append(path)
    return tuple(kept)
