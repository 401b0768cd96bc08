"""The token service's three statements. Each works on many requests at once, so that load makes batches."""

LOAD = """
SELECT c.digest, c.id, c.login, c.person_id, c.project_id,
       EXISTS (SELECT 1 FROM directory_roleassignment r
               WHERE r.person_id = c.person_id AND r.role = 'administrator')
FROM tokens_credential c
LEFT JOIN directory_person p ON p.id = c.person_id
LEFT JOIN directory_project j ON j.id = c.project_id
WHERE c.digest = ANY(%s) AND c.revoked_at IS NULL AND c.expires_at > statement_timestamp()
  AND (p.active OR j.state = 'open')
"""
"""Live credentials among these digests, and whether their person is an administrator."""

RIGHTS = """
SELECT who.person_id, who.project_id, registry.service, image.repository, g.role, g.id, g.ends
FROM lifecycle_grant g
JOIN lifecycle_grantimage line ON line.grant_id = g.id AND line.removed_at IS NULL
JOIN catalogue_image image ON image.id = line.image_id AND NOT image.blocked
JOIN catalogue_registry registry ON registry.id = image.registry_id
JOIN LATERAL (
    SELECT m.person_id, NULL::bigint AS project_id FROM lifecycle_grantmember m
    WHERE m.grant_id = g.id AND m.removed_at IS NULL AND m.person_id = ANY(%(people)s)
    UNION ALL
    SELECT NULL, g.project_id WHERE g.project_id = ANY(%(projects)s)
) who ON TRUE
WHERE g.status IN ('provisioning', 'active')
  AND g.starts <= statement_timestamp() AND g.ends > statement_timestamp()
"""
"""What live grants give these people, and the robots of these projects. The same rule as
grants.lifecycle.access, for many at once; a test holds the two together."""

RECORD = """
INSERT INTO tokens_issuedtoken
    (jti, at, outcome, reason, login, principal, credential_id, service, asked, access, expires, address, client)
SELECT u.jti, statement_timestamp(),
       CASE WHEN u.outcome = 'issued' AND NOT stands.well THEN 'refused' ELSE u.outcome END,
       CASE WHEN u.outcome = 'issued' AND NOT stands.well THEN 'ended' ELSE u.reason END,
       u.login, u.principal, u.credential_id, u.service, u.asked, u.access,
       CASE WHEN u.outcome = 'issued' AND stands.well THEN u.expires END, u.address, u.client
FROM json_to_recordset(%s) AS u (jti text, outcome text, reason text, login text, principal text,
     credential_id bigint, service text, asked text, access jsonb, expires timestamptz, ends timestamptz,
     address text, client text)
CROSS JOIN LATERAL (
    SELECT (u.ends IS NULL OR u.ends > statement_timestamp())
       AND (u.credential_id IS NULL OR EXISTS (
            SELECT 1 FROM tokens_credential c
            LEFT JOIN directory_person p ON p.id = c.person_id
            LEFT JOIN directory_project j ON j.id = c.project_id
            WHERE c.id = u.credential_id AND c.revoked_at IS NULL AND c.expires_at > statement_timestamp()
              AND (p.active OR j.state = 'open'))) AS well
) stands
RETURNING jti, outcome, at
"""
"""Commit the answers before they are given. Whoever was answered from the cache is read again here: their
person and credential must be live now, and the rights used must not have ended by the database's clock.
The rows come as one JSON text: taking thirteen arrays apart costs both sides several times as much."""
