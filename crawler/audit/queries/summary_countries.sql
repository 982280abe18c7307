-- title: Summary: countries
-- asks: Legal (Article 53(1)(d), 2.3): countries of the crawled pages that were kept?
-- column name: ISO 3166-1 alpha-2, as the site shows it; never from an address
-- column pages: kept pages
-- column bytes_fetched: octets that left the servers
-- column share: of the pages
SELECT coalesce(country_hint, 'unknown') AS name, count(*) AS pages, coalesce(sum(bytes_fetched), 0)::BIGINT AS bytes_fetched,
    round(count(*) / sum(count(*)) OVER (), 4)::DOUBLE AS share
FROM manifest
WHERE verdict = 'allow' AND reason IS DISTINCT FROM 'redirect' AND erased_at IS NULL
    AND coalesce(origin, 'own_crawl') IN ('own_crawl', 'on_behalf')
GROUP BY 1 ORDER BY pages DESC, name
