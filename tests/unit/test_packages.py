"""What pyspark asks for, read from its metadata, and what of it isn't here or is too old."""

from __future__ import annotations

from importlib import metadata

import pytest

from d4p.errors import Refused
from d4p.hadoop import packages
from d4p_compile.targets import Availability, spark_df

NEW = ["py4j<0.10.9.10,>=0.10.9.7", 'pandas>=2.2.0; extra == "sql"', 'pyarrow>=18.0.0; extra == "sql"',
       'numpy>=1.23.2; extra == "ml"', 'grpcio>=1.76.0; extra == "connect"', 'pandas>=2.2.0; extra == "connect"']
OLD = ["py4j (==0.10.9.7)", "pandas (>=1.0.5) ; extra == 'sql'", "pyarrow (>=4.0.0) ; extra == 'sql'",
       "grpcio (<1.57,>=1.56.0) ; extra == 'connect'"]  # fmt: skip
HERE = {"py4j": "0.10.9.9", "numpy": "2.0.0"}


@pytest.fixture
def installed(monkeypatch):
    """Makes an environment of a pyspark that states requirements (None: there is none) and of other packages."""

    def make(requires: list[str] | None, **versions: str) -> None:
        there = {**HERE, **({} if requires is None else {"pyspark": "4"}), **versions}

        def of(table):
            def get(name):
                if name not in there:
                    raise metadata.PackageNotFoundError(name)
                return table(name)

            return get

        monkeypatch.setattr(metadata, "version", of(lambda name: there[name]))
        monkeypatch.setattr(metadata, "requires", of(lambda name: requires))

    return make


@pytest.mark.parametrize(("requires", "extra", "versions", "lacks"), [
    (NEW, "sql", {}, ["pandas>=2.2.0", "pyarrow>=18.0.0"]),
    (NEW, "sql", {"pandas": "2.1.4", "pyarrow": "18.0.0.dev3"}, ["pandas>=2.2.0 (2.1.4 is installed)"]),
    (NEW, "sql", {"pandas": "2.10.0", "pyarrow": "26.0.1"}, []),
    (NEW, "connect", {"pandas": "3.0"}, ["grpcio>=1.76.0"]),
    (OLD, "sql", {"pyarrow": "3.0"}, ["pandas>=1.0.5", "pyarrow>=4.0.0 (3.0 is installed)"]),
    (OLD, "connect", {"grpcio": "1.56.2"}, []),
    (None, "sql", {"pyarrow": "14.0"}, ["pandas"]),
])  # fmt: skip
def test_what_is_lacking(requires, extra, versions, lacks, installed):
    installed(requires, **versions)
    assert packages.lacking(extra) == lacks


def test_the_target_and_the_program_say_so_before_spark_starts(installed, monkeypatch):
    monkeypatch.setattr(spark_df, "spark_here", lambda: Availability(True, "pyspark 4.3.0, Java 17"))
    installed(NEW, pyarrow="12.0.1")
    said = spark_df.available()
    assert said == Availability(False, "pyspark 4.3.0, Java 17; it asks for pandas>=2.2.0, pyarrow>=18.0.0 (12.0.1 is "
                                "installed)", "pip install 'pandas>=2.2.0' 'pyarrow>=18.0.0'")  # fmt: skip
    monkeypatch.setenv("SPARK_REMOTE", "sc://host")
    assert spark_df.available().details == "Spark Connect at sc://host; it asks for grpcio>=1.76.0, pandas>=2.2.0"
    installed(NEW, pyarrow="18.0.0", pandas="2.2.0", grpcio="1.80")
    assert spark_df.available().runs


@pytest.mark.spark
def test_a_program_by_itself_refuses(installed):
    pytest.importorskip("pyspark")
    from types import SimpleNamespace

    from d4p.engines.spark_df.run import execute

    installed(NEW)
    with pytest.raises(Refused, match="this pyspark asks for pandas>=2.2.0, pyarrow>=18.0.0: pip install 'pandas"):
        execute(SimpleNamespace(workflow=SimpleNamespace(flat=None)), None)
