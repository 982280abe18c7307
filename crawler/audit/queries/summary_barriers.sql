-- title: Summary: behaviour at barriers
-- asks: Legal (Article 53(1)(d), 2.3): what did the crawlers do where a site closes its content?
-- column barrier: captcha, login, paywall, a status
-- column action: what was done; never anything to get past it
-- column urls: URLs
-- column kept: of these, kept; always 0
SELECT access_barrier AS barrier, barrier_action AS action, count(*) AS urls,
    count(*) FILTER (verdict = 'allow') AS kept
FROM manifest WHERE access_barrier IS NOT NULL AND coalesce(origin, 'own_crawl') IN ('own_crawl', 'on_behalf')
GROUP BY ALL ORDER BY barrier, action
