"""Secrets of usage sources: found where targets' secrets are, and errors of the kind that pulling understands."""

import pytest

from audit.costs.providers import secret
from audit.costs.sources.errors import Permanent


def test_secret_is_found_by_its_reference(monkeypatch, tmp_path):
    monkeypatch.setenv("OC_TOKEN", "t0ken")
    kept = tmp_path / "key"
    kept.write_text("from a file\n")
    assert (secret("env:OC_TOKEN"), secret(f"file:{kept}"), secret("")) == ("t0ken", "from a file", "")


def test_secret_that_is_not_there_is_named_by_its_reference_and_plain_text_is_not_repeated():
    with pytest.raises(Permanent, match="env:NOT_THERE"):
        secret("env:NOT_THERE")
    with pytest.raises(Permanent) as caught:
        secret("hunter2")
    assert "hunter2" not in str(caught.value)
