"""History is appended by one function and changed by none."""

from django.db import migrations

ENTRY = r"""
CREATE FUNCTION ledger_entry(
    previous bytea, sequence bigint, at timestamptz, actor text, actor_name text, image text, kind text,
    person text, project text, subject text, team text, detail json
) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT '\x00'::bytea || previous || int8send(sequence) || timestamptz_send(at) || convert_to(
        concat_ws(E'\n', actor, actor_name, image, kind, person, project, subject, team, detail), 'UTF8')
$$;
"""

APPEND = r"""
CREATE FUNCTION ledger_append(entries json, OUT first bigint, OUT last bigint)
LANGUAGE plpgsql SET lock_timeout = '2s' AS $$
DECLARE
    entry record;
    head bytea;
    link bytea;
    moment timestamptz;
BEGIN
    -- Each statement after the lock has a fresh snapshot, so it sees the head the last writer committed.
    PERFORM pg_advisory_xact_lock(7095217263184451);
    SELECT e.sequence, e.hash, e.at INTO last, head, moment
      FROM ledger_event e ORDER BY e.sequence DESC LIMIT 1;
    last := coalesce(last, 0);
    head := coalesce(head, decode(repeat('00', 32), 'hex'));
    first := last + 1;
    FOR entry IN SELECT * FROM json_to_recordset(entries) AS x(
        kind text, actor text, actor_name text, subject text, project text, team text, person text,
        image text, detail text)
    LOOP
        last := last + 1;
        moment := greatest(moment, clock_timestamp());
        link := head;
        head := sha256(ledger_entry(
            link, last, moment, entry.actor, entry.actor_name, entry.image, entry.kind, entry.person,
            entry.project, entry.subject, entry.team, entry.detail::json));
        INSERT INTO ledger_event (sequence, at, kind, actor, actor_name, subject, project, team, person, image,
                                  detail, previous, hash)
        VALUES (last, moment, entry.kind, entry.actor, entry.actor_name, entry.subject, entry.project,
                entry.team, entry.person, entry.image, entry.detail::json, link, head);
    END LOOP;
END $$;
"""

REFUSE = r"""
CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'ledger_append_only: % of % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;
"""

TRIGGERS = r"""
CREATE TRIGGER ledger_refuse_rows BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_refuse_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
"""

UNDO = {
    ENTRY: "DROP FUNCTION ledger_entry",
    APPEND: "DROP FUNCTION ledger_append",
    REFUSE: "DROP FUNCTION ledger_refuse CASCADE",
}


class Migration(migrations.Migration):
    """The append function, the hash it writes, and triggers that refuse even the owner."""

    dependencies = [("ledger", "0001_initial")]
    operations = [
        *(migrations.RunSQL(create, undo) for create, undo in UNDO.items()),
        *(
            migrations.RunSQL(TRIGGERS.format(table=table), migrations.RunSQL.noop)
            for table in ("ledger_event", "ledger_checkpoint")
        ),
    ]
