"""What the store needs: money in SQL, the key as it was brought, hours of unknown capacity, and violations."""

from decimal import Decimal

from django.db import migrations, models

# The same as audit.costs.pricing.amount: half to even at six places, in whole numbers only. `n` is held time in
# milliseconds times price in millionths; where that could pass a bigint, numeric counts on.
MONEY = """
CREATE FUNCTION costs_money(ms bigint, micros bigint) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN micros IS NULL OR micros = 0 OR ms = 0 THEN 0::numeric
        WHEN ms::float8 * micros < 9e18 THEN (
            (ms * micros + 1800000) / 3600000
            - CASE WHEN ms * micros % 3600000 = 1800000 AND ms * micros / 3600000 % 2 = 0 THEN 1 ELSE 0 END
        ) * 0.000001
        ELSE (
            div(ms::numeric * micros + 1800000, 3600000)
            - CASE WHEN mod(ms::numeric * micros, 3600000) = 1800000
                    AND mod(div(ms::numeric * micros, 3600000), 2) = 0 THEN 1 ELSE 0 END
        ) * 0.000001
    END
$$;
-- One definition of what makes keys and places the same.
CREATE FUNCTION costs_hash(VARIADIC parts text[]) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT encode(sha256(convert_to(array_to_json(parts)::text, 'UTF8')), 'hex')
$$;
ALTER TABLE costs_usage ADD COLUMN base_id bigint;
-- New pages are summed up as they fill, not only when the table is vacuumed.
DROP INDEX usage_by_start;
DROP INDEX activity_by_start;
CREATE INDEX usage_by_start ON costs_usage USING brin (start) WITH (pages_per_range = 16, autosummarize = on);
CREATE INDEX activity_by_start ON costs_activitywindow USING brin (start)
    WITH (pages_per_range = 16, autosummarize = on);
"""

UNDO = """
ALTER TABLE costs_usage DROP COLUMN base_id;
DROP FUNCTION costs_hash(VARIADIC text[]);
DROP FUNCTION costs_money(bigint, bigint);
"""


KINDS = [(name, name) for name in ("totals", "negative", "gpu_shared_beyond_one", "held_beyond_capacity",
                                   "reconciliation", "missing_hours")]


class Migration(migrations.Migration):
    """Functions, columns and the table of violations."""

    dependencies = [("costs", "0003_held_file")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(MONEY, UNDO)],
            state_operations=[
                migrations.AddField(
                    model_name="usage",
                    name="base_id",
                    field=models.BigIntegerField(
                        null=True, help_text="the key as it was brought, where activity or a reservation changed it"
                    ),
                ),
            ],
        ),
        migrations.AddField("capacityday", "unknown_cost", models.DecimalField(decimal_places=6, default=0, max_digits=20)),
        migrations.AddField(
            "capacityday",
            "unknown_ms",
            models.BigIntegerField(default=0, help_text="held, or reserved and unused, capacity unknown"),
        ),
        migrations.AddField(
            "costsettings",
            "derived_threshold",
            models.DecimalField(
                decimal_places=3,
                default=Decimal("0.05"),
                help_text="the one all rows were looked at with",
                max_digits=4,
            ),
        ),
        migrations.AlterField(
            "costsettings",
            "active_threshold",
            models.DecimalField(decimal_places=3, default=Decimal("0.05"), max_digits=4),
        ),
        migrations.AlterField(
            "usage", "given_active_ms", models.BigIntegerField(help_text="wall clock, not times GPUs", null=True)
        ),
        migrations.CreateModel(
            name="Check",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("first", models.DateField()),
                ("last", models.DateField()),
                ("at", models.DateTimeField()),
                ("rows", models.BigIntegerField(help_text="raw rows that were added up")),
                ("found", models.PositiveIntegerField()),
            ],
            options={"indexes": [models.Index(fields=["-at"], name="checks_by_time")]},
        ),
        migrations.CreateModel(
            name="Violation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(choices=KINDS, max_length=30)),
                ("day", models.DateField()),
                ("subject", models.CharField(blank=True, max_length=300)),
                (
                    "detail",
                    models.JSONField(
                        default=dict, help_text="amounts as text, for a sentence in the reader's language"
                    ),
                ),
                ("found_at", models.DateTimeField()),
                ("seen_at", models.DateTimeField(help_text="when a check last found it")),
                ("cleared_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["-found_at"], name="violations_by_time")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("cleared_at", None)),
                        fields=("kind", "day", "subject"),
                        name="each_open_violation_once",
                    )
                ],
            },
        ),
    ]
