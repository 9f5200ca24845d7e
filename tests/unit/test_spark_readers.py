"""Spark's own reader gives the lines that every engine reads, or isn't used."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import functions as F

from d4p import ReadFiles, ReadLines
from d4p.engines.spark import figures, readers
from d4p.engines.spark.readers import source
from d4p.engines.spark_df.exchange import by_hash, representatives, shuffle

pytestmark = pytest.mark.spark
#: Line ends, marks, malformed and cut UTF-8, characters that only some take for line ends.
PIECES = [b"a", b"word ", b"\n", b"\r", b"\r\n", b"\xef\xbb\xbf", b"\xff", b"\xe2\x82", "é€𝄞".encode(), b"\x0b",
          b"\x00", "\u2028".encode(), b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\x80"]  # fmt: skip


@pytest.fixture
def spark(spark_session):
    """A session that cuts files into small pieces."""
    before = spark_session.conf.get("spark.sql.files.maxPartitionBytes")
    spark_session.conf.set("spark.sql.files.maxPartitionBytes", "7b")
    spark_session.conf.set("spark.sql.files.openCostInBytes", "4b")
    yield spark_session
    spark_session.conf.set("spark.sql.files.maxPartitionBytes", before)
    spark_session.conf.unset("spark.sql.files.openCostInBytes")


def read(spark, reader: ReadLines, instances: int = 3) -> Counter | None:
    """What Spark reads, in as many partitions as asked for; None where it isn't asked to."""
    found = source(spark, reader, instances, None)
    if not found.native:
        return None
    assert found.frame.rdd.getNumPartitions() == instances
    return Counter(found.items(reader, (row.value for row in found.frame.collect())))


def by_python(reader: ReadLines) -> Counter:
    return Counter(line for split in reader.plan_splits() for line in reader.read(split))


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=30).map(b"".join), min_size=1, max_size=3))
def test_the_same_lines_wherever_files_are_cut(spark, tmp_path_factory, texts: list[bytes]) -> None:
    folder = tmp_path_factory.mktemp("texts")
    for number, text in enumerate(texts):
        (folder / f"{number}.txt").write_bytes(text)
    reader = ReadLines(str(folder))
    assert read(spark, reader) == by_python(reader)


def test_compressed_files_are_read_where_hadoop_knows_how(spark, tmp_path):
    text = "".join(f"line {i}\n" for i in range(1000)).encode()
    (tmp_path / "a.gz").write_bytes(gzip.compress(text[:5000]) + gzip.compress(text[5000:]))
    (tmp_path / "b.bz2").write_bytes(bz2.compress(text))
    (tmp_path / "c.txt").write_bytes(text)
    reader = ReadLines(str(tmp_path))
    assert read(spark, reader) == by_python(reader)
    for name, packed in {"d.xz": lzma.compress(text), "e.GZ": gzip.compress(text)}.items():
        (tmp_path / name).write_bytes(packed)
        assert read(spark, reader) is None
        (tmp_path / name).unlink()


@pytest.mark.parametrize("pattern", ["", "/*.txt", "/**/*", "/{a}.txt", "/sub/k=v/x.txt", "/a b.txt", "/??*"])
def test_just_the_files_that_a_path_stands_for(spark, tmp_path, pattern):
    for name in ["plain.txt", "a b.txt", "c,d.txt", "{a}.txt", "[1].txt", "50%20.txt", "é.txt", "empty.txt",
                 "sub/k=v/x.txt", "sub/y.txt", "#1?.txt", *([] if pattern else ["_hidden.txt", ".dot.txt"])]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("" if name.startswith("empty") else f"in {name}\n")
    reader = ReadLines(f"{tmp_path}{pattern}")
    assert read(spark, reader) == by_python(reader)


def test_names_that_hadoop_hides_are_left_to_the_splits(spark, tmp_path):
    (tmp_path / "_hidden.txt").write_text("x\n")
    reader = ReadLines(str(tmp_path / "_hidden.txt"))
    assert read(spark, reader) is None and by_python(reader) == Counter("x")


def test_several_paths_that_overlap_are_read_once(spark, tmp_path):
    (tmp_path / "a.txt").write_text("once\n")
    reader = ReadLines([str(tmp_path), str(tmp_path / "a.txt"), str(tmp_path / "*.txt")])
    assert read(spark, reader) == by_python(reader) == Counter(["once"])


def test_what_spark_would_read_in_another_way_is_left_to_the_splits(spark, tmp_path):
    (tmp_path / "a.txt").write_text("x\ny\n")
    latin = ReadLines(str(tmp_path), encoding="latin-1")
    assert read(spark, latin) is None
    plain = ReadLines(str(tmp_path))
    assert not source(spark, plain, 3, limit=1).native  # the first items: in order
    assert not source(spark, plain, 1, None).native  # one instance keeps the order
    assert list(source(spark, latin, 2, None).items(latin, range(2))) == ["x", "y"]


@pytest.mark.parametrize(("kind", "broken"), [(ReadLines, "cut"), (ReadLines, "gone"), (ReadFiles, "gone")])
def test_what_is_broken_is_not_left_out_where_the_cluster_says_so(spark, tmp_path, monkeypatch, kind, broken):
    class Away:  # Spark is left whole files that aren't on this machine
        unstrip_protocol = staticmethod("file://{}".format)

    monkeypatch.setattr(readers, "locate", lambda path: (Away, path))
    for number in range(4):
        (tmp_path / f"{number}.gz").write_bytes(gzip.compress(str([*range(number, 5000)]).encode()))
    says_so = ("spark.sql.files.ignoreCorruptFiles", "spark.sql.files.ignoreMissingFiles")
    for name in says_so:
        spark.conf.set(name, "true")
    try:
        reader = kind(str(tmp_path))
        assert read(spark, reader).total() == 4
        frame = source(spark, reader, 3, None).frame
        file = tmp_path / "2.gz"
        file.write_bytes(file.read_bytes()[:900]) if broken == "cut" else file.unlink()
        with pytest.raises(Exception, match=r"2\.gz"):
            frame.collect()
    finally:
        for name in says_so:
            spark.conf.unset(name)


def test_a_reader_of_the_users_own_is_asked_itself(spark, tmp_path):
    class Mine(ReadLines):
        pass

    (tmp_path / "a.txt").write_text("x\n")
    assert not source(spark, Mine(str(tmp_path)), 3, None).native


def test_what_spark_says_of_stages_that_go_together_is_read(spark_session):
    before = figures.stage_ids(spark_session)
    numbers = spark_session.sparkContext.parallelize(range(100), 4).map(lambda number: (number % 7, number))
    assert len(numbers.groupByKey().collect()) == 7
    first, last = figures.stages(spark_session, before)
    assert first["tasks"] == last["tasks"] == 4 and first["written"] == last["read"] > 0
    assert 0 < first["median"] <= first["longest"] and first["seconds"] > 0 and first["spilled"] == 0


def test_rows_come_to_the_partition_that_stands_for_them(spark_session):
    """The way of Spark before 4.1: what its hash brings to each partition."""
    for partitions in (1, 2, 3, 7, 64, 200, 1000):
        numbers = spark_session.createDataFrame([(n,) for n in representatives(spark_session, partitions)], "n int")
        found = numbers.selectExpr(f"pmod(hash(n), {partitions}) AS p").collect()
        assert [row.p for row in found] == list(range(partitions))


@pytest.mark.parametrize("exchange", [lambda rows, n: shuffle(rows, n, ordered=True), by_hash])
def test_rows_come_to_the_instance_that_they_name(spark_session, exchange):
    keys = ["CAST(id * 7919 % 13 AS INT) AS dest", "0 AS channel", "0 AS producer", "id AS sequence"]
    rows = exchange(spark_session.range(1000).selectExpr(*keys), 13)
    found = rows.select("dest", "sequence", F.spark_partition_id().alias("partition")).collect()
    assert len(found) == 1000 and {row.partition for row in found} == set(range(13))
    assert all(row.dest == row.partition for row in found)


@pytest.fixture
def asked(spark, monkeypatch):
    """What Spark was asked to load."""
    found = []
    reader_class = type(spark.read)
    before = reader_class.text
    monkeypatch.setattr(reader_class, "text", lambda self, paths, **more: found.append(paths) or before(self, paths))
    return found


def test_files_are_found_by_their_folder_and_not_one_by_one(spark, tmp_path, asked):
    for number in range(50):
        (tmp_path / f"{number}.txt").write_text("x\n")
    assert read(spark, ReadLines(str(tmp_path))) == Counter({"x": 50})
    assert asked == [[f"file://{tmp_path}"]]
    assert Path(asked[0][0].removeprefix("file://")).is_dir()


@pytest.mark.parametrize("several", [True, False])
def test_so_are_those_of_several_folders(spark, tmp_path, asked, several):
    folders = [tmp_path / name for name in ("a", "a b", "a/c", "[d]/e")]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(40):
            (folder / f"{number}.txt").write_text(f"{folder.name}\n")
    reader = ReadLines([str(folder) for folder in folders[:3]] + [f"{tmp_path}/*/e/*"] if several
                       else f"{tmp_path}/**/*.txt")  # fmt: skip
    assert read(spark, reader) == by_python(reader) == Counter({"a": 40, "a b": 40, "c": 40, "e": 40})
    assert sorted(asked[-1]) == sorted(f"file://{tmp_path}/{name}" for name in ("a", "a b", "a/c", "\\[d\\]/e"))
    (tmp_path / "a" / "other.csv").write_text("not asked for\n")
    if not several:
        assert read(spark, reader) == by_python(reader) and len(asked[-1]) == 160, "by their names"
