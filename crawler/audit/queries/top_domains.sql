-- title: Top domains by bytes
-- asks: Legal (Article 53(1)(d), list of domains): from whom was most kept?
-- column domain: registrable domain, or the address
-- column bytes_retained: octets of bodies in the WARC
-- column share: of all octets kept
-- column taken: URLs taken
-- column urls: URLs considered
SELECT coalesce(url_host_registered_domain, url_host_name) AS domain, sum(bytes_retained)::BIGINT AS bytes_retained,
    round(sum(bytes_retained) / nullif(sum(sum(bytes_retained)) OVER (), 0), 4) AS share,
    count(*) FILTER (verdict = 'allow') AS taken, count(*) AS urls
FROM manifest WHERE url IS NOT NULL GROUP BY ALL ORDER BY bytes_retained DESC, domain LIMIT 100
