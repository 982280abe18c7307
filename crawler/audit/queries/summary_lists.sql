-- title: Summary: exclusion lists
-- asks: Legal (Article 53(1)(d), 2.3, 3.2): which lists kept the crawlers away?
-- column list: id in the catalogue
-- column urls: URLs that its entries cover
-- column entries: entries that spoke
-- column kept: of these URLs, kept by a dated exception
SELECT blocklist_id AS list, count(*) AS urls, count(DISTINCT blocklist_entry) AS entries,
    count(*) FILTER (verdict = 'allow') AS kept
FROM manifest WHERE blocklist_id IS NOT NULL AND coalesce(origin, 'own_crawl') IN ('own_crawl', 'on_behalf')
GROUP BY ALL ORDER BY urls DESC, list
