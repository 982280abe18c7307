-- title: Summary: languages
-- asks: Legal (Article 53(1)(d), 1.3, 2.3): languages of the crawled pages that were kept?
-- column name: primary subtag of the first language named; unknown where none is
-- column pages: kept pages
-- column bytes_fetched: octets that left the servers
-- column share: of the pages
SELECT coalesce(nullif(regexp_extract(lower(content_languages), '^[a-z]{2,3}\b'), ''), 'unknown') AS name, count(*) AS pages, coalesce(sum(bytes_fetched), 0)::BIGINT AS bytes_fetched,
    round(count(*) / sum(count(*)) OVER (), 4)::DOUBLE AS share
FROM manifest
WHERE verdict = 'allow' AND reason IS DISTINCT FROM 'redirect' AND erased_at IS NULL
    AND coalesce(origin, 'own_crawl') IN ('own_crawl', 'on_behalf') AND coalesce(modality, 'text') IN ('text', 'document')
GROUP BY 1 ORDER BY pages DESC, name
