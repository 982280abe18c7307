-- title: Summary: media types
-- asks: Legal (Article 53(1)(d), 2.3): media types of the crawled pages that were kept?
-- column name: media type by the first octets, else as sent
-- column pages: kept pages
-- column bytes_fetched: octets that left the servers
-- column share: of the pages
SELECT coalesce(content_mime_detected, content_mime_type, 'unknown') AS name, count(*) AS pages, coalesce(sum(bytes_fetched), 0)::BIGINT AS bytes_fetched,
    round(count(*) / sum(count(*)) OVER (), 4)::DOUBLE AS share
FROM manifest
WHERE verdict = 'allow' AND reason IS DISTINCT FROM 'redirect' AND erased_at IS NULL
    AND coalesce(origin, 'own_crawl') IN ('own_crawl', 'on_behalf')
GROUP BY 1 ORDER BY pages DESC, name
