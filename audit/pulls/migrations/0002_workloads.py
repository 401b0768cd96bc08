"""A workload's name is longer than a person's: cluster, namespace and service account."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pulls", "0001_initial")]
    operations = [
        migrations.AlterField(
            "pull",
            "person",
            models.CharField(
                blank=True, help_text="person:12, robot:3 or workload:main/fraud/trainer", max_length=400
            ),
        )
    ]
