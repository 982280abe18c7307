-- title: Refusals by kind
-- asks: Legal and rights holders: what stood against the URLs that were left or put off, all reasons counted?
-- column verdict: deny or defer
-- column reason: every code that spoke, decisive or not
-- column stage: before_fetch or after_fetch
-- column urls: number of URLs
-- column decisive: of these, how many rest on this reason
-- column hosts: number of hosts
SELECT verdict, spoke AS reason, stage, count(*) AS urls, count(*) FILTER (spoke = reason) AS decisive,
    count(DISTINCT url_host_name) AS hosts
FROM (SELECT verdict, stage, url_host_name, reason, unnest(reasons) AS spoke FROM manifest)
WHERE verdict IN ('deny', 'defer') GROUP BY verdict, spoke, stage ORDER BY urls DESC, spoke, verdict, stage
