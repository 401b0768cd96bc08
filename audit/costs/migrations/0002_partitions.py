"""Usage and its sums, partitioned by month; a function of the owner adds the months as they come."""

import django.db.models.deletion
from django.db import migrations, models

MEASURES = """
    held_ms bigint NOT NULL DEFAULT 0, measured_ms bigint NOT NULL DEFAULT 0, active_ms bigint NOT NULL DEFAULT 0,
    busy_ms bigint NOT NULL DEFAULT 0, unpriced_ms bigint NOT NULL DEFAULT 0, cost numeric(20, 6) NOT NULL DEFAULT 0,
    idle_cost numeric(20, 6) NOT NULL DEFAULT 0, measured_cost numeric(20, 6) NOT NULL DEFAULT 0
"""

TABLES = f"""
CREATE SEQUENCE costs_usage_id;
CREATE SEQUENCE costs_activity_id;
CREATE TABLE costs_usage (
    day date NOT NULL, id bigint NOT NULL DEFAULT nextval('costs_usage_id'), start timestamptz NOT NULL,
    seconds numeric(8, 3) NOT NULL, slice_id bigint NOT NULL, key_id bigint NOT NULL, place_id bigint NOT NULL,
    gpus numeric(12, 6) NOT NULL, rate numeric(14, 6), given_activity numeric(7, 6), given_active_ms bigint,
    {MEASURES}
) PARTITION BY RANGE (day);
CREATE INDEX usage_of_slice ON costs_usage (slice_id);
-- Rows arrive in the order of time, so a block range index finds an hour as fast as a tree 500 times its size.
CREATE INDEX usage_by_start ON costs_usage USING brin (start) WITH (pages_per_range = 16);
CREATE TABLE costs_activitywindow (
    day date NOT NULL, id bigint NOT NULL DEFAULT nextval('costs_activity_id'), start timestamptz NOT NULL,
    slice_id bigint NOT NULL, place_id bigint NOT NULL, activity numeric(7, 6) NOT NULL,
    metric varchar(60) NOT NULL, memory_used bigint
) PARTITION BY RANGE (day);
CREATE INDEX activity_of_slice ON costs_activitywindow (slice_id);
CREATE INDEX activity_by_start ON costs_activitywindow USING brin (start) WITH (pages_per_range = 16);
CREATE TABLE costs_hourtotal (
    day date NOT NULL, hour timestamptz NOT NULL, key_id bigint NOT NULL, {MEASURES},
    PRIMARY KEY (day, hour, key_id)
) PARTITION BY RANGE (day);
CREATE TABLE costs_daytotal (
    day date NOT NULL, key_id bigint NOT NULL, team varchar(60) NOT NULL, {MEASURES},
    PRIMARY KEY (day, key_id)
) PARTITION BY RANGE (day);
CREATE INDEX day_totals_of_team ON costs_daytotal (team, day);
CREATE INDEX day_totals_of_key ON costs_daytotal (key_id, day);
"""

MONTHS = """
CREATE FUNCTION costs_ensure_months(first date, last date) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET client_min_messages = warning AS $$
DECLARE
    month date := date_trunc('month', first)::date;
    parent text;
    part text;
    made int := 0;
BEGIN
    IF first < '2000-01-01' OR last >= '2100-01-01' OR last - first > 3700 THEN
        RAISE EXCEPTION 'costs_ensure_months: % to % is out of range', first, last;
    END IF;
    WHILE month <= last LOOP
        FOREACH parent IN ARRAY ARRAY['costs_usage', 'costs_activitywindow', 'costs_hourtotal', 'costs_daytotal'] LOOP
            part := parent || to_char(month, '_YYYYMM');
            CONTINUE WHEN to_regclass(part) IS NOT NULL;
            PERFORM pg_advisory_xact_lock(7095217263184452);
            CONTINUE WHEN to_regclass(part) IS NOT NULL;
            -- Made first and attached then: readers and writers of the other months are not held up.
            EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS)', part, parent);
            EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                           parent, part, month, (month + interval '1 month')::date);
            made := made + 1;
        END LOOP;
        month := (month + interval '1 month')::date;
    END LOOP;
    RETURN made;
END $$;
"""

UNDO = """
DROP FUNCTION costs_ensure_months;
DROP TABLE costs_usage, costs_activitywindow, costs_hourtotal, costs_daytotal;
DROP SEQUENCE costs_usage_id, costs_activity_id;
"""


class Migration(migrations.Migration):
    """The partitioned tables, and how months are added to them."""

    dependencies = [("costs", "0001_initial")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(TABLES + MONTHS, UNDO)],
            state_operations=[
                migrations.CreateModel(
                    name='HourTotal',
                    fields=[
                        ('held_ms', models.BigIntegerField(default=0)),
                        ('measured_ms', models.BigIntegerField(default=0)),
                        ('active_ms', models.BigIntegerField(default=0)),
                        ('busy_ms', models.BigIntegerField(default=0)),
                        ('unpriced_ms', models.BigIntegerField(default=0)),
                        ('cost', models.DecimalField(decimal_places=6, default=0, max_digits=20)),
                        ('idle_cost', models.DecimalField(decimal_places=6, default=0, max_digits=20)),
                        ('measured_cost', models.DecimalField(decimal_places=6, default=0, max_digits=20)),
                        ('pk', models.CompositePrimaryKey('day', 'hour', 'key_id', blank=True, editable=False, primary_key=True, serialize=False)),
                        ('day', models.DateField()),
                        ('hour', models.DateTimeField()),
                        ('key', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='costs.usagekey')),
                    ],
                    options={
                        'db_table': 'costs_hourtotal',
                    },
                ),
                migrations.CreateModel(
                    name='DayTotal',
                    fields=[
                        ('held_ms', models.BigIntegerField(default=0)),
                        ('measured_ms', models.BigIntegerField(default=0)),
                        ('active_ms', models.BigIntegerField(default=0)),
                        ('busy_ms', models.BigIntegerField(default=0)),
                        ('unpriced_ms', models.BigIntegerField(default=0)),
                        ('cost', models.DecimalField(decimal_places=6, default=0, max_digits=20)),
                        ('idle_cost', models.DecimalField(decimal_places=6, default=0, max_digits=20)),
                        ('measured_cost', models.DecimalField(decimal_places=6, default=0, max_digits=20)),
                        ('pk', models.CompositePrimaryKey('day', 'key_id', blank=True, editable=False, primary_key=True, serialize=False)),
                        ('day', models.DateField()),
                        ('team', models.CharField(max_length=60)),
                        ('key', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='costs.usagekey')),
                    ],
                    options={
                        'db_table': 'costs_daytotal',
                    },
                ),
                migrations.CreateModel(
                    name='Usage',
                    fields=[
                        ('held_ms', models.BigIntegerField(default=0)),
                        ('measured_ms', models.BigIntegerField(default=0)),
                        ('active_ms', models.BigIntegerField(default=0)),
                        ('busy_ms', models.BigIntegerField(default=0)),
                        ('unpriced_ms', models.BigIntegerField(default=0)),
                        ('cost', models.DecimalField(decimal_places=6, default=0, max_digits=20)),
                        ('idle_cost', models.DecimalField(decimal_places=6, default=0, max_digits=20)),
                        ('measured_cost', models.DecimalField(decimal_places=6, default=0, max_digits=20)),
                        ('pk', models.CompositePrimaryKey('day', 'id', blank=True, editable=False, primary_key=True, serialize=False)),
                        ('id', models.BigIntegerField(db_default=models.Func(models.Value('costs_usage_id'), function='nextval'))),
                        ('day', models.DateField(help_text='in the reporting time zone')),
                        ('start', models.DateTimeField()),
                        ('seconds', models.DecimalField(decimal_places=3, max_digits=8)),
                        ('gpus', models.DecimalField(decimal_places=6, max_digits=12)),
                        ('rate', models.DecimalField(decimal_places=6, max_digits=14, null=True)),
                        ('given_activity', models.DecimalField(decimal_places=6, help_text='the mean that came with the record itself', max_digits=7, null=True)),
                        ('given_active_ms', models.BigIntegerField(null=True)),
                        ('slice', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='costs.slice')),
                        ('key', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='costs.usagekey')),
                        ('place', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='costs.usageplace')),
                    ],
                    options={
                        'db_table': 'costs_usage',
                    },
                ),
                migrations.CreateModel(
                    name='ActivityWindow',
                    fields=[
                        ('pk', models.CompositePrimaryKey('day', 'id', blank=True, editable=False, primary_key=True, serialize=False)),
                        ('id', models.BigIntegerField(db_default=models.Func(models.Value('costs_activity_id'), function='nextval'))),
                        ('day', models.DateField(help_text='in UTC')),
                        ('start', models.DateTimeField()),
                        ('activity', models.DecimalField(decimal_places=6, max_digits=7)),
                        ('metric', models.CharField(max_length=60)),
                        ('memory_used', models.BigIntegerField(help_text='MiB', null=True)),
                        ('slice', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='costs.slice')),
                        ('place', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='costs.usageplace')),
                    ],
                    options={
                        'db_table': 'costs_activitywindow',
                    },
                ),
            ],
        ),
    ]
