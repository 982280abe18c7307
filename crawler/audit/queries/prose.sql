-- title: Prose
-- asks: Legal: what do sites say in words about text and data mining, its law, or the training of AI? A worksheet
-- column host: of the site
-- column url: where it stands: robots.txt, or a page of terms that was met anyway
-- column line: of robots.txt, from 1
-- column topics: mining, law, ai_training
-- column quote: the sentence; nothing was decided by it
-- column pages_kept: pages of the host that were kept
-- column first_seen: when the crawl read it first
-- column digest: of the bytes in which it stands
-- column decision: for a person
-- column decided_by: for a person
-- column note: for a person
WITH kept AS (
    SELECT url_host_name, count(*) AS pages FROM manifest WHERE verdict = 'allow' GROUP BY url_host_name
), said AS (
    SELECT body->>'url' AS url, CAST(body->>'line' AS INTEGER) AS line,
        array_to_string(CAST(body->'topics' AS VARCHAR[]), ', ') AS topics, body->>'quote' AS quote,
        body->>'digest' AS digest, min(time) AS first_seen,
        regexp_extract(body->>'url', '^[a-z]+://(\[[^\]]*\]|[^:/]*)', 1) AS host
    FROM log WHERE type = 'prose' GROUP BY ALL
)
SELECT s.host, s.url, s.line, s.topics, s.quote, coalesce(k.pages, 0) AS pages_kept, s.first_seen, s.digest,
    '' AS decision, '' AS decided_by, '' AS note
FROM said s LEFT JOIN kept k ON k.url_host_name = s.host ORDER BY pages_kept DESC, s.host, s.url, s.line, s.quote
