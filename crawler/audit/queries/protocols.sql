-- title: Protocols
-- asks: Legal (Measure 1.3): which ways of stating rights were met, and what did they say about which use?
-- column protocol: id of the reader (docs/protocols.md)
-- column use: the use that the statement is about
-- column preference: reserved, conditional, allowed
-- column urls: URLs about which it was said
-- column hosts: their hosts
-- column left: of these URLs, how many were left or put off
SELECT protocol, use, preference, count(DISTINCT url) AS urls, count(DISTINCT url_host_name) AS hosts,
    count(DISTINCT url) FILTER (verdict <> 'allow') AS "left"
FROM statements GROUP BY ALL ORDER BY urls DESC, protocol, use, preference
