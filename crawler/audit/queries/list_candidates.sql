-- title: List candidates
-- asks: Legal: who serves the very bytes of a listed site, or leads to one? Candidates for a person; nothing is blocked
-- column host: that is on no list
-- column why: same_bytes (a page kept from it is one of a listed site), redirects_there, cname
-- column listed_host: the site on a list
-- column list: that names it
-- column pages: how many pages or redirects say so
-- column bytes: octets kept from the host in these pages
-- column example: one of them
WITH listed AS (
    SELECT url_host_registered_domain AS domain, min(blocklist_id) AS list FROM manifest
    WHERE blocklist_id IS NOT NULL AND verdict = 'deny' AND url_host_registered_domain IS NOT NULL GROUP BY domain
), theirs AS (
    SELECT DISTINCT m.content_digest, m.url_host_name AS listed_host, l.list FROM manifest m
    JOIN listed l ON l.domain = m.url_host_registered_domain
    WHERE m.content_digest IS NOT NULL AND m.bytes_fetched > 0 AND m.fetch_status = 200
), found AS (
    SELECT m.url_host_name AS host, 'same_bytes' AS why, t.listed_host, t.list, m.url, m.bytes_retained AS bytes
    FROM manifest m JOIN theirs t ON t.content_digest = m.content_digest
    WHERE m.verdict = 'allow' AND m.url_host_name <> t.listed_host
        AND coalesce(m.url_host_registered_domain, '') NOT IN (SELECT domain FROM listed)
    UNION ALL
    SELECT regexp_extract(redirect_chain[len(redirect_chain)], '^[a-z]+://(\[[^\]]*\]|[^:/]*)', 1), 'redirects_there',
        url_host_name, blocklist_id, redirect_chain[len(redirect_chain)], 0
    FROM manifest WHERE blocklist_id IS NOT NULL AND verdict = 'deny' AND len(redirect_chain) > 0
    UNION ALL
    SELECT body->>'host', 'cname', body->>'listed_host', body->>'list', body->>'host', 0
    FROM log WHERE type = 'list_candidate'
)
SELECT host, why, listed_host, list, count(DISTINCT url) AS pages, CAST(sum(bytes) AS BIGINT) AS bytes,
    min(url) AS example
FROM found GROUP BY ALL ORDER BY bytes DESC, pages DESC, host, listed_host
