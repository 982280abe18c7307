-- title: Reasons
-- asks: Legal and auditors: on what did the verdicts rest?
-- column verdict: allow, deny, defer
-- column reason: decisive code (docs/reasons.md)
-- column urls: number of URLs
-- column hosts: number of hosts
-- column bytes_fetched: octets of bodies that left servers
SELECT verdict, reason, count(*) AS urls, count(DISTINCT url_host_name) AS hosts,
    sum(bytes_fetched)::BIGINT AS bytes_fetched
FROM manifest WHERE verdict IS NOT NULL GROUP BY ALL ORDER BY urls DESC, verdict, reason
