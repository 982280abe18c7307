-- title: Conflicts
-- asks: Legal: which statements contradict each other, and how much hangs on it?
-- column use: what the statements speak about
-- column applied: the strictest preference, which was applied
-- column strict_protocols: who said that
-- column overruled: what others said, which was not applied
-- column overruled_protocols: who said that
-- column hosts: sites with this contradiction
-- column urls: URLs with it
-- column denied: of these, how many were left
-- column bytes_at_stake: octets of these URLs: as fetched, else the mean page of the host or of all crawls
-- column example: one of the URLs
WITH sizes AS (
    SELECT url_host_name, avg(bytes_fetched) AS mean FROM manifest WHERE bytes_fetched > 0 GROUP BY url_host_name
), spoken AS (
    SELECT crawl_id, url, use,
        CASE WHEN bool_or(preference = 'reserved') THEN 'reserved' ELSE 'conditional' END AS applied
    FROM statements GROUP BY crawl_id, url, use HAVING count(DISTINCT preference) > 1
), sides AS (
    SELECT s.crawl_id, s.url, s.use, s.applied,
        array_to_string(list_sort(list(DISTINCT t.protocol) FILTER (t.preference = s.applied)), ', ') AS strict_protocols,
        array_to_string(list_sort(list(DISTINCT t.preference) FILTER (t.preference <> s.applied)), ', ') AS overruled,
        array_to_string(list_sort(list(DISTINCT t.protocol) FILTER (t.preference <> s.applied)), ', ')
            AS overruled_protocols
    FROM spoken s JOIN statements t ON t.crawl_id = s.crawl_id AND t.url = s.url AND t.use = s.use
    GROUP BY s.crawl_id, s.url, s.use, s.applied
)
SELECT c.use, c.applied, c.strict_protocols, c.overruled, c.overruled_protocols,
    count(DISTINCT m.url_host_name) AS hosts, count(*) AS urls, count(*) FILTER (m.verdict = 'deny') AS denied,
    CAST(sum(CASE WHEN m.bytes_fetched > 0 THEN m.bytes_fetched
        ELSE coalesce(z.mean, (SELECT avg(mean) FROM sizes), 0) END) AS BIGINT) AS bytes_at_stake,
    min(m.url) AS example
FROM sides c JOIN manifest m ON m.crawl_id = c.crawl_id AND m.url = c.url
    LEFT JOIN sizes z ON z.url_host_name = m.url_host_name
GROUP BY ALL ORDER BY bytes_at_stake DESC, urls DESC, c.use, example
