"""The token service's statements. Those of each request work on many at once, so that load makes batches."""

LOAD = """
WITH asking AS MATERIALIZED (
    SELECT c.digest, c.id, c.login, c.person_id, c.project_id,
           EXISTS (SELECT 1 FROM directory_roleassignment r
                   WHERE r.person_id = c.person_id AND r.role = 'administrator') AS administrator
    FROM tokens_credential c
    LEFT JOIN directory_person p ON p.id = c.person_id
    LEFT JOIN directory_project j ON j.id = c.project_id
    WHERE c.digest = ANY(%s) AND c.revoked_at IS NULL AND c.expires_at > statement_timestamp()
      AND (p.active OR j.id IS NOT NULL)
)
SELECT a.digest, a.id, a.login, a.person_id, a.administrator,
       registry.service, image.repository, g.role, g.id, g.ends
FROM asking a
LEFT JOIN LATERAL (
    SELECT m.grant_id FROM lifecycle_grantmember m WHERE m.person_id = a.person_id AND m.removed_at IS NULL
    UNION ALL
    SELECT mine.id FROM lifecycle_grant mine WHERE mine.project_id = a.project_id
) held ON TRUE
LEFT JOIN lifecycle_grant g ON g.id = held.grant_id AND g.status IN ('provisioning', 'active')
      AND g.starts <= statement_timestamp() AND g.ends > statement_timestamp()
LEFT JOIN lifecycle_grantimage line ON line.grant_id = g.id AND line.removed_at IS NULL
LEFT JOIN catalogue_image image ON image.id = line.image_id AND (NOT image.blocked OR line.kept)
LEFT JOIN catalogue_registry registry ON registry.id = image.registry_id
"""
"""Live credentials among these digests, one row for each image that a live grant opens to its person, or to the
robots of its project; rows without a service give nothing. The same rule as grants.lifecycle.access, for many at
once; a test holds the two together. The outer joins keep the planner on the way from who asks to what they hold,
also where it knows no statistics yet: other people's grants cost nothing."""

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
     address text, client text, cluster bigint, namespace text)
CROSS JOIN LATERAL (
    SELECT (u.ends IS NULL OR u.ends > statement_timestamp())
       AND (u.credential_id IS NULL OR EXISTS (
            SELECT 1 FROM tokens_credential c
            LEFT JOIN directory_person p ON p.id = c.person_id
            LEFT JOIN directory_project j ON j.id = c.project_id
            WHERE c.id = u.credential_id AND c.revoked_at IS NULL AND c.expires_at > statement_timestamp()
              AND (p.active OR j.id IS NOT NULL)))
       AND (u.cluster IS NULL OR (
            EXISTS (SELECT 1 FROM catalogue_cluster k WHERE k.id = u.cluster AND k.active)
            AND (u.ends IS NULL OR EXISTS (
                 SELECT 1 FROM directory_project n WHERE n.namespace = u.namespace AND n.namespace <> ''
                 AND (n.state = 'open' OR EXISTS (
                      SELECT 1 FROM lifecycle_grant l WHERE l.project_id = n.id
                      AND l.status IN ('provisioning', 'active')
                      AND l.starts <= statement_timestamp() AND l.ends > statement_timestamp())))))) AS well
) stands
RETURNING jti, outcome, at
"""
"""Commit the answers before they are given. Whoever was answered from the cache is read again here: their
person and credential, or cluster and project, must be live now, and the rights used must not have ended by the
database's clock. The rows come as one JSON text: taking fifteen arrays apart costs both sides several times as much."""

LOAD_NAMESPACES = """
SELECT j.namespace, registry.service, image.repository, g.role, g.id, g.ends
FROM directory_project j
JOIN lifecycle_grant g ON g.project_id = j.id AND g.status IN ('provisioning', 'active')
     AND g.starts <= statement_timestamp() AND g.ends > statement_timestamp()
JOIN lifecycle_grantimage line ON line.grant_id = g.id AND line.removed_at IS NULL
JOIN catalogue_image image ON image.id = line.image_id AND (NOT image.blocked OR line.kept)
JOIN catalogue_registry registry ON registry.id = image.registry_id
WHERE j.namespace = ANY(%s) AND j.namespace <> '' AND (j.state = 'open' OR NOT EXISTS (
    SELECT 1 FROM directory_project o WHERE o.namespace = j.namespace AND o.id <> j.id AND (o.state = 'open' OR EXISTS (
        SELECT 1 FROM lifecycle_grant l WHERE l.project_id = o.id AND l.status IN ('provisioning', 'active')
        AND l.starts <= statement_timestamp() AND l.ends > statement_timestamp()))))
"""
"""What the robots of the projects of these namespaces may use: one row for each image of a live grant.

A project that is closed while its access goes on (the grace of one that is done, a brake) keeps its namespace until
an open project has it; two closed ones with live grants cannot be told apart, so neither's pods pull."""

CLUSTERS = """
SELECT c.id, c.key, c.issuer, c.audience, COALESCE(c.options->>'jwks_url', ''), COALESCE(c.options->>'jwks_ca', ''),
       c.options->>'keyless_push', c.options->>'jwks', k.source, k.document::text, k.read_at
FROM catalogue_cluster c
LEFT JOIN tokens_clusterkeys k ON k.cluster_id = c.id
WHERE c.active AND c.issuer <> '' AND c.audience <> ''
ORDER BY c.id
"""

CLAIM_KEYS = """
INSERT INTO tokens_clusterkeys AS k (cluster_id, source, document, tried_at, error)
VALUES (%s, %s, '{}', statement_timestamp(), '')
ON CONFLICT (cluster_id) DO UPDATE
SET tried_at = EXCLUDED.tried_at, source = EXCLUDED.source,
    document = CASE WHEN k.source = EXCLUDED.source THEN k.document ELSE '{}' END
WHERE k.source <> EXCLUDED.source OR k.tried_at < statement_timestamp() - make_interval(secs => %s)
"""
"""One row changed: this process may ask the cluster now. None: another did within the minute."""

KEEP_KEYS = """
UPDATE tokens_clusterkeys SET document = %s, read_at = statement_timestamp(), error = ''
WHERE cluster_id = %s AND source = %s
"""

KEYS_FAILED = "UPDATE tokens_clusterkeys SET error = %s WHERE cluster_id = %s"
"""The keys that were read before stay."""
