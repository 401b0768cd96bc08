import pytest

from audit.ledger.bench import run
from audit.ledger.models import Event


@pytest.mark.django_db(transaction=True)
def test_bench_measures_and_names_its_figures() -> None:
    figures = run(events=30, changes=5, writers=2)
    assert set(figures) == {
        "plain_changes_per_second",
        "audited_changes_per_second",
        "added_ms_per_change",
        "audited_changes_per_second_2_writers",
        "verify_seconds_per_million",
        "csv_seconds_per_million",
        "csv_megabytes",
    }
    assert Event.objects.count() == 30 + 3 * 5 + 2 * 5
