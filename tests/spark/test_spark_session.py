"""The session."""

from typing import Any

import pytest

from lookalike.errors import UsageError
from lookalike.spark.session import has_java, open_session


def test_a_running_session_is_used(spark: Any) -> None:
    assert open_session() is spark


def test_without_java_there_is_a_message(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    sql = pytest.importorskip("pyspark.sql")
    monkeypatch.setattr(sql.SparkSession, "getActiveSession", classmethod(lambda _cls: None))
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert not has_java()
    with pytest.raises(UsageError, match="Spark needs Java 17"):
        open_session()
