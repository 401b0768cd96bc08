"""A commit that could change what somebody may do tells every token desk to forget what it knows."""

from django.db import migrations

# Table: the columns whose change matters. A column that is set without need only costs a reload.
WATCHED = {
    "lifecycle_grant": "status, starts, ends, role, project_id",
    "lifecycle_grantmember": "removed_at, person_id, grant_id",
    "lifecycle_grantimage": "removed_at, image_id, grant_id",
    "catalogue_image": "blocked, repository, registry_id",
    "catalogue_registry": "service",
    "directory_person": "active, user_name",
    "directory_project": "state",
    "directory_roleassignment": "role, person_id",
    "tokens_credential": "revoked_at, expires_at, login, digest",
}

FUNCTION = """
CREATE FUNCTION tokens_access_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Told once for each transaction, when it commits: equal notices are folded.
    PERFORM pg_notify('purser_access', '');
    RETURN NULL;
END $$;
"""


def triggers() -> str:
    return "".join(
        f"CREATE TRIGGER access_changed AFTER INSERT OR DELETE OR UPDATE OF {columns} ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION tokens_access_changed();\n"
        for table, columns in WATCHED.items()
    )


def no_triggers() -> str:
    return "".join(f"DROP TRIGGER access_changed ON {table};\n" for table in WATCHED)


class Migration(migrations.Migration):
    dependencies = [
        ("tokens", "0001_initial"),
        ("lifecycle", "0001_initial"),
        ("catalogue", "0001_initial"),
        ("directory", "0001_initial"),
    ]
    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION tokens_access_changed();"),
        migrations.RunSQL(triggers(), no_triggers()),
    ]
