-- title: Summary: opt-out protocols
-- asks: Legal (Article 53(1)(d), 2.3, 3.1): which protocols spoke about training, and what was done?
-- column protocol: id of the reader
-- column preference: reserved, conditional, allowed
-- column urls: URLs about which it was said
-- column hosts: their hosts
-- column left: of these URLs, left or put off
-- column kept: of these URLs, kept: another statement or a licence allowed it
SELECT one.protocol AS protocol, one.preference AS preference, count(DISTINCT url) AS urls,
    count(DISTINCT url_host_name) AS hosts, count(DISTINCT url) FILTER (verdict <> 'allow') AS "left",
    count(DISTINCT url) FILTER (verdict = 'allow') AS kept
FROM (
    SELECT url, url_host_name, verdict, unnest(statements) AS one
    FROM manifest WHERE len(statements) > 0 AND coalesce(origin, 'own_crawl') IN ('own_crawl', 'on_behalf')
)
WHERE one.use <> 'search' GROUP BY ALL ORDER BY urls DESC, protocol, preference
