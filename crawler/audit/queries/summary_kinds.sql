-- title: Summary: kinds of sites
-- asks: Legal (Article 53(1)(d), 2.3): kinds of sites of the crawled pages that were kept?
-- column name: kind of site by dated rules; unclassified where no rule knows it
-- column pages: kept pages
-- column bytes_fetched: octets that left the servers
-- column share: of the pages
SELECT coalesce(site_category, 'unclassified') AS name, count(*) AS pages, coalesce(sum(bytes_fetched), 0)::BIGINT AS bytes_fetched,
    round(count(*) / sum(count(*)) OVER (), 4)::DOUBLE AS share
FROM manifest
WHERE verdict = 'allow' AND reason IS DISTINCT FROM 'redirect' AND erased_at IS NULL
    AND coalesce(origin, 'own_crawl') IN ('own_crawl', 'on_behalf')
GROUP BY 1 ORDER BY pages DESC, name
