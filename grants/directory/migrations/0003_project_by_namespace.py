"""Projects are found by the namespace of a workload that pulls."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("directory", "0002_project_confidential")]
    operations = [
        migrations.AddIndex(
            "project",
            models.Index(
                condition=models.Q(("namespace", ""), _negated=True),
                fields=["namespace"],
                name="project_by_namespace",
            ),
        )
    ]
