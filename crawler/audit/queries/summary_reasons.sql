-- title: Summary: verdicts and reasons
-- asks: Legal (Article 53(1)(d), 2.3, 3.1, 3.2): why was what left?
-- column verdict: allow, deny, defer
-- column reason: code of the decisive reason
-- column urls: URLs
SELECT verdict, reason, count(*) AS urls
FROM manifest WHERE erased_at IS NULL AND coalesce(origin, 'own_crawl') IN ('own_crawl', 'on_behalf')
GROUP BY ALL ORDER BY verdict, urls DESC, reason
