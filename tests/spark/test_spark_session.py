"""The session."""

from pathlib import Path
from typing import Any

import pytest

from lookalike.errors import UsageError
from lookalike.spark.results import checkpoints, spark_path
from lookalike.spark.session import has_java, open_session


def test_a_running_session_is_used(spark: Any) -> None:
    assert open_session() is spark


def test_a_folder_for_checkpoints_is_gone_in_the_end_and_one_of_the_user_is_used(spark: Any, tmp_path: Path) -> None:
    context, mine = spark.sparkContext, tmp_path / "mine"
    with checkpoints(spark, str(tmp_path / "out")):
        assert "/out/checkpoints/" in context.getCheckpointDir()
    assert (context.getCheckpointDir(), list((tmp_path / "out").iterdir())) == (None, [])
    context.setCheckpointDir(str(mine))
    try:
        with checkpoints(spark, str(tmp_path / "other")):
            assert "/mine/" in context.getCheckpointDir()
        assert mine.exists()
        assert not (tmp_path / "other").exists()
    finally:
        context._jsc.sc().setCheckpointDir(None)
    assert spark_path("s3://found/groups") == "s3a://found/groups"


def test_without_java_there_is_a_message(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    sql = pytest.importorskip("pyspark.sql")
    monkeypatch.setattr(sql.SparkSession, "getActiveSession", classmethod(lambda _cls: None))
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert not has_java()
    with pytest.raises(UsageError, match="Spark needs Java 17"):
        open_session()
