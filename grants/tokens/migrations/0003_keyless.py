"""Keys of clusters, principals of workloads, and word of what changes their access."""

import django.db.models.deletion
from django.db import migrations, models

WATCHED = {
    "catalogue_cluster": "active, issuer, audience, options, kind, key",
    "tokens_clusterkeys": "source, document",
}

TRIGGERS = "".join(
    f"CREATE TRIGGER access_changed AFTER INSERT OR DELETE OR UPDATE OF {columns} ON {table}"
    " FOR EACH STATEMENT EXECUTE FUNCTION tokens_access_changed();\n"
    for table, columns in WATCHED.items()
)
NO_TRIGGERS = "".join(f"DROP TRIGGER access_changed ON {table};\n" for table in WATCHED)


def of_project(columns: str) -> str:
    return f"""
DROP TRIGGER access_changed ON directory_project;
CREATE TRIGGER access_changed AFTER INSERT OR DELETE OR UPDATE OF {columns} ON directory_project
FOR EACH STATEMENT EXECUTE FUNCTION tokens_access_changed();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("tokens", "0002_tell_token_desks"),
        ("catalogue", "0002_clusters"),
        ("directory", "0003_project_by_namespace"),
    ]
    operations = [
        migrations.AlterField("issuedtoken", "principal", models.CharField(blank=True, max_length=400)),
        migrations.CreateModel(
            name="ClusterKeys",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("source", models.CharField(max_length=700)),
                ("document", models.JSONField(default=dict)),
                ("tried_at", models.DateTimeField()),
                ("read_at", models.DateTimeField(null=True)),
                ("error", models.CharField(blank=True, max_length=300)),
                (
                    "cluster",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="public_keys",
                        to="catalogue.cluster",
                    ),
                ),
            ],
        ),
        migrations.RunSQL(TRIGGERS, NO_TRIGGERS),
        migrations.RunSQL(of_project("state, namespace"), of_project("state")),
    ]
