"""Kinds for requests that end undecided and for removals that fail."""

from django.db import migrations, models

from portal.notify.kinds import KINDS


class Migration(migrations.Migration):
    dependencies = [("notify", "0001_initial")]

    operations = [
        migrations.AlterField(
            model_name="notification", name="kind", field=models.CharField(choices=KINDS, max_length=30)
        )
    ]
