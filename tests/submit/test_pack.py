"""`--env pack`: an archive that runs elsewhere, made once, from a virtual environment with d4p in editable form."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import types

import pytest

from d4p.errors import Refused
from d4p.hadoop.submit.pack import editables, env_archive, pack

from . import small_env
from .running import environment


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A small environment, and the archive that its own d4p made of it."""
    folder = tmp_path_factory.mktemp("small")
    python = small_env.make(folder / "env")
    cache = folder / "cache"
    command = [python, "-m", "d4p.hadoop.submit.pack"]
    done = subprocess.run(command, env=environment(XDG_CACHE_HOME=str(cache)), capture_output=True, text=True,
                          timeout=300)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return folder / "env", done.stdout.strip(), cache


def test_it_runs_where_it_is_unpacked(made, tmp_path):
    _, archive, _ = made
    (tmp_path / "env").mkdir()
    subprocess.run(["tar", "-xzf", archive, "-C", tmp_path / "env"], check=True, timeout=300)
    code = "import sys, numpy; print(sys.prefix); print(numpy.__file__)"
    done = subprocess.run(["env/bin/python", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True,
                          timeout=300)
    assert all(line.startswith(str(tmp_path)) for line in done.stdout.splitlines())


def test_what_travels_otherwise_is_not_in_it(made):
    _, archive, _ = made
    with tarfile.open(archive) as tar:
        names = tar.getnames()
    assert any(name.endswith("site-packages/click/core.py") for name in names)
    assert not [name for name in names if "d4p" in name or "__editable__" in name]


def test_it_is_made_again_only_after_a_change(made):
    prefix, archive, cache = made
    env = environment(XDG_CACHE_HOME=str(cache))
    assert str(env_archive(str(prefix), env)) == archive
    (site,) = prefix.glob("lib/python3*/site-packages")
    (site / "click" / "__pycache__").mkdir(exist_ok=True)
    (site / "click" / "__pycache__" / "x.pyc").write_text("")
    assert str(env_archive(str(prefix), env)) == archive
    (site / "new.py").write_text("")
    assert str(env_archive(str(prefix), env)) != archive
    (site / "new.py").unlink()


def test_a_package_in_editable_form_is_named(made, tmp_path):
    prefix, _, _ = made
    assert editables(str(prefix)) == []  # d4p's own travels as a zip
    (site,) = prefix.glob("lib/python3*/site-packages")
    (site / "mine-1.dist-info").mkdir()
    (site / "mine-1.dist-info" / "direct_url.json").write_text(json.dumps({"dir_info": {"editable": True}}))
    assert editables(str(prefix)) == ["mine"]
    (site / "mine.pth").write_text("/home/me/mine\n")
    with pytest.raises(Refused, match=r"can't be packed: .* editable installs, which lie outside \(/home/me/mine\)"):
        pack(tmp_path / "a.tar.gz", str(prefix))
    assert not list(tmp_path.iterdir())
    (site / "mine.pth").unlink()


@pytest.mark.parametrize(("words", "said"), [
    (["d4p.hadoop.submit.pack"], "failed: the environment PREFIX can't be packed into CACHE/d4p: Not a directory; "),
    (["d4p.hadoop.submit.share", "a.tar.gz", "hdfs:///a.tar.gz"], "refused: there is no Spark here"),
])  # fmt: skip
def test_what_is_done_first_ends_with_a_sentence_as_all_else(words, said, tmp_path):
    """--dry-run prints these two commands."""
    cache = tmp_path / "file"
    cache.write_text("")
    env = environment(SPARK_HOME=str(tmp_path), XDG_CACHE_HOME=str(cache))
    done = subprocess.run([sys.executable, "-m", *words], env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == (1 if said.startswith("failed") else 2)
    assert done.stderr.startswith(said.replace("PREFIX", sys.prefix).replace("CACHE", str(cache))), done.stderr


def test_no_environment_and_no_packer(tmp_path, monkeypatch):
    with pytest.raises(Refused, match="isn't in one: make one .*or give --env path --python PYTHON"):
        env_archive(str(tmp_path))
    (tmp_path / "pyvenv.cfg").write_text("")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(Refused, match="needs venv-pack, which isn't installed: .*-m pip install venv-pack"):
        env_archive(str(tmp_path))


def test_an_environment_of_conda_is_packed_by_its_own_packer(tmp_path, monkeypatch):
    (tmp_path / "conda-meta").mkdir()
    called = {}

    def packs(output, **options):
        called.update(options)
        open(output, "w").close()

    module = types.ModuleType("conda_pack")
    module.pack, module.__spec__ = packs, types.SimpleNamespace()
    monkeypatch.setitem(sys.modules, "conda_pack", module)
    archive = env_archive(str(tmp_path), {"XDG_CACHE_HOME": str(tmp_path / "cache")})
    pack(archive, str(tmp_path))
    assert archive.exists() and called["prefix"] == str(tmp_path) and called["ignore_editable_packages"]
