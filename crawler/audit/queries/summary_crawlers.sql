-- title: Summary: crawlers, purposes, periods
-- asks: Legal (Article 53(1)(d), 2.3): which crawlers collected, for what, from when to when?
-- column crawler_id: the operator's id
-- column product_token: name by which robots.txt addresses it
-- column user_agent: header as sent
-- column purpose: as the policy spells it
-- column on_behalf_of: for whom, where that is somebody else
-- column dataset_id: data set of others that URLs came with; must be null for one's own crawl
-- column urls: URLs considered
-- column pages: kept, redirects apart
-- column bytes_fetched: octets that left the servers
-- column bytes_retained: octets of the kept pages in the WARC
-- column first_kept: when the first kept page was fetched
-- column last_kept: when the last one was
SELECT crawler_id, product_token, user_agent, purpose, on_behalf_of, dataset_id, count(*) AS urls,
    count(*) FILTER (kept) AS pages, coalesce(sum(bytes_fetched), 0)::BIGINT AS bytes_fetched,
    coalesce(sum(bytes_retained) FILTER (kept), 0)::BIGINT AS bytes_retained,
    min(fetch_time) FILTER (kept) AS first_kept, max(fetch_time) FILTER (kept) AS last_kept
FROM (
    SELECT *, coalesce(verdict = 'allow' AND reason IS DISTINCT FROM 'redirect' AND erased_at IS NULL, false) AS kept
    FROM manifest WHERE erased_at IS NULL AND coalesce(origin, 'own_crawl') IN ('own_crawl', 'on_behalf')
)
GROUP BY crawler_id, product_token, user_agent, purpose, on_behalf_of, dataset_id
ORDER BY crawler_id, product_token, user_agent, purpose, on_behalf_of, dataset_id
