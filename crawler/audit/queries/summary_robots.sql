-- title: Summary: robots.txt
-- asks: Legal (Article 53(1)(d), 2.3, 3.1): what came of robots.txt, by URL?
-- column outcome: code of the outcome of the robots.txt that the URL rests on
-- column urls: URLs
-- column disallowed: of these, closed by a rule
-- column kept: of these, kept
SELECT coalesce(robots_status, 'not asked') AS outcome, count(*) AS urls,
    count(*) FILTER (list_contains(reasons, 'robots_disallow') OR reason = 'robots_disallow') AS disallowed,
    count(*) FILTER (verdict = 'allow') AS kept
FROM manifest WHERE erased_at IS NULL AND coalesce(origin, 'own_crawl') IN ('own_crawl', 'on_behalf')
GROUP BY ALL ORDER BY urls DESC, outcome
