"""Where settings files are found."""

from __future__ import annotations

import pytest

from d4p.errors import Refused
from d4p_compile import conf
from d4p_compile.conf import conf_file

NAMES = ["log4j2.properties", "spark-defaults.conf"]


@pytest.fixture
def environ(tmp_path):
    return {"XDG_CONFIG_HOME": str(tmp_path / "config")}


@pytest.mark.parametrize("name", NAMES)
def test_those_that_come_with_it(environ, name):
    assert conf_file(name, environ).is_file()


def test_the_users_own_come_first_file_by_file(tmp_path, environ):
    config, named = tmp_path / "config" / "d4p_compile", tmp_path / "named"
    for folder in (config, named):
        folder.mkdir(parents=True)
        (folder / NAMES[0]).write_text("")
    assert conf_file(NAMES[0], environ).parent == config
    environ["D4P_CONF_DIR"] = str(named)
    assert conf_file(NAMES[0], environ).parent == named
    assert conf_file(NAMES[1], environ).parent not in (config, named)


def test_installed_files_come_before_a_stray_folder_beside_the_package(tmp_path, environ, monkeypatch):
    installed, stray = tmp_path / "conf_files", tmp_path / "conf"
    for folder in (stray, installed):
        folder.mkdir()
        (folder / "x.conf").write_text("")
    monkeypatch.setattr(conf, "_INSTALLED", installed)
    monkeypatch.setattr(conf, "_CHECKOUT", stray)
    assert conf_file("x.conf", environ).parent == installed


def test_a_name_that_is_in_none_lists_those_that_are(environ):
    with pytest.raises(Refused, match="no settings file 'log4j.xml' in .*; there are: .*log4j2.properties"):
        conf_file("log4j.xml", environ)


def test_a_folder_that_is_not_there(environ):
    environ["D4P_CONF_DIR"] = "/nowhere"
    with pytest.raises(Refused, match="D4P_CONF_DIR is /nowhere"):
        conf_file(NAMES[0], environ)
