"""The revision of git that a folder is at, read from git's own files: no program is started for it."""

from __future__ import annotations

from pathlib import Path


def revision(folder: str | Path) -> str | None:
    """The commit that is checked out where the folder lies; None where git doesn't keep it, or has no commit yet."""
    try:
        for place in (Path(folder).resolve(), *Path(folder).resolve().parents):
            if (git := place / ".git").exists():
                return _head(_pointed(git))
    except (OSError, ValueError):
        pass  # it can't be read, or it isn't git's: nothing is said then
    return None


def _pointed(git: Path) -> Path:
    """The folder itself, or where the file of a worktree or a submodule points."""
    if git.is_dir():
        return git
    return git.parent / git.read_text().partition("gitdir:")[2].strip()


def _head(git: Path) -> str | None:
    head = (git / "HEAD").read_text().strip()
    if not head.startswith("ref:"):
        return head
    name = head.partition(":")[2].strip()
    common = git / (git / "commondir").read_text().strip() if (git / "commondir").exists() else git
    for place in (git, common):
        if (place / name).exists():
            return (place / name).read_text().strip()
    packed = common / "packed-refs"
    lines = packed.read_text().splitlines() if packed.exists() else []
    return next((line.split()[0] for line in lines if line.endswith(f" {name}")), None)
