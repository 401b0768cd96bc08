"""Two loads that open one month at the same time: whoever waited sees that the month is there."""

from importlib import import_module

from django.db import migrations

BEFORE = import_module("audit.costs.migrations.0002_partitions").MONTHS

# A name is looked up in a cache that waiting for an advisory lock does not refresh; a query sees what was committed.
STALE = """PERFORM pg_advisory_xact_lock(7095217263184452);
            CONTINUE WHEN to_regclass(part) IS NOT NULL;"""
FRESH = """PERFORM pg_advisory_xact_lock(7095217263184452);
            CONTINUE WHEN EXISTS (
                SELECT 1 FROM pg_class WHERE relname = part AND relnamespace = 'public'::regnamespace
            );"""
REPLACE = "CREATE OR REPLACE FUNCTION"


class Migration(migrations.Migration):
    """The function that adds months."""

    dependencies = [("costs", "0006_project_keys")]

    operations = [
        migrations.RunSQL(
            BEFORE.replace(STALE, FRESH).replace("CREATE FUNCTION", REPLACE),
            BEFORE.replace("CREATE FUNCTION", REPLACE),
        )
    ]
