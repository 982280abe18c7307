-- title: Unread statements
-- asks: Auditors: what should have been read and was not, and what came of it?
-- column protocol: id of the reader
-- column why: what came between
-- column verdict: of the URLs it was about
-- column urls: number of URLs
-- column hosts: number of hosts
SELECT one.protocol, one.why, verdict, count(*) AS urls, count(DISTINCT url_host_name) AS hosts
FROM (SELECT verdict, url_host_name, unnest(statements_unread) AS one FROM manifest)
GROUP BY ALL ORDER BY urls DESC, one.protocol, one.why, verdict
