-- title: Verdicts
-- asks: Everyone: how much was taken, left and put off?
-- column verdict: allow (kept), deny, defer; erased where the row was removed by request
-- column urls: number of URLs
-- column share: of all URLs
-- column hosts: number of hosts
-- column bytes_fetched: octets of bodies that left servers
-- column bytes_retained: octets of bodies in the WARC
SELECT coalesce(verdict, 'erased') AS verdict, count(*) AS urls, round(count(*) / sum(count(*)) OVER (), 4) AS share,
    count(DISTINCT url_host_name) AS hosts, sum(bytes_fetched)::BIGINT AS bytes_fetched,
    sum(bytes_retained)::BIGINT AS bytes_retained
FROM manifest GROUP BY ALL ORDER BY verdict
